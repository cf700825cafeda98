"""Joining parts of a picture without a gap: by copying, with times that are counted anew.

Parts are held against the grid before and the whole is afterwards, each by its own tables, so that
no frame is lost, doubled or moved. ffmpeg's reader of lists counts in microseconds, which fit few
frame rates; since a frame is thousands of them, rounding to the grid gives the exact time back.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Final

from core.errors import Retryable
from core.renditions import Codec, Grid, Rendition
from transcoders import boxes
from transcoders.commands import EXACT, NO_METADATA, begin_arguments
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.tools import Tools

# Apple's players take these and not `avc3` or `hev1`: parameter sets stand in the header alone.
SAMPLE_ENTRIES: Final[dict[Codec, str]] = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}

_MP4: Final = Container("video/mp4", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
_LIST: Final = Container("text/plain", "concat", f"concat,{_MP4.names}")
# Picture and sound take turns at this distance: a turn a frame would double the index, and the
# memory of whoever reads it.
_TURN_SECONDS: Final = 0.5
# What ffmpeg's index takes at most: of a frame its size, order, dependence and keyframe; of sound
# its size; of each turn its length and place. Turns above 1 MiB are cut, any two of them together
# are more than that.
_HEADER_BYTES: Final = 8 << 10
_FRAME_BYTES: Final = 17
_SOUND_BYTES: Final = 4
_TURN_BYTES: Final = 12 + 8
_TURN_SIZE: Final = 1 << 20


class PartsDiffer(Retryable):
    """The parts of a rendition cannot be joined by copying; `parts` are those unlike the others.

    Numbers count from 0 in the order of the parts.
    """

    code = "parts_differ"

    def __init__(self, rendition: str, parts: Sequence[int], how: str) -> None:
        """`how` completes the sentence "parts 0, 1 of 720p …"."""
        numbers = ", ".join(map(str, parts))
        super().__init__(f"part{'s' * (len(parts) > 1)} {numbers} of {rendition} {how}")
        self.rendition, self.parts = rendition, tuple(parts)


class NotOnGrid(Retryable):
    """Frames are missing, too many or at wrong times."""

    code = "not_on_grid"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a rendition: `frame` ticks a frame; `delay` is how many frames decoding leads."""

    path: Path
    sample_entry: str
    configuration: bytes
    width: int
    height: int
    timescale: int
    frame: int
    frames: int
    delay: int

    @property
    def sort(self) -> tuple[str, bytes, int, int, int, int]:
        """What all parts of one rendition have in common."""
        return (
            self.sample_entry,
            self.configuration,
            self.width,
            self.height,
            self.timescale,
            self.frame,
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be made of parts; `audio` is put beside the picture."""

    parts: tuple[Part, ...]
    target: Path
    audio: Path | None = None
    language: str = "und"

    @property
    def frames(self) -> int:
        """How many pictures the file is to have."""
        return sum(part.frames for part in self.parts)


def read_part(path: Path, grid: Grid) -> Part:
    """A file with the frames of a range of the grid. Raises NotOnGrid."""
    try:
        track = boxes.video_track(path)
    except ValueError as error:
        raise NotOnGrid(f"{path.name} cannot be joined: {error}") from error
    ticks = {ticks for _, ticks in track.durations}
    if len(ticks) != 1:
        raise NotOnGrid(f"the frames of {path.name} do not last equally long")
    (frame,) = ticks
    if not frame or Fraction(track.timescale, frame) != grid.fps:
        raise NotOnGrid(
            f"{path.name} has {track.timescale}/{frame} frames a second, not {grid.rate}"
        )
    shifts = chain.from_iterable(repeat(shift, count) for count, shift in track.shifts)
    shown = sorted(
        number * frame + shift - track.edit
        for number, shift in zip(range(track.frames), chain(shifts, repeat(0)), strict=False)
    )
    if shown != list(range(0, track.frames * frame, frame)):
        raise NotOnGrid(f"the frames of {path.name} are not at the times of the grid")
    return Part(
        path=path,
        sample_entry=track.sample_entry,
        configuration=track.configuration,
        width=track.width,
        height=track.height,
        timescale=track.timescale,
        frame=frame,
        frames=track.frames,
        delay=max(0, track.edit - min((shift for _, shift in track.shifts), default=0)) // frame,
    )


def read_parts(
    rendition: Rendition, paths: Iterable[Path], frames: Sequence[int], grid: Grid
) -> tuple[Part, ...]:
    """The parts of a rendition, each of as many frames as it should have.

    Raises PartsDiffer, also where they are another size or codec than the rendition, and NotOnGrid.
    """
    parts = tuple(read_part(path, grid) for path in paths)
    for number, (part, wanted) in enumerate(zip(parts, frames, strict=True)):
        if part.frames != wanted:
            raise NotOnGrid(
                f"part {number} of {rendition.name} has {part.frames} frames, not {wanted}"
            )
    if sum(frames) != grid.frames:
        raise NotOnGrid(f"{rendition.name} has {sum(frames)} frames, not {grid.frames}")
    planned = (SAMPLE_ENTRIES[rendition.codec], rendition.width, rendition.height)
    other = [
        number
        for number, part in enumerate(parts)
        if (part.sample_entry, part.width, part.height) != planned
    ]
    if other:
        raise PartsDiffer(rendition.name, other, "have another codec or size than planned")
    # The most frequent sort; of equally frequent ones the first.
    ((usual, _),) = Counter(part.sort for part in parts).most_common(1)
    odd = [number for number, part in enumerate(parts) if part.sort != usual]
    if odd:
        raise PartsDiffer(rendition.name, odd, "were encoded otherwise than the others")
    return parts


def listed(parts: Sequence[Part]) -> str:
    """The parts as a list for ffmpeg, with their exact lengths: their headers may round them."""
    rate = Fraction(parts[0].timescale, parts[0].frame)
    ends = [round(end / rate * 1_000_000) for end in accumulate(part.frames for part in parts)]
    lines = ["ffconcat version 1.0"]
    for part, begin, end in zip(parts, [0, *ends], ends, strict=False):
        quoted = str(part.path.absolute()).replace("'", "'\\''")
        lines += [f"file 'file:{quoted}'", f"duration {(end - begin) / 1_000_000:.6f}"]
    return "\n".join(lines) + "\n"


def join(tools: Tools, jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """The command that makes all files at once; writes its lists into `folder`."""
    sounds = list(dict.fromkeys(job.audio for job in jobs if job.audio is not None))
    inputs: list[str] = []
    outputs: list[str] = []
    for number, job in enumerate(jobs):
        playlist = folder / f"{number}.ffconcat"
        playlist.write_text(listed(job.parts))
        # Converting on the way in and out would leave a second copy of the parameter sets in every
        # keyframe.
        inputs += ["-auto_convert", "0", "-safe", "0", *input_arguments(playlist, _LIST)]
        sound = None if job.audio is None else len(jobs) + sounds.index(job.audio)
        outputs += _output(job, number, sound)
    for path in sounds:
        inputs += input_arguments(path, _MP4)
    return (*begin_arguments(tools), *inputs, *outputs)


def _output(job: Job, picture: int, sound: int | None) -> tuple[str, ...]:
    part = job.parts[0]
    frame, delay = part.frame, max(each.delay for each in job.parts)
    mapped: tuple[str, ...] = ()
    if sound is not None:
        mapped = (
            "-map", f"{sound}:a:0", "-metadata:s:a:0", f"language={job.language}",
            "-chunk_duration", str(int(_TURN_SECONDS * 1_000_000)),
        )  # fmt: skip
    return (
        "-map", f"{picture}:v:0", *mapped, *NO_METADATA, "-c", "copy",
        "-bsf:v", f"setts=pts=round(PTS/{frame})*{frame}:dts=(N-{delay})*{frame}:duration={frame}",
        "-tag:v", part.sample_entry,
        *EXACT,
        # Room for the index before the media, where `faststart` would copy the whole file again.
        "-moov_size", str(index_bytes(job)),
        "-f", "mp4", str(job.target),
    )  # fmt: skip


def index_bytes(job: Job) -> int:
    """At most how large the index of a joined file becomes."""
    part = job.parts[0]
    size, packets = sum(each.path.stat().st_size for each in job.parts), 0
    if job.audio is not None:
        (track,) = boxes.tracks(boxes.index(job.audio), "soun")
        size, packets = size + job.audio.stat().st_size, boxes.sample_count(track)
    seconds = job.frames * part.frame / part.timescale
    # Twice as many as expected, since a few bytes too few would be a failure.
    turns = 2 * 2 * (int(seconds / _TURN_SECONDS) + size // _TURN_SIZE + 2)
    frames = job.frames * _FRAME_BYTES
    return _HEADER_BYTES + frames + packets * _SOUND_BYTES + turns * _TURN_BYTES


def check(job: Job, grid: Grid) -> Part:
    """The joined file as one part; raises NotOnGrid where it is not all parts and nothing else."""
    whole = read_part(job.target, grid)
    if whole.frames != job.frames or whole.configuration != job.parts[0].configuration:
        raise NotOnGrid(f"{job.target.name} has {whole.frames} frames, not {job.frames}")
    return whole

"""One decode of a range of the grid feeds every rung, the thumbnails and the scene scores."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite, prod
from pathlib import Path
from typing import Final

import ffmpeg
from ffmpeg.dag.nodes import OutputStream
from ffmpeg.streams.video import VideoStream as Picture

from core.media import Probe
from core.process import CancelToken, Completed
from core.renditions import Codec, Grid, Rendition, fitted
from transcoders import encoders, hardware
from transcoders.commands import DECODER_THREADS, begin_arguments
from transcoders.containers import Container, recognised
from transcoders.encoders import Encoder
from transcoders.ffmpeg import Bounds, Progress, execute, input_arguments
from transcoders.picture import INPUT, of_source, on_grid, scaled, smaller, to_sdr
from transcoders.tools import Tools

THUMBNAILS: Final = "thumbnails.mjpeg"
# Filters name files within a syntax of its own: names alone, in the folder that ffmpeg runs in.
THUMBNAIL_FACTS: Final = "thumbnails.txt"
SCENES: Final = "scenes.txt"

THUMBNAIL_SIDE: Final = 320
# Scores above it are cuts: ffmpeg's own default.
SCENE_SCORE: Final = 10
# Scene scores and thumbnails come from the smallest rung that is at least this high.
_SCENE_SHORT_SIDE: Final = 360
# Past the keyframe's time by less than a frame: a time that was rounded down would miss it.
_JUST_SECONDS: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the grid; `seek` is a keyframe's seconds, None the beginning of the source."""

    grid: Grid
    begin: int
    frames: int
    thumbnail_every: int
    seek: float | None = None
    hold_frames: int = 0

    @property
    def end(self) -> int:
        """The first frame that is not of it."""
        return self.begin + self.frames


def encode(
    tools: Tools,
    source: Path,
    container: Container,
    probe: Probe,
    part: Part,
    ladder: Sequence[Rendition],
    chosen: Mapping[Codec, Encoder],
) -> tuple[str, ...]:
    """The command; its files (`<rendition>.mp4` and those named above) go to where it runs."""
    seek = () if part.seek is None else ("-ss", f"{part.seek + _JUST_SECONDS:.6f}")
    graph = _graph(probe, part, ladder, chosen)
    return (
        *begin_arguments(tools),
        *(word for one in dict.fromkeys(chosen.values()) for word in encoders.global_options(one)),
        "-threads", str(DECODER_THREADS),
        # The source's own clock, from its beginning: frames have the same numbers in every range.
        "-copyts", "-start_at_zero", "-noaccurate_seek", *seek,
        *input_arguments(source, container, probe=probe),
        *graph[graph.index(INPUT) + 1 :],
    )  # fmt: skip


def run(
    tools: Tools,
    source: Path,
    probe: Probe,
    part: Part,
    ladder: Sequence[Rendition],
    chosen: Mapping[Codec, Encoder],
    *,
    scratch: Path,
    scratch_bytes: int | None = None,
    cancel: CancelToken | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Completed:
    """Encode a range of a source into `scratch`."""
    command = encode(tools, source, recognised(source), probe, part, ladder, chosen)
    on_device = any(encoder.hardware is not None for encoder in chosen.values())
    return execute(
        command,
        bounds=Bounds(
            wall_seconds=_WALL_SECONDS,
            # Drivers map more than there is.
            memory_bytes=None if on_device else _MEMORY_BYTES,
            scratch_bytes=scratch_bytes,
        ),
        scratch=scratch,
        cancel=cancel,
        on_stdout_line=Progress(float(part.frames / part.grid.fps), progress).line,
        env=hardware.environment(chosen.values()),
    )


# The ledger's deadline ends what makes no progress; this only ends what would never end.
_WALL_SECONDS: Final = 12 * 3600.0
_MEMORY_BYTES: Final = 6 << 30


def watched(ladder: Sequence[Rendition]) -> Rendition:
    """The rendition whose frames are looked at, too: small, but not so small that cuts blur."""
    fit = [one for one in ladder if min(one.width, one.height) >= _SCENE_SHORT_SIDE]
    smallest = min(fit, key=lambda one: one.width * one.height, default=None)
    return smallest or max(ladder, key=lambda one: one.width * one.height)


def thumbnail_size(rendition: Rendition) -> tuple[int, int]:
    """Of a rendition's shape, its long side `THUMBNAIL_SIDE` pixels; never enlarged."""
    width, height = rendition.width, rendition.height
    short = THUMBNAIL_SIDE * min(width, height) // max(width, height)
    return fitted((width, height), max(2, short))


def _graph(
    probe: Probe, part: Part, ladder: Sequence[Rendition], chosen: Mapping[Codec, Encoder]
) -> list[str]:
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    # The score of a frame hangs on the two before it.
    lead = max(0, part.begin - 2)
    picture = on_grid(
        of_source(probe, video),
        video,
        part.grid,
        begin=lead,
        end=part.end,
        hold_frames=part.hold_frames,
    )
    sizes = sorted({(one.width, one.height) for one in ladder}, key=prod, reverse=True)
    if video.hdr:
        picture = to_sdr(picture, video, sizes[0])
    picture = scaled(picture, video, sizes[0])
    seen = watched(ladder)
    outputs: list[OutputStream] = []
    for size, next_size in zip_longest(sizes, sizes[1:]):
        renditions = [one for one in ladder if (one.width, one.height) == size]
        uses = len(renditions) + 2 * (seen in renditions) + (next_size is not None)
        legs = map(picture.split(outputs=uses).video, range(uses))
        for rendition in renditions:
            leg = _own(next(legs), part)
            outputs.append(_rendition(leg, part, rendition, chosen[rendition.codec]))
        if seen in renditions:
            outputs += [_scenes(next(legs)), _thumbnails(next(legs), part, seen)]
        if next_size is not None:
            picture = smaller(next(legs), next_size)
    return ffmpeg.merge_outputs(*outputs).compile()


def _own(picture: Picture, part: Part) -> Picture:
    """Without the frames before the first."""
    return picture.trim(start_pts=part.begin) if part.begin else picture


def _rendition(
    picture: Picture, part: Part, rendition: Rendition, encoder: Encoder
) -> OutputStream:
    if part.begin:
        picture = picture.setpts(expr=f"PTS-{part.begin}")
    return _handed(picture, encoder).output(
        filename=f"{rendition.name}.mp4",
        extra_options={
            "frames:v": part.frames,
            "fps_mode": "passthrough",
            **encoders.output_options(encoder, rendition, part.grid, continues=part.begin > 0),
            "fflags": "+bitexact",
            "f": "mp4",
        },
    )


def _handed(picture: Picture, encoder: Encoder) -> Picture:
    """In the form that an encoder takes, and where it takes it."""
    for words in encoders.last_filters(encoder).split(","):
        name, _, value = words.partition("=")
        picture = picture.hwupload() if name == "hwupload" else picture.format(pix_fmts=value)
    return picture


def _thumbnails(picture: Picture, part: Part, rendition: Rendition) -> OutputStream:
    width, height = thumbnail_size(rendition)
    return (
        _own(picture, part)
        .select(expr=f"not(mod(pts,{part.thumbnail_every}))")
        .video(0)
        .scale(
            w=str(width),
            h=str(height),
            flags="bicubic+accurate_rnd+full_chroma_int",
            # What a JPEG means, whatever was meant before.
            out_color_matrix="bt601",
            out_range="full",
        )
        .format(pix_fmts="yuv420p")
        .signalstats()
        # In blocks, and of the sharper half of them: a soft background is no blur.
        .blurdetect(block_width=32, block_pct=50, extra_options={"block_height": 32})
        .entropy()
        .metadata(mode="print", file=THUMBNAIL_FACTS)
        .output(
            filename=THUMBNAILS,
            extra_options={
                "fps_mode": "passthrough",
                "c:v": "mjpeg",
                "q:v": 4,
                "color_range": "pc",
                # Slices, and so bytes, follow the number of threads.
                "threads": 1,
                "flags": "+bitexact",
                "fflags": "+bitexact",
                "f": "image2pipe",
            },
        )
    )


def _scenes(picture: Picture) -> OutputStream:
    return (
        picture.scdet(threshold=SCENE_SCORE)
        .metadata(
            mode="print",
            key="lavfi.scd.score",
            value=str(SCENE_SCORE),
            function="greater",
            file=SCENES,
        )
        .output(filename="-", extra_options={"fps_mode": "passthrough", "f": "null"})
    )


_FRAME: Final = re.compile(r"frame:\d+\s+pts:(\d+)")


@dataclass(frozen=True, slots=True)
class Printed:
    """What filters said of one frame; `frame` is its number in the grid."""

    frame: int
    facts: Mapping[str, float]


def printed(lines: Iterable[str]) -> Iterator[Printed]:
    """What the `metadata` filter printed, a frame at a time; what is no number is left out."""
    frame: int | None = None
    facts: dict[str, float] = {}
    for line in lines:
        begun = _FRAME.match(line)
        if begun:
            if frame is not None:
                yield Printed(frame, facts)
            frame, facts = int(begun[1]), {}
            continue
        name, _, value = line.strip().partition("=")
        with suppress(ValueError):
            number = float(value)
            if isfinite(number):
                facts[name.removeprefix("lavfi.")] = number
    if frame is not None:
        yield Printed(frame, facts)


def count_frames(tools: Tools, path: Path, *, cancel: CancelToken | None = None) -> int:
    """How many frames an MP4 of ours has, as its index tells; 0 where it has no picture."""
    command = (
        str(tools.ffprobe), "-v", "error", "-select_streams", "v:0",
        "-show_entries", "stream=nb_frames", "-of", "csv=p=0",
        "-protocol_whitelist", "file", "-f", "mov", f"file:{path.absolute()}",
    )  # fmt: skip
    done = execute(command, bounds=_COUNTING, cancel=cancel)
    said = done.stdout.decode().strip().rstrip(",")
    return int(said) if said.isdigit() else 0


_COUNTING: Final = Bounds(wall_seconds=60, memory_bytes=2 << 30)

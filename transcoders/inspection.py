"""One packaged file, read packet by packet and held against what it must be; nothing is decoded."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.process import CancelToken
from core.renditions import Codec, Grid, Rendition
from transcoders.ffmpeg import Bounds, ToolFailed, execute, input_arguments
from transcoders.sequences import FrameSequence, OutputWrong, SoundSequence
from transcoders.tools import Tools

# Twelve hours of 60 frames a second in a minute; in little memory, since lines are not kept.
_BOUNDS: Final = Bounds(wall_seconds=900, memory_bytes=2 << 30)

_PROFILES: Final[dict[Codec, tuple[str, ...]]] = {
    "h264": ("High", "Main", "Constrained Baseline"),
    "hevc": ("Main",),
    "av1": ("Main",),
}
_TAGS: Final[dict[Codec, str]] = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
_BT709: Final = {
    "color_range": "tv",
    "color_space": "bt709",
    "color_transfer": "bt709",
    "color_primaries": "bt709",
}
# Samples that an AAC frame holds: a track can neither begin nor end between two of them.
_AAC_SAMPLES: Final = 1024


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A rendition's file: fragmented and alone, or `progressive` with `tracks` of sound."""

    rendition: Rendition
    path: Path
    progressive: bool = False
    tracks: int = 0


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file of one sound track."""

    path: Path


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found to hold, in a line; bytes of picture in each group of pictures."""

    check: str
    group_bytes: Sequence[int]


@dataclass(slots=True)
class _Reading:
    """State of one ffprobe: what its lines said so far."""

    frames: FrameSequence | None
    sounds: dict[str, SoundSequence] = field(default_factory=dict)
    streams: list[Mapping[str, str]] = field(default_factory=list)
    format: Mapping[str, str] = field(default_factory=dict)

    def line(self, line: str) -> None:
        packet = _PACKET.fullmatch(line.rstrip())
        if packet is None:
            self._section(line.rstrip())
            return
        kind, stream, pts, duration, size, flags = packet.groups()
        if kind == "video" and self.frames:
            self.frames.take(int(pts), int(duration), int(size), key=flags.startswith("K"))
        elif kind == "audio":
            self.sounds.setdefault(stream, SoundSequence()).take(int(pts), int(duration))

    def _section(self, line: str) -> None:
        name, *words = line.split("|")
        facts = dict(word.partition("=")[::2] for word in words)
        if name == "packet":
            raise OutputWrong("a packet has no time or no duration")
        if name == "stream":
            self.streams.append(facts)
        elif name == "format":
            self.format = facts


_PACKET: Final = re.compile(
    r"packet\|codec_type=(\w+)\|stream_index=(\d+)\|pts=(-?\d+)\|duration=(\d+)\|size=(\d+)"
    r"\|flags=(\S+)"
)
_ENTRIES: Final = (
    "packet=codec_type,stream_index,pts,duration,size,flags:"
    "stream=index,codec_type,codec_name,profile,codec_tag_string,width,height,pix_fmt,"
    "sample_aspect_ratio,field_order,r_frame_rate,time_base,start_time,duration,sample_rate,"
    "channels,color_range,color_space,color_transfer,color_primaries:"
    "stream_side_data=rotation:stream_tags=rotate:format=duration,start_time,nb_streams"
)


def name_of(path: Path) -> str:
    """A file as messages call it: its folder and its name."""
    return f"{path.parent.name}/{path.name}"


def inspect_picture(
    tools: Tools,
    file: PictureFile,
    grid: Grid,
    boundaries: Collection[int] = (),
    *,
    cancel: CancelToken | None = None,
) -> Inspected:
    """Hold a rendition's file against the grid. Raises OutputWrong, which names it, at a fault."""
    frames = FrameSequence(grid, boundaries)
    reading = _Reading(frames)
    try:
        _read(tools, file.path, reading, cancel)
        _check_boxes(file.path, progressive=file.progressive)
        pictures = [one for one in reading.streams if one["codec_type"] == "video"]
        sounds = [one for one in reading.streams if one["codec_type"] == "audio"]
        found = (len(pictures), len(sounds), len(reading.streams))
        if found != (1, file.tracks, 1 + file.tracks):
            raise OutputWrong(
                f"it has {found[0]} pictures, {found[1]} sound tracks and {found[2]} streams in "
                f"all, not 1 and {file.tracks}"
            )
        frames.finish(Fraction(pictures[0]["time_base"]))
        _check_picture(pictures[0], file.rendition, grid)
        for sound in sounds:
            _check_sound(sound, reading.sounds.get(sound["index"], SoundSequence()), grid)
        _check_duration(reading.format, grid)
    except OutputWrong as wrong:
        raise OutputWrong(f"{name_of(file.path)}: {wrong}", detail=wrong.detail) from wrong
    rendition, picture = file.rendition, pictures[0]
    check = (
        f"{name_of(file.path)}: {grid.frames} frames at {grid.rate} a second, none lost or doubled,"
        f" a closed group every {grid.gop_frames}; {rendition.width}×{rendition.height}"
        f" {picture['codec_name']} {picture['profile']} {picture['pix_fmt']} BT.709"
        + (f"; {file.tracks} sound tracks as long" if file.tracks else "")
        + ("; index first" if file.progressive else "")
    )
    return Inspected(check, frames.group_bytes)


def inspect_sound(
    tools: Tools, file: SoundFile, grid: Grid, *, cancel: CancelToken | None = None
) -> str:
    """Hold a sound track's file against the picture's time. Raises OutputWrong, naming it."""
    reading = _Reading(None)
    try:
        _read(tools, file.path, reading, cancel)
        _check_boxes(file.path, progressive=False)
        if [one["codec_type"] for one in reading.streams] != ["audio"]:
            raise OutputWrong(f"it has {len(reading.streams)} streams, not one of sound")
        sound = reading.streams[0]
        end = _check_sound(sound, reading.sounds.get(sound["index"], SoundSequence()), grid)
    except OutputWrong as wrong:
        raise OutputWrong(f"{name_of(file.path)}: {wrong}", detail=wrong.detail) from wrong
    return (
        f"{name_of(file.path)}: {sound['codec_name']} {sound['channels']} channels at "
        f"{sound['sample_rate']} Hz, from 0 to {end:.3f} s without a gap, the picture's "
        f"{grid.seconds:.3f} s"
    )


def _read(tools: Tools, path: Path, reading: _Reading, cancel: CancelToken | None) -> None:
    if not path.is_file() or not path.stat().st_size:
        raise OutputWrong("it is missing or empty")
    argv = (
        str(tools.ffprobe), "-v", "error", "-hide_banner", "-show_entries", _ENTRIES,
        "-of", "compact", *input_arguments(path),
    )  # fmt: skip
    try:
        done = execute(argv, bounds=_BOUNDS, cancel=cancel, on_stdout_line=reading.line)
    except (Rejected, ToolFailed) as error:
        raise OutputWrong(f"it cannot be read: {error}", detail=error.detail) from error
    if done.stderr_tail.strip() or not reading.streams:
        raise OutputWrong("ffprobe finds fault with it", detail=done.stderr_tail)


def _check_boxes(path: Path, *, progressive: bool) -> None:
    """The order of an MP4's boxes (ISO/IEC 14496-12, 4.2), as far as the first media."""
    kinds: list[str] = []
    with path.open("rb") as file:
        at, end = 0, path.stat().st_size
        while at + 8 <= end and kinds[-1:] not in (["mdat"], ["moof"]):
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            size = int.from_bytes(head[8:], "big") if size == 1 else size
            kinds.append(head[4:8].decode("latin-1"))
            at = at + max(size, 8) if size else end
    if kinds[:1] not in (["ftyp"], ["styp"]) or "moov" not in kinds:
        raise OutputWrong("its index does not come before its media")
    if progressive and kinds[-1] != "mdat":
        raise OutputWrong("it is in fragments, and its index is not whole")
    if not progressive and kinds[-1] != "moof":
        raise OutputWrong("it is not in fragments")


def _check_picture(picture: Mapping[str, str], rendition: Rendition, grid: Grid) -> None:
    wanted = {
        "codec_name": rendition.codec,
        "codec_tag_string": _TAGS[rendition.codec],
        "width": str(rendition.width),
        "height": str(rendition.height),
        "pix_fmt": "yuv420p",
        "r_frame_rate": f"{grid.fps.numerator}/{grid.fps.denominator}",
        **_BT709,
    }
    if grid.frames < grid.gop_frames:
        del wanted["r_frame_rate"]  # Of a few frames ffprobe can only guess.
    for fact, value in wanted.items():
        if picture.get(fact) != value:
            raise OutputWrong(f"its {fact} is {picture.get(fact)}, not {value}")
    if picture.get("profile") not in _PROFILES[rendition.codec]:
        raise OutputWrong(f"its profile is {picture.get('profile')}")
    if picture.get("sample_aspect_ratio") not in ("1:1", "0:1", "N/A", None):
        raise OutputWrong(f"its pixels are not square: {picture['sample_aspect_ratio']}")
    if picture.get("field_order") not in ("progressive", "unknown", None):
        raise OutputWrong(f"its field order is {picture['field_order']}")
    for fact, value in picture.items():
        if fact.endswith("rotation") or fact == "tag:rotate":
            raise OutputWrong(f"it is turned by {value} degrees")


def _check_sound(sound: Mapping[str, str], packets: SoundSequence, grid: Grid) -> float:
    """When a track ends, in seconds; it must begin with the picture and end with it."""
    unit = Fraction(sound["time_base"])
    tolerance = max(1 / grid.fps, Fraction(_AAC_SAMPLES, int(sound["sample_rate"])))
    if packets.first is None:
        raise OutputWrong("its sound has no packets")
    try:
        begin = float(sound["start_time"])
    except ValueError:
        begin = float(packets.first * unit)
    if abs(begin) > Fraction(_AAC_SAMPLES, int(sound["sample_rate"])):
        raise OutputWrong(f"its sound begins at {begin:.3f} s, not at 0")
    end = float(packets.end * unit)
    if abs(end - grid.seconds) > tolerance:
        raise OutputWrong(f"its sound ends at {end:.3f} s, the picture at {grid.seconds:.3f} s")
    return end


def _check_duration(container: Mapping[str, str], grid: Grid) -> None:
    """What the header tells players before they have read a frame; sound may round it up."""
    told = float(container["duration"])
    if abs(told - grid.seconds) > max(float(1 / grid.fps), _ROUNDING_SECONDS):
        raise OutputWrong(f"its header says {told:.3f} s, and it lasts {grid.seconds:.3f} s")


# One AAC frame at the lowest rate that is made, and the movie header's milliseconds.
_ROUNDING_SECONDS: Final = 0.05

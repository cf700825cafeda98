"""What is in a file, measured within bounds: the gate through which every video comes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from core.process import CancelToken, Completed, LimitReached
from transcoders import packets
from transcoders.containers import Container, recognised
from transcoders.ffmpeg import ToolFailed, execute, input_arguments
from transcoders.ffprobe import DEFAULT_LIMITS, ProbeLimits, read_probe
from transcoders.layout import Layout, layout_of
from transcoders.packets import PacketReader, Packets
from transcoders.tools import Tools

__all__ = ["DEFAULT_LIMITS", "ProbeLimits", "probe"]

# Shorter ones are worked on in one piece, for which no index is needed.
_INDEXED_ABOVE_SECONDS: Final = 90
# Containers round, and a track may end a little before the other.
_MISSING_SECONDS, _MISSING_PART = 1.5, 0.03
# A duration that the container tells is as good as measured when it is this close.
_CLOSE_SECONDS: Final = 0.1


def probe(
    path: Path,
    tools: Tools,
    *,
    limits: ProbeLimits = DEFAULT_LIMITS,
    cancel: CancelToken | None = None,
) -> Probe:
    """Measure a video file. Raises Rejected with one line for people where it is none of ours."""
    found = recognised(path)
    asked = _Asked(path, found, tools, limits, cancel)
    try:
        measured = read_probe(_show(asked), found, path.stat().st_size, limits)
        video = measured.main_video
        if video is None:
            unknown = any(stream.kind == "video" for stream in measured.other)
            raise Rejected(
                "the picture is in a format that we do not know"
                if unknown
                else "there is no picture in this file"
            )
        measured = _with_packets(asked, measured, video)
    except LimitReached as error:
        raise Rejected(
            f"reading the file took more {_RESOURCE.get(error.limit, 'output')} than allowed",
            detail=error.detail,
        ) from error
    return measured


_RESOURCE: Final = {"wall": "time", "cpu": "time", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class _Asked:
    path: Path
    container: Container
    tools: Tools
    limits: ProbeLimits
    cancel: CancelToken | None

    def ffprobe(self, *options: str, on_line: Callable[[str], None] | None = None) -> Completed:
        """Run ffprobe. It writes nothing: where it fails by itself, the file is at fault."""
        argv = (
            str(self.tools.ffprobe), "-v", "error", "-hide_banner", *options,
            *input_arguments(self.path, self.container),
        )  # fmt: skip
        try:
            return execute(
                argv, bounds=self.limits.bounds, cancel=self.cancel, on_stdout_line=on_line
            )
        except ToolFailed as error:
            raise Rejected("the file is damaged or no video", detail=error.detail) from error

    def packets(self, *options: str) -> PacketReader:
        """Packets of the streams and in the stretches that the options name."""
        reader = PacketReader()
        entries = "packet=stream_index,pts_time,duration_time,pos,flags"
        self.ffprobe(*options, "-show_entries", entries, "-of", "csv=p=0", on_line=reader.line)
        return reader


def _refuse_long(seconds: float, limits: ProbeLimits) -> None:
    if seconds > limits.duration_seconds:
        raise Rejected(f"the file lasts longer than {limits.duration_seconds / 3600:g} hours")


def _show(asked: _Asked) -> Mapping[str, Any]:
    limits = asked.limits
    done = asked.ffprobe(
        # Both are checked again below; here they stop ffprobe from working on what is refused.
        "-max_streams", str(limits.streams + 1), "-max_pixels", str(limits.pixels),
        "-show_format", "-show_streams", "-of", "json",
    )  # fmt: skip
    seen = json.loads(done.stdout)
    if "Picture size" in done.stderr_tail or "max_pixels" in done.stderr_tail:
        raise Rejected("the picture's size is out of bounds", detail=done.stderr_tail)
    if "max_streams" in done.stderr_tail:
        raise Rejected(f"the file has more than {limits.streams} streams", detail=done.stderr_tail)
    if not isinstance(seen, dict) or "format" not in seen:
        raise Rejected("the file is damaged or no video", detail=done.stderr_tail)
    return seen


def _with_packets(asked: _Asked, measured: Probe, video: VideoStream) -> Probe:
    """What only packets tell: true ends, the frame rate, groups of pictures, where to seek."""
    _refuse_long(measured.duration_seconds, asked.limits)
    layout = layout_of(asked.path, asked.container.demuxer)
    read = _read(asked, measured, video, layout)
    seen = read.of(video.index)
    if not seen.times:
        raise Rejected("the file is damaged or has no frames")
    rate, constant = packets.rate_of(
        packets.runs(seen, whole=read.whole, to_end=read.to_end), video.fps
    )
    keyframes = sorted({*seen.keyframes(), *read.looks.keyframes()})
    video = video.model_copy(
        update={
            "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
            "constant_rate": constant and (rate is None or packets.on_grid(keyframes, rate)),
            "longest_gop_seconds": read.longest_gop(seen, measured),
        }
    )
    if read.to_end:
        measured, video = _with_ends(measured, video, read, frame=float(1 / rate) if rate else 0.0)
    if measured.duration_seconds <= 0:
        raise Rejected("the file is damaged or has no frames")
    _refuse_long(measured.duration_seconds, asked.limits)
    index = None
    if read.throughout and layout and measured.duration_seconds > _INDEXED_ABOVE_SECONDS:
        index = packets.seek_index(keyframes, measured.start_seconds, layout)
    return measured.model_copy(update={"video": (video, *measured.video[1:]), "index": index})


@dataclass(frozen=True, slots=True)
class _Read:
    """Packets that were read.

    `dense` are stretches without a gap, `whole` says that it is all of the file and `to_end` that
    its end is among them; `looks` are keyframes from everywhere, if `throughout`.
    """

    dense: PacketReader
    whole: bool = False
    to_end: bool = False
    looks: Packets = field(default_factory=Packets)
    throughout: bool = False

    def of(self, stream: int) -> Packets:
        """The dense packets of a stream."""
        return self.dense.of(stream)

    def longest_gop(self, seen: Packets, measured: Probe) -> float | None:
        """Seconds between keyframes at most, as far as is certain."""
        near = [packets.longest_gop(seen, whole=self.whole)]
        if self.throughout and not self.whole:
            begin, seconds = measured.start_seconds, measured.duration_seconds
            near.append(packets.longest_seen_gop(self.looks, begin, seconds))
        return max((gop for gop in near if gop is not None), default=None)


def _read(asked: _Asked, measured: Probe, video: VideoStream, layout: Layout | None) -> _Read:
    """As much of the packets as the size and the kind of the file allow."""
    # A recording made in a browser does not say how long it is: all its packets do.
    if measured.duration_seconds == 0 or measured.bytes <= packets.WHOLE_BYTES:
        return _Read(asked.packets(), whole=True, to_end=True, throughout=True)
    begin, seconds = measured.start_seconds, measured.duration_seconds
    picture = ("-select_streams", str(video.index), "-read_intervals")
    if layout is None:
        return _Read(asked.packets(*picture, packets.head()))
    try:
        dense = asked.packets(*picture, packets.head_and_end(begin, seconds))
        looks = asked.packets(*picture, packets.looks(begin, seconds))
    except LimitReached:
        # Such a file can still be worked on in one piece.
        return _Read(asked.packets(*picture, packets.head()))
    return _Read(dense, to_end=True, looks=looks.of(video.index), throughout=True)


def _with_ends(
    measured: Probe, video: VideoStream, read: _Read, *, frame: float
) -> tuple[Probe, VideoStream]:
    """Durations as they really are. Raises Rejected where much of what was promised is missing."""
    start, seen = measured.start_seconds, read.of(video.index)
    end = packets.end_of(seen, frame)
    seconds = measured.duration_seconds
    if seconds == 0:
        ends = [packets.end_of(each, 0.0) for each in read.dense.streams.values()]
        seconds = round(max(end, *ends) - start, 3)
    promised = _promised(measured, video)
    missing = promised - (end - start)
    if missing > max(_MISSING_SECONDS, promised * _MISSING_PART, packets.longest_step(seen)):
        raise Rejected(
            f"the file is damaged or was cut short: it says {promised:.1f} s, "
            f"and {max(0.0, end - start):.1f} s could be read"
        )
    begin = min(seen.times)
    told, length = video.duration_seconds, round(end - begin, 3)
    if told is None or abs(told - length) > _CLOSE_SECONDS:
        video = video.model_copy(update={"duration_seconds": length})
    return measured.model_copy(
        update={"duration_seconds": seconds, "audio": _audio_lengths(measured, read)}
    ), video


def _promised(measured: Probe, video: VideoStream) -> float:
    """When the picture is to end, after the file's beginning; 0 where nothing says so."""
    if video.duration_seconds is not None:
        late = max(0.0, video.start_seconds - measured.start_seconds)
        return min(late + video.duration_seconds, measured.duration_seconds)
    return 0.0 if measured.audio else measured.duration_seconds


def _audio_lengths(measured: Probe, read: _Read) -> tuple[AudioStream, ...]:
    tracks = []
    for track in measured.audio:
        seen = read.of(track.index)
        if track.duration_seconds is None and seen.times:
            length = round(packets.end_of(seen, 0.0) - min(seen.times), 3)
            track = track.model_copy(update={"duration_seconds": length})  # noqa: PLW2901
        tracks.append(track)
    return tuple(tracks)

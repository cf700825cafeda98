"""What is in a file, measured within bounds: the gate through which every video comes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from core.process import CancelToken, LimitReached
from transcoders import packets, rates
from transcoders.containers import recognised
from transcoders.ffprobe import Ffprobe
from transcoders.layout import Layout, layout_of, promised_bytes
from transcoders.packets import PacketReader, Packets
from transcoders.streams import DEFAULT_LIMITS, ProbeLimits, read_probe
from transcoders.tools import Tools

__all__ = ["DEFAULT_LIMITS", "ProbeLimits", "probe"]

# Shorter ones are worked on in one piece, for which no index is needed.
_INDEXED_ABOVE_SECONDS: Final = 24
# Containers round, and a track may end a little before the other.
_MISSING_SECONDS, _MISSING_PART = 1.5, 0.03
# A duration that the container tells is as good as measured when it is this close.
_CLOSE_SECONDS: Final = 0.1

# No interlaced format has more frames a second; where there seem to be, fields were counted.
_INTERLACED_FPS: Final = 31
_FIELD_CODECS: Final = ("h264", "mpeg2video", "vc1")
_UNINDEXED: Final = ("mpegts", "mpeg")
_BROADCAST: Final = (*_UNINDEXED, "mxf")
_FRAMES: Final = 6
_GROUP_SECONDS: Final = 12
_INTERLACED_PART: Final = 0.25


def probe(
    path: Path,
    tools: Tools,
    *,
    limits: ProbeLimits = DEFAULT_LIMITS,
    cancel: CancelToken | None = None,
) -> Probe:
    """Measure a video file. Raises Rejected with one line for people where it is none of ours."""
    found = recognised(path)
    ask = Ffprobe(path, found, tools, limits, cancel)
    try:
        return _with_packets(ask, read_probe(ask.show(), found, path.stat().st_size, limits))
    except LimitReached as error:
        raise Rejected(
            f"reading the file took more {_RESOURCE.get(error.limit, 'output')} than allowed",
            detail=error.detail,
        ) from error


_RESOURCE: Final = {"wall": "time", "cpu": "time", "memory": "memory"}


def _refuse_long(seconds: float, limits: ProbeLimits) -> None:
    if seconds > limits.duration_seconds:
        raise Rejected(f"the file lasts longer than {limits.duration_seconds / 3600:g} hours")


def _with_packets(ask: Ffprobe, measured: Probe) -> Probe:
    """What only packets tell: true ends, the frame rate, groups of pictures, where to seek."""
    _refuse_long(measured.duration_seconds, ask.limits)
    promised = promised_bytes(ask.path, ask.container.demuxer)
    if promised and measured.bytes < promised * (1 - _MISSING_PART):
        raise Rejected("the file is damaged or was cut short: it lacks its end")
    video = measured.video[0]
    layout = layout_of(ask.path, ask.container.demuxer)
    read = _read(ask, measured, video.index, layout)
    if read.dense.encrypted:
        raise Rejected("the file is encrypted")
    if not read.picture.times:
        raise Rejected("the file is damaged or has no frames")
    interlaced = _interlaced(ask, measured, video)
    rate, constant = rates.rate_of(read.runs, video.fps)
    if interlaced and rate and rate > _INTERLACED_FPS:
        rate /= 2
    keyframes = sorted({*read.picture.keyframes(), *read.looks.keyframes()})
    video = video.model_copy(
        update={
            "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
            "constant_rate": constant and (rate is None or rates.on_grid(keyframes, rate)),
            "interlaced": interlaced,
            "longest_gop_seconds": read.longest_gop(measured),
        }
    )
    if read.to_end:
        measured, video = _with_ends(measured, video, read, frame=float(1 / rate) if rate else 0.0)
    if measured.duration_seconds <= 0:
        raise Rejected("the file is damaged or has no frames")
    _refuse_long(measured.duration_seconds, ask.limits)
    index = None
    if read.throughout and layout and measured.duration_seconds > _INDEXED_ABOVE_SECONDS:
        index = packets.seek_index(keyframes, measured.start_seconds, layout)
    return measured.model_copy(update={"video": (video, *measured.video[1:]), "index": index})


@dataclass(frozen=True, slots=True)
class _Read:
    """Packets that were read.

    `dense` are stretches without a gap, of them those of the main `picture`; `whole` says that it
    is all of the file and `to_end` that its end is among them; `looks` are keyframes of the
    picture from everywhere, if `throughout`.
    """

    dense: PacketReader
    picture: Packets
    whole: bool = False
    to_end: bool = False
    looks: Packets = field(default_factory=Packets)
    throughout: bool = False

    @property
    def runs(self) -> tuple[list[float], ...]:
        """Times of the picture's frames that follow each other."""
        return packets.runs(self.picture, whole=self.whole, to_end=self.to_end)

    def end(self, frame: float) -> float:
        """When the last frame of the picture has been shown."""
        return max(packets.end_of(self.picture, frame), packets.end_of(self.looks, frame))

    def longest_gop(self, measured: Probe) -> float | None:
        """Seconds between keyframes at most, as far as is certain."""
        near = [packets.longest_gop(self.picture, whole=self.whole)]
        if self.throughout and not self.whole:
            begin, seconds = measured.start_seconds, measured.duration_seconds
            near.append(packets.longest_seen_gop(self.looks, begin, seconds))
            near.append(packets.last_gop(self.picture))
        return max((gop for gop in near if gop is not None), default=None)


def _read(ask: Ffprobe, measured: Probe, index: int, layout: Layout | None) -> _Read:
    """As much of the packets as the size and the kind of the file allow."""
    # A recording made in a browser does not say how long it is: all its packets do.
    if measured.duration_seconds == 0 or measured.bytes <= packets.WHOLE_BYTES:
        dense = ask.packets()
        return _Read(dense, dense.of(index), whole=True, to_end=True, throughout=True)
    begin, seconds = measured.start_seconds, measured.duration_seconds
    if layout is not None:
        ends, looks = packets.head_and_end(begin, seconds), packets.looks(begin, seconds)
        try:
            dense = ask.packets(stream=index, intervals=ends)
            seen = ask.packets(stream=index, intervals=looks).of(index)
        except LimitReached:
            # Such a file can still be worked on in one piece.
            pass
        else:
            return _Read(dense, dense.of(index), to_end=True, looks=seen, throughout=True)
    dense = ask.packets(stream=index, intervals=packets.head())
    return _Read(dense, dense.of(index))


def _interlaced(ask: Ffprobe, measured: Probe, video: VideoStream) -> bool:
    """Whether frames are really made of two fields, where what is said of all need not hold.

    H.264 and MPEG-2 say it of each picture: progressive film may be marked as interlaced as a
    whole, and a stream may begin with a progressive picture and go on with fields.
    """
    doubtful = video.codec in _FIELD_CODECS and ask.container.demuxer in _BROADCAST
    if not (video.interlaced or doubtful or video.codec == "dvvideo"):
        return False
    begin, seconds = measured.start_seconds, measured.duration_seconds
    # Where there is no index, reading begins somewhere in a group of pictures.
    lost = ask.container.demuxer in _UNINDEXED
    count = f"+{_GROUP_SECONDS}" if lost else f"+#{_FRAMES}"
    places = ",".join(f"{begin + seconds * part / 3:.3f}%{count}" for part in (1, 2))
    try:
        frames = ask.interlaced(stream=video.index, intervals=f"%+#{_FRAMES},{places}", keys=lost)
    except (LimitReached, Rejected):
        return video.interlaced
    return sum(frames) >= _INTERLACED_PART * len(frames) if frames else video.interlaced


def _with_ends(
    measured: Probe, video: VideoStream, read: _Read, *, frame: float
) -> tuple[Probe, VideoStream]:
    """Durations as they really are. Raises Rejected where much of what was promised is missing."""
    start, end = measured.start_seconds, read.end(frame)
    seconds = measured.duration_seconds
    if seconds == 0:
        ends = [packets.end_of(each, 0.0) for each in read.dense.streams.values()]
        seconds = round(max(end, *ends) - start, 3)
    promised = _promised(measured, video)
    missing = promised - (end - start)
    if missing > max(_MISSING_SECONDS, promised * _MISSING_PART, packets.longest_step(read.runs)):
        raise Rejected(
            f"the file is damaged or was cut short: it says {promised:.1f} s, "
            f"and {max(0.0, end - start):.1f} s could be read"
        )
    begin = min(read.picture.times)
    # Players stop where the file says that it ends.
    told, length = video.duration_seconds, round(min(end, start + seconds) - begin, 3)
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
        seen = read.dense.of(track.index)
        if track.duration_seconds is None and seen.times:
            length = round(packets.end_of(seen, 0.0) - min(seen.times), 3)
            track = track.model_copy(update={"duration_seconds": length})  # noqa: PLW2901
        tracks.append(track)
    return tuple(tracks)

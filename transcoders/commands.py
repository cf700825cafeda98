"""What ffmpeg is told, as values: pure functions, tested without ffmpeg.

Every output is the same, byte for byte, on every run with the same program: `bitexact` keeps
versions and dates out, and the number of threads is fixed, because x264 cuts its work by it.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.media import AudioStream, Probe, VideoStream
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.tools import Tools

THREADS: Final = 4
SEGMENT_SECONDS: Final = 6
GOP_SECONDS: Final = 2
MAX_FPS: Final = 60
MAX_SHORT_SIDE: Final = 1080
AUDIO_RATE: Final = 48000
AUDIO_BITRATE: Final = 128_000

_EXACT: Final = ("-fflags", "+bitexact", "-flags", "+bitexact")
# Chapters and tags of the source would carry dates, places and names into what is published.
_NO_METADATA: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-dn", "-sn")

# Short side → most bits a second; a capped constant quality below it.
_PEAK_BITRATES: Final = ((1080, 6_000_000), (720, 3_500_000), (480, 1_800_000), (0, 1_000_000))


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded size. Frames a second as an exact fraction; bits a second at the peak."""

    width: int
    height: int
    frame_rate: Fraction
    peak_bitrate: int


def fitted(size: tuple[int, int], short_side: int = MAX_SHORT_SIDE) -> tuple[int, int]:
    """The largest even size of that shape whose short side fits; never enlarged."""
    width, height = size
    scale = min(Fraction(1), Fraction(short_side, min(width, height)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def rendition(video: VideoStream) -> Rendition:
    """The one rendition that a source is given: upright, square pixels, no more than 1080p60."""
    width, height = fitted(video.display_size)
    rate = video.fps or Fraction(30)
    if not video.constant_rate:
        # An average of 29.87 means 30 with gaps; the standard rates are what players expect.
        rate = min(_RATES, key=lambda standard: abs(standard - rate))
    while rate > MAX_FPS:
        rate /= 2
    peak = next(bits for side, bits in _PEAK_BITRATES if min(width, height) >= side)
    return Rendition(width, height, rate, peak)


_RATES: Final = tuple(
    Fraction(*rate)
    for rate in ((10, 1), (15, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1),
                 (50, 1), (60000, 1001), (60, 1))
)  # fmt: skip


def remux(
    tools: Tools, source: Path, container: Container, probe: Probe, target: Path
) -> tuple[str, ...]:
    """The picture as it is into an MP4 with its index first; sound too, where it is AAC."""
    video, audio = _main(probe)
    return (
        *_begin(tools),
        *_decoding(source, container),
        *_maps(video, audio),
        *_NO_METADATA,
        "-c:v", "copy",
        # Apple's players take hvc1 and avc1, not the tags that other containers leave.
        "-tag:v", "avc1",
        *_audio(audio, copy=audio is not None and audio_can_be_kept(audio)),
        *_mp4(target),
    )  # fmt: skip


def transcode(
    tools: Tools, source: Path, container: Container, probe: Probe, target: Path
) -> tuple[str, ...]:
    """One H.264 and AAC rendition in an MP4 with its index first."""
    video, audio = _main(probe)
    wanted = rendition(video)
    gop = max(1, round(wanted.frame_rate * GOP_SECONDS))
    return (
        *_begin(tools),
        *_decoding(source, container),
        *_maps(video, audio),
        *_NO_METADATA,
        # A forged gap between two frames would be filled with frames without end.
        "-t", f"{probe.duration_seconds + 1:.3f}",
        "-vf", video_filters(video, wanted),
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "21",
        "-maxrate", str(wanted.peak_bitrate), "-bufsize", str(2 * wanted.peak_bitrate),
        "-threads", str(THREADS),
        # Groups of equal length, closed, and none begun early by a cut: segments of any
        # rendition then begin at the same frames.
        "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0", "-flags:v", "+cgop+bitexact",
        *_audio(audio, copy=False),
        *_mp4(target),
    )  # fmt: skip


def video_filters(video: VideoStream, wanted: Rendition) -> str:
    """The filter graph from the source's picture to the rendition's; ffmpeg turns it upright."""
    filters = ["bwdif=mode=send_frame"] if video.interlaced else []
    filters += [
        f"fps={wanted.frame_rate.numerator}/{wanted.frame_rate.denominator}",
        f"scale={wanted.width}:{wanted.height}:flags=bicubic",
        "setsar=1",
        "format=yuv420p",
    ]
    return ",".join(filters)


def package_hls(tools: Tools, source: Path, folder: Path, name: str) -> tuple[str, ...]:
    """An MP4 of ours as CMAF for HLS: one fragmented file whose segments are byte ranges of it.

    One file instead of hundreds: fewer objects to store, list, sign and delete.
    """
    return (
        *_begin(tools),
        "-protocol_whitelist", "file", "-i", f"file:{source}",
        "-map", "0", "-c", "copy", *_EXACT,
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_flags", "single_file+independent_segments",
        "-hls_segment_filename", str(folder / f"{name}.mp4"),
        str(folder / f"{name}.m3u8"),
    )  # fmt: skip


def poster(
    tools: Tools,
    source: Path,
    container: Container,
    probe: Probe,
    target: Path,
    *,
    short_side: int,
    brightness: int,
) -> tuple[str, ...]:
    """One representative frame: of those that are not dark, the one most like the others.

    `brightness` is the least mean luma (0 to 255) of a frame to be considered.
    """
    video, _ = _main(probe)
    width, height = fitted(video.display_size, short_side)
    begin, window = poster_window(probe.duration_seconds)
    # Of a film shorter than that, sampling might take no frame at all.
    # `select` only ever drops frames, where `fps` would fill a forged gap without end.
    step = rf"select=isnan(prev_selected_t)+gte(t-prev_selected_t\,{1 / _POSTER_FPS})"
    sampled = [step] if window > _POSTER_SAMPLED_SECONDS else []
    graph = [
        *sampled,
        f"scale={width}:{height}:flags=bicubic:out_range=full",
        "setsar=1",
        "format=yuv420p",
        "signalstats",
        f"metadata=mode=select:key=lavfi.signalstats.YAVG:value={brightness}:function=greater",
        f"thumbnail=n={_POSTER_FPS * _POSTER_WINDOW_SECONDS}",
    ]
    return (
        *_begin(tools),
        # Before the input, so that it seeks by the index and does not decode what comes before.
        "-ss", f"{begin:.3f}", "-t", f"{window:.3f}",
        *_decoding(source, container),
        "-map", f"0:{video.index}", *_NO_METADATA,
        "-vf", ",".join(graph),
        "-frames:v", "1", "-update", "1", "-c:v", "mjpeg", "-q:v", "3", "-color_range", "pc",
        # Slices, and so bytes, follow the number of threads.
        "-threads", "1", *_EXACT,
        "-f", "image2", str(target),
    )  # fmt: skip


_POSTER_FPS: Final = 2
_POSTER_WINDOW_SECONDS: Final = 20
_POSTER_SAMPLED_SECONDS: Final = 2


def poster_window(duration: float) -> tuple[float, float]:
    """Begin and length in seconds of the part that a poster is looked for in.

    Past the first tenth, where titles and fades are; the whole of very short clips.
    """
    if duration <= _POSTER_SAMPLED_SECONDS:
        return 0.0, duration
    begin = duration * 0.1
    return begin, min(float(_POSTER_WINDOW_SECONDS), duration * 0.8)


def audio_can_be_kept(audio: AudioStream) -> bool:
    """Whether browsers and phones play this track as it is."""
    return (
        audio.codec == "aac"
        and audio.profile in ("LC", "HE-AAC", "HE-AACv2")
        and audio.channels <= 2
        and 22050 <= audio.sample_rate <= 48000
    )


def _main(probe: Probe) -> tuple[VideoStream, AudioStream | None]:
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    return video, probe.main_audio


def _begin(tools: Tools) -> tuple[str, ...]:
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y",
        "-progress", "pipe:1", "-stats_period", "0.5",
    )  # fmt: skip


def _decoding(source: Path, container: Container) -> tuple[str, ...]:
    # Each thread holds frames of its own: memory must not grow with the machine's cores.
    return ("-threads", str(THREADS), *input_arguments(source, container))


def _maps(video: VideoStream, audio: AudioStream | None) -> tuple[str, ...]:
    sound = ("-map", f"0:{audio.index}") if audio else ()
    return ("-map", f"0:{video.index}", *sound)


def _audio(audio: AudioStream | None, *, copy: bool) -> tuple[str, ...]:
    if audio is None:
        return ("-an",)
    if copy:
        return ("-c:a", "copy")
    return (
        "-c:a", "aac", "-b:a", str(AUDIO_BITRATE), "-ac", "2", "-ar", str(AUDIO_RATE),
        # Gaps in the source become silence; otherwise all later sound would come too early.
        "-af", "aresample=async=1:first_pts=0",
    )  # fmt: skip


def _mp4(target: Path) -> tuple[str, ...]:
    # The index first, so that a player may begin before the file has come.
    return (*_EXACT, "-movflags", "+faststart", "-f", "mp4", str(target))

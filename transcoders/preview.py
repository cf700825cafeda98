"""Something playable before the ladder is: the source's own picture in HLS, or one small rung."""

from pathlib import Path
from typing import Final

from core.media import AudioStream, Probe
from core.renditions import Grid, Rendition
from transcoders import encoders
from transcoders.commands import (
    AUDIO_BITRATE,
    AUDIO_RATE,
    DECODER_THREADS,
    NO_METADATA,
    audio_can_be_kept,
    begin_arguments,
)
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.picture import INPUT, of_source, on_grid, scaled, to_sdr
from transcoders.tools import Tools

NAME: Final = "stream"
SEGMENT_SECONDS: Final = 6


def remux(tools: Tools, source: Path, container: Container, probe: Probe) -> tuple[str, ...]:
    """The picture as it is; sound too, where it is AAC. Writes into the folder that it runs in."""
    video, audio = probe.main_video, probe.main_audio
    assert video is not None, "a probe without a picture is refused before"
    return (
        *begin_arguments(tools),
        "-threads", str(DECODER_THREADS), *input_arguments(source, container, probe=probe),
        "-map", f"0:{video.index}", "-c:v", "copy",
        # Apple's players take avc1, not the tags that other containers leave.
        "-tag:v", "avc1",
        *_sound(audio, keep=True),
        *_hls(),
    )  # fmt: skip


def lowest_rung(
    tools: Tools,
    source: Path,
    container: Container,
    probe: Probe,
    grid: Grid,
    rendition: Rendition,
    *,
    hold_frames: int = 0,
) -> tuple[str, ...]:
    """One rendition of the whole picture, with its sound."""
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    size = (rendition.width, rendition.height)
    picture = on_grid(
        of_source(probe, video), video, grid, begin=0, end=grid.frames, hold_frames=hold_frames
    )
    if video.hdr:
        picture = to_sdr(picture, video, size)
    encoder = encoders.software(rendition.codec)
    graph = (
        scaled(picture, video, size)
        .output(filename=NAME, extra_options=encoders.output_options(encoder, rendition, grid))
        .compile()
    )
    return (
        *begin_arguments(tools),
        "-threads", str(DECODER_THREADS),
        "-copyts", "-start_at_zero", *input_arguments(source, container, probe=probe),
        # From the graph on, without the name of a file.
        *graph[graph.index(INPUT) + 1 : -1],
        "-fps_mode", "passthrough",
        *_sound(probe.main_audio, keep=False),
        "-t", f"{grid.seconds:.6f}",
        *_hls(),
    )  # fmt: skip


def _sound(audio: AudioStream | None, *, keep: bool) -> tuple[str, ...]:
    if audio is None:
        return ("-an",)
    mapped = ("-map", f"0:{audio.index}")
    if keep and audio_can_be_kept(audio):
        return (*mapped, "-c:a", "copy")
    return (
        *mapped,
        "-c:a", "aac", "-b:a", str(AUDIO_BITRATE), "-ac", "2", "-ar", str(AUDIO_RATE),
        # Gaps in the source become silence; otherwise all later sound would come too early.
        "-af", "aresample=async=1:first_pts=0",
    )  # fmt: skip


def _hls() -> tuple[str, ...]:
    """One fragmented file whose segments are byte ranges of it."""
    return (
        *NO_METADATA,
        "-fflags", "+bitexact", "-flags:a", "+bitexact",
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_flags", "single_file+independent_segments",
        "-hls_segment_filename", f"{NAME}.mp4",
        f"{NAME}.m3u8",
    )  # fmt: skip

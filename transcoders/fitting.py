"""What ffmpeg is told to make one MP4 that a network takes: a copy, or one encoding of it all.

The files have no edit lists, which some networks refuse and others overlook. What these would take
off is not there to begin with: the first packet of the sound, in which an encoder has nothing but
what its decoder needs to begin, takes the place of as many samples; and the picture's times of
decoding may lie before zero (ISO/IEC 14496-12, 8.6.1.3, version 1), so that it is shown from zero.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.media import AudioStream, Probe, VideoStream
from core.renditions import Frame, Grid, Rendition
from transcoders import encoders
from transcoders.commands import DECODER_THREADS, EXACT, NO_METADATA, begin_arguments
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.picture import INPUT, of_source, on_grid, scaled, to_sdr
from transcoders.tools import Tools

# Samples that ffmpeg's encoder of AAC-LC puts in front.
_PRIMING: Final = 1024
_TAGS: Final = {"h264": "avc1", "hevc": "hvc1"}


@dataclass(frozen=True, slots=True)
class Sound:
    """AAC-LC of so many channels, Hz, and bits a second."""

    channels: int
    sample_rate: int
    bitrate: int


@dataclass(frozen=True, slots=True)
class Film:
    """What is encoded: the frame's place on its canvas, whose bars have that colour, on a grid.

    The last frame is held for `hold_frames`; `filled` asks for the peak rate throughout.
    """

    grid: Grid
    frame: Frame
    rendition: Rendition
    sound: Sound | None
    hold_frames: int = 0
    background: str = "#000000"
    filled: bool = False


def copy(
    tools: Tools,
    source: Path,
    container: Container,
    probe: Probe,
    target: Path,
    *,
    sound: Sound | None = None,
) -> tuple[str, ...]:
    """The picture as it is; the sound too, or encoded where that is given."""
    video, audio = probe.main_video, probe.main_audio
    assert video is not None, "a probe without a picture is refused before"
    return (
        *begin_arguments(tools),
        *input_arguments(source, container, probe=probe),
        "-map", f"0:{video.index}", "-c:v", "copy", "-tag:v", _TAGS[video.codec],
        *_sound(audio, sound),
        *_mp4(target),
    )  # fmt: skip


def encode(
    tools: Tools, source: Path, container: Container, probe: Probe, film: Film, target: Path
) -> tuple[str, ...]:
    """The whole film once more, in H.264 and AAC."""
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    graph = _graph(probe, video, film)
    return (
        *begin_arguments(tools),
        "-threads", str(DECODER_THREADS),
        "-copyts", "-start_at_zero", *input_arguments(source, container, probe=probe),
        # From the graph on, without the name of a file.
        *graph[graph.index(INPUT) + 1 : -1],
        "-fps_mode", "passthrough",
        *_sound(probe.main_audio, film.sound),
        "-t", f"{film.grid.seconds:.6f}",
        *_mp4(target),
    )  # fmt: skip


def _graph(probe: Probe, video: VideoStream, film: Film) -> list[str]:
    frame, grid = film.frame, film.grid
    inner = (frame.inner_width, frame.inner_height)
    picture = on_grid(
        of_source(probe, video),
        video,
        grid,
        begin=0,
        end=grid.frames,
        hold_frames=film.hold_frames,
    )
    if video.hdr:
        picture = to_sdr(picture, video, inner)
    picture = scaled(picture, video, inner)
    across, down = max(frame.width, inner[0]), max(frame.height, inner[1])
    if (across, down) != inner:
        picture = picture.pad(
            width=str(across),
            height=str(down),
            x=str(max(0, frame.x)),
            y=str(max(0, frame.y)),
            color=film.background.replace("#", "0x"),
        )
    if (across, down) != (frame.width, frame.height):
        picture = picture.crop(
            out_w=str(frame.width),
            out_h=str(frame.height),
            x=str(max(0, -frame.x)),
            y=str(max(0, -frame.y)),
        )
    options = encoders.output_options(encoders.software(film.rendition.codec), film.rendition, grid)
    if film.filled:
        options = _filled(options)
    return picture.output(filename="film", extra_options=options).compile()


def _filled(options: dict[str, str]) -> dict[str, str]:
    """The peak rate throughout: where the picture needs fewer bits, bytes of no meaning follow."""
    peak = options["maxrate"]
    kept = {name: value for name, value in options.items() if name != "crf"}
    return {**kept, "b:v": peak, "minrate": peak, "bufsize": peak, "x264-params": "nal-hrd=cbr"}


def _sound(audio: AudioStream | None, sound: Sound | None) -> tuple[str, ...]:
    if audio is None:
        return ("-an",)
    mapped = ("-map", f"0:{audio.index}")
    if sound is None:
        # What a decoder only needs to begin lies before zero.
        return (*mapped, "-c:a", "copy", "-bsf:a", rf"noise=drop=lt(pts\,-{_PRIMING // 2})")
    layout = "mono" if sound.channels == 1 else "stereo"
    # Gaps in the source become silence; otherwise all later sound would come too early.
    filters = (
        f"aresample={sound.sample_rate}:async=1:first_pts=0,aformat=channel_layouts={layout},"
        f"atrim=start_sample={_PRIMING},asetpts=PTS-STARTPTS"
    )
    return (
        *mapped,
        "-af", filters,
        "-c:a", "aac", "-aac_coder", "fast", "-profile:a", "aac_low",
        "-b:a", str(sound.bitrate), "-ac", str(sound.channels), "-ar", str(sound.sample_rate),
    )  # fmt: skip


def _mp4(target: Path) -> tuple[str, ...]:
    return (
        *NO_METADATA, *EXACT,
        "-use_editlist", "0", "-movflags", "+faststart+negative_cts_offsets",
        "-f", "mp4", str(target),
    )  # fmt: skip

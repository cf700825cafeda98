"""The recipe `video`: probe, then package and poster side by side."""

from enum import StrEnum
from typing import Final

from core.errors import Rejected
from core.media import Probe, VideoStream
from pipeline.plan.types import Graph, Queue, StageSpec, Value

PROBE: Final = "probe"
PACKAGE: Final = "package"
POSTER: Final = "poster"

# Segments end at keyframes: longer groups would make players start and switch late.
MAX_GOP_SECONDS: Final = 12.0
MAX_LEVEL: Final = 52
_PROFILES: Final = ("Constrained Baseline", "Baseline", "Main", "High", "Progressive High")
_HDR: Final = ("smpte2084", "arib-std-b67")


class Mode(StrEnum):
    """How the picture gets into the package."""

    REMUX = "remux"
    TRANSCODE = "transcode"


class ProbeOptions(Value):
    """Bounds of what is accepted; None is the default of `transcoders.probe`."""

    max_duration_seconds: float | None = None


class PackageOptions(Value):
    """The mode and, for people, why."""

    mode: Mode
    reason: str


class PosterOptions(Value):
    """The short side in pixels, and the least mean luma of a frame that is not dark."""

    short_side: int = 720
    brightness: int = 40


class PackageResult(Value):
    """What was really done; the mode may differ from the plan's where a remux proved unfit."""

    mode: Mode
    reason: str
    width: int
    height: int
    frame_rate: str
    duration_seconds: float
    codecs: str
    bandwidth: int
    average_bandwidth: int


class PosterResult(Value):
    """Size of the poster; `dark` where every frame looked at was."""

    width: int
    height: int
    dark: bool = False


def plan_video(probe: Probe | None) -> Graph:
    """Only the probe before there is one; then the whole graph."""
    first = StageSpec(PROBE, 1, Queue.MEDIA, ProbeOptions(), deadline_seconds=120)
    if probe is None:
        return Graph((first,))
    mode, reason = package_mode(probe)
    package = StageSpec(
        PACKAGE,
        1,
        Queue.MEDIA,
        PackageOptions(mode=mode, reason=reason),
        needs=(PROBE,),
        deadline_seconds=300,
    )
    poster = StageSpec(
        POSTER, 1, Queue.MEDIA, PosterOptions(), needs=(PROBE,), deadline_seconds=600
    )
    return Graph((first, package, poster))


def package_mode(probe: Probe) -> tuple[Mode, str]:
    """Whether the picture can be kept as it is, and the first reason why not."""
    video = probe.main_video
    if video is None:
        raise Rejected("there is no picture in this file")
    obstacle = _obstacle(video)
    if obstacle is not None:
        return Mode.TRANSCODE, obstacle
    return Mode.REMUX, "the picture plays everywhere as it is"


def _obstacle(video: VideoStream) -> str | None:
    gop = video.longest_gop_seconds
    unfit = (
        (video.codec != "h264", f"the picture is {video.codec}, not h264"),
        (video.profile not in _PROFILES, f"the profile is {video.profile}"),
        (video.pix_fmt not in ("yuv420p", "yuvj420p"), f"the pixels are {video.pix_fmt}"),
        (not video.level or video.level > MAX_LEVEL, f"the level is {video.level}"),
        (video.interlaced, "the picture is interlaced"),
        (video.rotation != 0, f"the picture is turned by {video.rotation} degrees"),
        (video.sar != "1/1", f"the pixels are not square ({video.sar})"),
        (video.color_transfer in _HDR, "the picture is HDR"),
        (not video.constant_rate, "the frame rate varies"),
        (video.fps is None, "the frame rate is unknown"),
        (bool(video.width % 2 or video.height % 2), "the size is odd"),
        (gop is None, "the keyframes are unknown"),
        (gop is not None and gop > MAX_GOP_SECONDS, f"keyframes are up to {gop} s apart"),
    )
    return next((reason for holds, reason in unfit if holds), None)

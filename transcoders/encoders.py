"""The video encoders, and what each is told: one meaning, in the words of each.

Whatever the encoder, a file begins with a keyframe, its groups of pictures are closed and of equal
length, no cut begins one early, quality is constant below a peak, and nothing in it tells a date
or a version. Parameter sets follow from the options alone, so that chunks of one video join
without encoding again, as long as one encoder made them all.
"""

from dataclasses import dataclass
from typing import Final, Literal

from core.errors import Misconfigured
from core.renditions import Codec, Grid, Rendition

Hardware = Literal["nvenc", "qsv", "vaapi"]

# x264 cuts its work by the number of threads, and so do the bytes: the machine must not choose it.
THREADS: Final = 4

_BUFFER_SECONDS: Final = 2
_SOFTWARE: Final[dict[Codec, str]] = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
_KINDS: Final[tuple[Hardware, ...]] = ("nvenc", "qsv", "vaapi")


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder by ffmpeg's name; `hardware` is None where the processor does the work.

    `device` is a path below /dev, which only the machine that found it can use; None leaves the
    choice to ffmpeg.
    """

    name: str
    codec: Codec
    hardware: Hardware | None = None
    device: str | None = None


_ENCODERS: Final = {
    encoder.name: encoder
    for codec, program in _SOFTWARE.items()
    for encoder in (
        Encoder(program, codec),
        *(Encoder(f"{codec}_{kind}", codec, kind) for kind in _KINDS),
    )
}


def software(codec: Codec) -> Encoder:
    """The encoder that works on every machine."""
    return _ENCODERS[_SOFTWARE[codec]]


def hardware_encoders(codec: Codec) -> tuple[Encoder, ...]:
    """The encoders of a codec that need a device, in the order in which they are tried."""
    return tuple(_ENCODERS[f"{codec}_{kind}"] for kind in _KINDS)


def named(name: str) -> Encoder:
    """An encoder by ffmpeg's name of it. Raises Misconfigured for one that is not ours."""
    encoder = _ENCODERS.get(name)
    if encoder is None:
        raise Misconfigured(f"{name} is no encoder that we know")
    return encoder


def global_options(encoder: Encoder) -> tuple[str, ...]:
    """What stands before the inputs: the device that frames are sent to."""
    if encoder.hardware != "vaapi":
        return ()
    path = f":{encoder.device}" if encoder.device else ""
    return ("-init_hw_device", f"vaapi=gpu{path}", "-filter_hw_device", "gpu")


def input_options(encoder: Encoder) -> dict[str, str]:  # noqa: ARG001 - the same for all
    """What stands before an input, which the processor decodes: docs/hardware.md has the reasons.

    Each thread of a decoder holds frames: memory must not grow with the machine's cores.
    """
    return {"threads": str(THREADS)}


def last_filters(encoder: Encoder) -> str:
    """How a picture is handed to the encoder, at the end of its filters."""
    if encoder.hardware == "vaapi":
        return "format=nv12,hwupload"
    return "format=nv12" if encoder.hardware == "qsv" else "format=yuv420p"


def output_options(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    """The encoder's options, in ffmpeg's words without the dash, in order.

    Frames must come at the grid's rate, in BT.709 with a limited range: that is only written
    down here, not made so.
    """
    quality = {
        None: _software_quality,
        "nvenc": _nvenc_quality,
        "qsv": _qsv_quality,
        "vaapi": _vaapi_quality,
    }[encoder.hardware]
    return {
        "c:v": encoder.name,
        **quality(encoder, rendition, grid),
        "maxrate": str(rendition.peak_bitrate),
        "bufsize": str(_BUFFER_SECONDS * rendition.peak_bitrate),
        "g": str(grid.gop_frames),
        "keyint_min": str(grid.gop_frames),
        "flags:v": "+cgop+bitexact",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        "tag:v": _TAGS[encoder.codec],
    }


# Parameter sets in the file's header and nowhere else: Apple's players take no other HEVC.
_TAGS: Final[dict[Codec, str]] = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
_PROFILES: Final[dict[Codec, str]] = {"h264": "high", "hevc": "main", "av1": "main"}


def _software_quality(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    crf = f"{rendition.crf:g}"
    if encoder.codec == "h264":
        return {
            "preset": "veryfast",
            "profile:v": _PROFILES["h264"],
            "crf": crf,
            "threads": str(THREADS),
            "sc_threshold": "0",
            "pix_fmt": "yuv420p",
        }
    if encoder.codec == "hevc":
        parameters = {
            # Frames at once and workers that share their rows, whatever the machine has.
            "frame-threads": "2",
            "pools": str(THREADS),
            # With a peak, rows of a frame otherwise take the rate of whatever was ready.
            "const-vbv": "1",
            "open-gop": "0",
            "scenecut": "0",
            "info": "0",
            "log-level": "error",
        }
        return {
            "preset": "superfast",
            "profile:v": _PROFILES["hevc"],
            "crf": crf,
            "x265-params": _joined(parameters),
            "pix_fmt": "yuv420p",
        }
    parameters = {"lp": "4", "irefresh-type": "2", "scd": "0"}
    return {
        "preset": "10",
        "crf": str(round(rendition.crf)),
        "svtav1-params": _joined(parameters),
        "pix_fmt": "yuv420p",
    }


def _nvenc_quality(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        "preset": "p4",
        "tune": "hq",
        **({"profile:v": _PROFILES[encoder.codec]} if encoder.codec != "av1" else {}),
        "rc": "vbr",
        "cq": f"{rendition.crf:g}",
        "b:v": "0",
        "no-scenecut": "1",
        "forced-idr": "1",
        **_forced(grid),
    }


def _qsv_quality(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        "preset": "medium",
        "profile:v": _PROFILES[encoder.codec],
        "global_quality": str(round(rendition.crf)),
        "b:v": str(rendition.peak_bitrate // 2),
        "adaptive_i": "0",
        **({"forced_idr": "1"} if encoder.codec != "av1" else {}),
        **_forced(grid),
    }


def _vaapi_quality(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        "rc_mode": "VBR",
        "profile:v": _PROFILES[encoder.codec],
        "b:v": str(rendition.peak_bitrate // 2),
        **_forced(grid),
    }


def _forced(grid: Grid) -> dict[str, str]:
    """Keyframes at every group's first frame, for drivers that take `g` as a hint."""
    return {"force_key_frames": f"expr:not(mod(n,{grid.gop_frames}))"}


def _joined(parameters: dict[str, str]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())

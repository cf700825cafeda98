"""The video encoders, and what each is told: one meaning, in the words of each.

Whatever the encoder, a file begins with a keyframe, its groups of pictures are closed and of equal
length, no cut begins one early, and bits are bounded by a peak. Parameter sets follow from the
options alone, so that chunks of one video join without encoding again, as long as one encoder made
them all. The software encoders give the same bytes on every run and every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from core.errors import Misconfigured
from core.renditions import Codec, Grid, Rendition

Hardware = Literal["nvenc", "qsv", "vaapi"]

# Where the peak binds, frames that x264 codes at once take their bits by how far the others have
# come, and no two runs are alike: one thread a rung, and the rungs of a ladder run side by side.
X264_THREADS: Final = 1

# Below these, x265 corrupts its memory and SVT-AV1 fails.
_LEAST_SIDES: Final[dict[Codec, int]] = {"h264": 2, "hevc": 64, "av1": 64}
# The lowest rung of a ladder, which is what a trial encodes; below it some devices refuse.
LEAST_HARDWARE_SIDE: Final = 240
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


def least_side(encoder: Encoder) -> int:
    """The fewest pixels that either side of a picture must have."""
    return _LEAST_SIDES[encoder.codec] if encoder.hardware is None else LEAST_HARDWARE_SIDE


def global_options(encoder: Encoder) -> tuple[str, ...]:
    """What stands before the inputs: the device that frames are sent to."""
    if encoder.hardware == "vaapi":
        path = f":{encoder.device}" if encoder.device else ""
        return ("-init_hw_device", f"vaapi=gpu{path}", "-filter_hw_device", "gpu")
    if encoder.hardware == "qsv" and encoder.device:
        return ("-init_hw_device", f"qsv=gpu:hw_any,child_device={encoder.device}")
    return ()


def last_filters(encoder: Encoder) -> str:
    """How a picture is handed to the encoder, at the end of its filters."""
    if encoder.hardware == "vaapi":
        return "format=nv12,hwupload"
    return "format=nv12" if encoder.hardware == "qsv" else "format=yuv420p"


def output_options(
    encoder: Encoder, rendition: Rendition, grid: Grid, *, continues: bool = False
) -> dict[str, str]:
    """The encoder's options, in ffmpeg's words without the dash, in order.

    What `continues` a video does not spend a whole buffer again where the part before spent one.

    Frames must come at the grid's rate, and must be BT.709 of limited range and marked so: ffmpeg
    writes down what the frames say, and these options only where they say nothing.
    """
    return {
        "c:v": encoder.name,
        **_OWN[encoder.hardware or encoder.codec](encoder, rendition, grid),
        "maxrate": str(rendition.peak_bitrate),
        "bufsize": str(_BUFFER_SECONDS * rendition.peak_bitrate),
        **({"rc_init_occupancy": str(rendition.peak_bitrate)} if continues else {}),
        "g": str(grid.gop_frames),
        "keyint_min": str(grid.gop_frames),
        "flags:v": "+cgop+bitexact",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        # Parameter sets in the header and nowhere else: Apple's players take no other HEVC.
        "tag:v": _TAGS[encoder.codec],
    }


_TAGS: Final[dict[Codec, str]] = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
_PROFILES: Final[dict[Codec, str]] = {"h264": "high", "hevc": "main", "av1": "main"}


def _x264(_: Encoder, rendition: Rendition, __: Grid) -> dict[str, str]:
    return {
        "preset": "veryfast",
        "profile:v": _PROFILES["h264"],
        "crf": f"{rendition.crf:g}",
        "threads": str(X264_THREADS),
        "sc_threshold": "0",
        "pix_fmt": "yuv420p",
    }


def _x265(_: Encoder, rendition: Rendition, __: Grid) -> dict[str, str]:
    parameters = {
        # Both follow the machine's cores where they are not said, and the bytes follow them.
        "frame-threads": "2",
        "pools": "4",
        # Otherwise rows of a frame take their bits by how far other frames have come.
        "const-vbv": "1",
        "open-gop": "0",
        "scenecut": "0",
        # A message in the stream with the version and all options.
        "info": "0",
        "log-level": "error",
    }
    return {
        "preset": "veryfast",
        "profile:v": _PROFILES["hevc"],
        "crf": f"{rendition.crf:g}",
        "x265-params": _joined(parameters),
        "pix_fmt": "yuv420p",
    }


def _svt_av1(_: Encoder, rendition: Rendition, __: Grid) -> dict[str, str]:
    # Of its levels of parallelism only the first gives equal bytes where the peak binds.
    parameters = {"lp": "1", "irefresh-type": "2", "scd": "0"}
    return {
        "preset": "9",
        "crf": str(round(rendition.crf)),
        "svtav1-params": _joined(parameters),
        "pix_fmt": "yuv420p",
    }


def _nvenc(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        "preset": "p4",
        "tune": "hq",
        # Its AV1 has one profile and no option for it.
        **({"profile:v": _PROFILES[encoder.codec]} if encoder.codec != "av1" else {}),
        "rc": "vbr",
        "cq": f"{rendition.crf:g}",
        # An average would bound the quality that `cq` asks for.
        "b:v": "0",
        "no-scenecut": "1",
        "forced-idr": "1",
        **_forced(grid),
    }


def _qsv(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        "preset": "medium",
        "profile:v": _PROFILES[encoder.codec],
        # With an average below the peak this is QVBR: a quality, capped.
        "global_quality": str(round(rendition.crf)),
        "b:v": str(rendition.peak_bitrate // 2),
        "adaptive_i": "0",
        "adaptive_b": "0",
        **({"forced_idr": "1"} if encoder.codec != "av1" else {}),
        **_forced(grid),
    }


def _vaapi(encoder: Encoder, rendition: Rendition, grid: Grid) -> dict[str, str]:
    return {
        # The one mode with a peak that every driver has; there is none with a quality, too.
        "rc_mode": "VBR",
        "profile:v": _PROFILES[encoder.codec],
        "b:v": str(rendition.peak_bitrate // 2),
        # A message in the stream with the versions of ffmpeg and the driver.
        **({"sei": "-identifier"} if encoder.codec == "h264" else {}),
        **_forced(grid),
    }


_OWN: Final[dict[str, Callable[[Encoder, Rendition, Grid], dict[str, str]]]] = {
    "h264": _x264,
    "hevc": _x265,
    "av1": _svt_av1,
    "nvenc": _nvenc,
    "qsv": _qsv,
    "vaapi": _vaapi,
}


def _forced(grid: Grid) -> dict[str, str]:
    """Keyframes at every group's first frame, for drivers that take `g` as a hint."""
    return {"force_key_frames": f"expr:not(mod(n,{grid.gop_frames}))"}


def _joined(parameters: dict[str, str]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())

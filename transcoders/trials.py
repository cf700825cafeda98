"""A trial of an encoder: a few frames into as many files at once as a ladder has rungs.

What came out is looked at: every frame there, keyframes where they were asked for, closed groups,
equal parameter sets, and the picture that went in. A driver that only says that all went well has
not passed.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.process import CancelToken, Completed, Killed, LimitReached, Limits, run
from core.renditions import Codec, Grid, Rendition
from transcoders.encoders import (
    LEAST_HARDWARE_SIDE,
    Encoder,
    global_options,
    last_filters,
    output_options,
)
from transcoders.tools import Tools

# A driver's first use loads firmware: some seconds. What takes longer hangs.
TRIAL_SECONDS: Final = 20.0

_FRAMES, _GOP = 24, 8
_GRID: Final = Grid(rate="30/1", frames=_FRAMES, gop_frames=_GOP)
_WIDTH: Final = 426
_PICTURE: Final = f"testsrc2=size={_WIDTH}x{LEAST_HARDWARE_SIDE}:rate=30,format=yuv420p"
_MARKED: Final = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
_PEAK_BITRATE: Final = 2_000_000
_QUALITY: Final[Mapping[Codec, float]] = {"h264": 21.0, "hevc": 24.0, "av1": 32.0}
# The pattern comes back at 0.97 and more; a green or shifted picture has less than 0.5.
_LEAST_SSIM: Final = 0.85
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying an encoder found: why it cannot be used, or None; `busy` may pass soon."""

    encoder: Encoder
    obstacle: str | None = None
    busy: bool = False
    hung: bool = False


def run_trial(
    tools: Tools, encoder: Encoder, sessions: int, cancel: CancelToken | None = None
) -> Trial:
    """Try an encoder with that many pictures at once. Raises what `cancel` says, and DiskFull."""
    with tempfile.TemporaryDirectory(prefix="encoder-") as name:
        folder = Path(name)
        files = [folder / f"{number}.mp4" for number in range(sessions)]
        try:
            done = _run(_encoding(tools, encoder, files), encoder, folder, cancel)
            if done.returncode:
                reason, busy = _reason(done)
                return Trial(encoder, reason, busy=busy)
            return Trial(encoder, _flaw(tools, encoder, files, folder, cancel))
        except LimitReached as error:
            return Trial(encoder, f"it was stopped: {error}", hung=error.limit == "wall")
        except Killed as error:
            return Trial(encoder, str(error))


def _run(
    command: tuple[str, ...], encoder: Encoder, folder: Path, cancel: CancelToken | None
) -> Completed:
    return run(
        command,
        limits=Limits(wall_seconds=TRIAL_SECONDS, file_bytes=_MOST_BYTES),
        env=environment((encoder,)),
        scratch=folder,
        cancel=cancel,
    )


def _encoding(tools: Tools, encoder: Encoder, files: Sequence[Path]) -> tuple[str, ...]:
    """Each file has frames of its own, as chunks do."""
    parts = "".join(f"[part{number}]" for number in range(len(files)))
    graph = [f"{_PICTURE},{_MARKED},split={len(files)}{parts}"]
    outputs: list[str] = []
    for number, file in enumerate(files):
        begin = number * _FRAMES
        graph.append(
            f"[part{number}]trim=start_frame={begin}:end_frame={begin + _FRAMES},"
            f"setpts=PTS-STARTPTS,{last_filters(encoder)}[out{number}]"
        )
        outputs += ["-map", f"[out{number}]"]
        for option, value in output_options(encoder, _rendition(encoder.codec), _GRID).items():
            outputs += [f"-{option}", value]
        outputs += ["-fflags", "+bitexact", "-f", "mp4", str(file)]
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y",
        *global_options(encoder), "-filter_complex", ";".join(graph), *outputs,
    )  # fmt: skip


def _rendition(codec: Codec) -> Rendition:
    return Rendition(
        name="trial",
        rung=LEAST_HARDWARE_SIDE,
        width=_WIDTH,
        height=LEAST_HARDWARE_SIDE,
        crf=_QUALITY[codec],
        peak_bitrate=_PEAK_BITRATE,
        codec=codec,
    )


def _flaw(
    tools: Tools, encoder: Encoder, files: Sequence[Path], folder: Path, cancel: CancelToken | None
) -> str | None:
    """What is wrong with the files that a driver calls good; None where nothing is."""
    headers = set()
    for file in files:
        if not file.exists() or not file.stat().st_size:
            return "it wrote nothing"
        done = _run(_packets(tools, file), encoder, folder, cancel)
        try:
            seen = json.loads(done.stdout)
            header = seen["streams"][0]["extradata_hash"]
            packets = [(int(one["pts"]), "K" in one["flags"]) for one in seen["packets"]]
        except (ValueError, KeyError, IndexError):
            return "what it wrote is no video"
        flaw = misplaced(packets)
        if flaw:
            return flaw
        headers.add(header)
    if len(headers) > 1:
        return "its parameter sets differ from file to file"
    done = _run(_likeness(tools, files), encoder, folder, cancel)
    found = [float(value) for value in _SSIM.findall(done.stdout.decode(errors="replace"))]
    if done.returncode or len(found) != _FRAMES * len(files):
        return f"of {_FRAMES * len(files)} frames, {len(found)} could be decoded"
    if min(found) < _LEAST_SSIM:
        return f"its picture is not what went in (SSIM {min(found):.2f})"
    return None


def misplaced(packets: Sequence[tuple[int, bool]]) -> str | None:
    """What is wrong with a trial's frames, given as time and keyframe in the order of decoding."""
    if len(packets) != _FRAMES:
        return f"of {_FRAMES} frames, it wrote {len(packets)}"
    keys = [number for number, (_, key) in enumerate(packets) if key]
    for begin in keys:
        if any(time < packets[begin][0] for time, _ in packets[begin:]):
            return "its groups of pictures are not closed"
    if keys != list(range(0, _FRAMES, _GOP)):
        return f"its keyframes are at {keys}, not at every {_GOP}th frame"
    return None


def _packets(tools: Tools, file: Path) -> tuple[str, ...]:
    return (
        str(tools.ffprobe), "-v", "error", "-select_streams", "v:0", "-show_data_hash", "md5",
        "-show_entries", "stream=extradata_hash:packet=pts,flags", "-of", "json",
        "-protocol_whitelist", "file", "-f", "mov", f"file:{file}",
    )  # fmt: skip


_SSIM: Final = re.compile(r"All:([0-9.]+)")


def _likeness(tools: Tools, files: Sequence[Path]) -> tuple[str, ...]:
    """The SSIM of every frame against the one that went in, a line each."""
    originals = "".join(f"[in{number}]" for number in range(len(files)))
    graph = [f"{_PICTURE},split={len(files)}{originals}"]
    inputs: list[str] = []
    outputs: list[str] = []
    for number, file in enumerate(files):
        begin = number * _FRAMES
        inputs += ["-protocol_whitelist", "file", "-f", "mov", "-i", f"file:{file}"]
        sent = f"trim=start_frame={begin}:end_frame={begin + _FRAMES},settb=1/30,setpts=N"
        graph += [
            f"[in{number}]{sent}[was{number}]",
            f"[{number}:v]format=yuv420p,settb=1/30,setpts=N[is{number}]",
            f"[is{number}][was{number}]ssim=stats_file=-[out{number}]",
        ]
        outputs += ["-map", f"[out{number}]", "-f", "null", "-"]
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error",
        *inputs, "-filter_complex", ";".join(graph), *outputs,
    )  # fmt: skip


_NO_VIDEO_PART: Final = (
    "the NVIDIA driver is here without its video part: NVIDIA_DRIVER_CAPABILITIES must name video"
)
_NO_SESSION: Final = "no encoding session is free on the device"
# What ffmpeg and the drivers say, what it means, and whether it may pass soon.
_REASONS: Final = (
    ("Cannot load libcuda", "there is no NVIDIA driver", False),
    ("Cannot load libnvidia-encode", _NO_VIDEO_PART, False),
    ("minimum required Nvidia driver", "the NVIDIA driver is too old", False),
    ("no CUDA-capable device", "there is no NVIDIA device", False),
    ("CUDA_ERROR_NO_DEVICE", "there is no NVIDIA device", False),
    ("incompatible client key", _NO_SESSION, True),
    ("OpenEncodeSessionEx failed: out of memory", _NO_SESSION, True),
    ("OpenEncodeSessionEx failed: unsupported device", "the device has no encoder", False),
    ("Codec not supported", "the device does not encode this codec", False),
    ("No usable encoding profile", "the device does not encode this codec", False),
    ("No usable encoding entrypoint", "the device does not encode this codec", False),
    ("Driver does not support", "the driver lacks what is asked of it", False),
    ("No capable devices found", "no device here encodes this", False),
    ("failed to load library 'libva", "libva is not installed", False),
    ("failed to load library 'libdrm", "libdrm is not installed", False),
    ("Permission denied", "this user may not open the device", False),
    ("No VA display found", "the device cannot be opened, or has no driver", False),
    ("Failed to initialise VAAPI connection", "the device has no VAAPI driver", False),
    ("MFX session", "there is no Quick Sync runtime, or no device that it can use", False),
    ("Unknown encoder", "this ffmpeg was built without it", False),
)  # fmt: skip
_NOISE: Final = re.compile(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*")


def _reason(done: Completed) -> tuple[str, bool]:
    """Why an encoder failed, in one line, and whether that may pass."""
    for mark, meaning, busy in _REASONS:
        if mark in done.stderr_tail:
            return meaning, busy
    lines = (_NOISE.sub("", line).strip() for line in done.stderr_tail.splitlines())
    said = next((line for line in lines if line), "it said nothing")
    if done.returncode < 0:
        return f"the driver crashed with signal {-done.returncode}: {said[:160]}", False
    return f"it failed: {said[:160]}", False


def environment(chosen: Iterable[Encoder]) -> dict[str, str]:
    """What a child needs in its environment to use these encoders."""
    needed: dict[str, str] = {}
    for encoder in chosen:
        if encoder.hardware is not None:
            needed |= {name: os.environ[name] for name in _DRIVER_SETTINGS if name in os.environ}
            # They would write into a home that there is not.
            needed |= {"CUDA_CACHE_DISABLE": "1", "MESA_SHADER_CACHE_DISABLE": "true"}
        elif encoder.name == "libsvtav1":
            needed["SVT_LOG"] = "1"  # errors only
    return needed


# Where drivers and devices are, which only the operator knows.
_DRIVER_SETTINGS: Final = (
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
    "LIBVA_DRIVERS_PATH",
    "LIBVA_DRIVER_NAME",
    "LIBVA_MESSAGING_LEVEL",
    "ONEVPL_SEARCH_PATH",
)

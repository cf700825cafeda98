"""The parent's side: frames are made tiny by ffmpeg, and a child of ours looks at them."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import Retryable
from core.process import CancelToken, Limits, run
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, execute, input_arguments
from transcoders.shots.wanted import FRAME_BYTES, HEIGHT, WIDTH, Change
from transcoders.tools import Tools

_DECODING: Final = Bounds(wall_seconds=3600.0, memory_bytes=3 << 30)
# Frames are read from the disk in blocks; the address space has all of them, and libraries.
_LOOKING: Final = Limits(wall_seconds=1200.0, cpu_seconds=600, memory_bytes=8 << 30)
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_ROOT: Final = Path(__file__).parents[2]
_ALL: Final = "tiny.yuv"
_PART: Final = "part.yuv"
_REQUEST: Final = "request.json"


@dataclass(frozen=True, slots=True)
class Found:
    """The changes, in order; how many frames there were, and the processor seconds it took."""

    changes: tuple[Change, ...]
    frames: int
    cpu_seconds: float


def shrink(tools: Tools, path: Path, target: Path) -> tuple[str, ...]:
    """The command that writes every frame of a film of ours, tiny, one after the other."""
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y",
        # What a loop filter would make smooth is averaged away here.
        "-skip_loop_filter", "all", "-threads", "1",
        *input_arguments(path, recognised(path)),
        "-map", "0:v:0", "-fps_mode", "passthrough",
        "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area,format=yuv444p",
        "-f", "rawvideo", str(target),
    )  # fmt: skip


def changes(
    tools: Tools,
    parts: Sequence[Path],
    fps: float,
    scratch: Path,
    *,
    scratch_bytes: int | None = None,
    cancel: CancelToken | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Found:
    """The changes of shot of a film whose parts follow each other; `scratch` is left as it was."""
    tiny, part = scratch / _ALL, scratch / _PART
    cpu = 0.0
    try:
        with tiny.open("wb") as whole:
            for number, path in enumerate(parts):
                command = shrink(tools, path, part)
                bounds = Bounds(
                    _DECODING.wall_seconds, _DECODING.memory_bytes, scratch_bytes=scratch_bytes
                )
                cpu += execute(command, bounds=bounds, scratch=scratch, cancel=cancel).cpu_seconds
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
                part.unlink()
                progress(0.8 * (number + 1) / len(parts))
        frames = tiny.stat().st_size // FRAME_BYTES
        found, took = _looked(tiny, fps, scratch, cancel)
        progress(1.0)
        return Found(found, frames, round(cpu + took, 3))
    finally:
        tiny.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def _looked(
    tiny: Path, fps: float, scratch: Path, cancel: CancelToken | None
) -> tuple[tuple[Change, ...], float]:
    question = scratch / _REQUEST
    question.write_text(json.dumps({"frames": str(tiny.absolute()), "fps": fps}))
    try:
        done = run(
            [sys.executable, "-I", "-m", "transcoders.shots.child", str(question)],
            limits=_LOOKING,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            scratch=scratch,
            cancel=cancel,
        )
    finally:
        question.unlink()
    if done.returncode != 0:
        raise Retryable(f"looking for shots ended with {done.returncode}", detail=done.stderr_tail)
    plain = json.loads(done.stdout)
    return tuple(Change(**one) for one in plain["changes"]), done.cpu_seconds

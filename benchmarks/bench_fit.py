"""Fitting the demo clip to networks, against ffmpeg told by hand to make the same files.

    python -m benchmarks.bench_fit [ROUNDS]

Processor seconds of everything: the stage with its plan, its sandbox and the probe that holds the
file against the network's rules; ffmpeg alone. Rounds take turns, and medians are compared.
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.films import CLIP, ffmpeg
from core.media import Probe
from pipeline.plan.fit_types import FitChoices, FitOptions, FitResult
from pipeline.stages import StageContext, StageInput, fit
from transcoders.probe import probe
from transcoders.tools import get_tools

BOUND = 1.10
_SOUND = "-c:a aac -aac_coder fast -b:a 160k -ac 2 -ar 48000"
_CASES: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    ("a reel with bars", "facebook", "reel", {}, "scale=1080:608,pad=1080:1920:0:656"),
    ("a reel, cropped", "facebook", "reel", {"shape": "crop"}, "scale=1706:960,crop=540:960"),
    ("a reel, copied", "instagram", "reel", {}, ""),
)


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of this process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before[0].ru_utime - before[0].ru_stime
    return children + time.process_time() - before[1]


def stage(folder: Path, found: Probe, options: FitOptions) -> FitResult:
    """The stage on the clip."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        context = StageContext(
            source=CLIP,
            source_sha256="",
            scratch=Path(scratch),
            tools=get_tools(),
            inputs={"probe": StageInput(found)},
        )
        value = fit.run(context, options).value
    assert isinstance(value, FitResult)
    return value


def bare(folder: Path, filters: str, peak: int) -> None:
    """The same by hand."""
    words = "-c copy"
    if filters:
        words = (
            f"-vf {filters} -c:v libx264 -preset veryfast -profile:v high -crf 19 -threads 1 "
            f"-maxrate {peak} -bufsize {2 * peak} -g 48 -sc_threshold 0 -pix_fmt yuv420p {_SOUND}"
        )
    options = words.split()
    ffmpeg("-threads", "4", "-i", CLIP, *options, "-movflags", "+faststart", folder / "bare.mp4")


def main() -> int:
    """Print the table; 1 where encoding costs more than the bound."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found = probe(CLIP, get_tools())
    print("| 25 s of 720p | bare ffmpeg | the stage `fit` | of it |\n|---|---|---|---|")
    worst = 0.0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, network, kind, choices, filters in _CASES:
            options = FitOptions(network=network, kind=kind, choices=FitChoices(**choices))
            picture = fit.plan_of(CLIP, found, options).picture
            peak = picture.peak_bitrate if picture else 0
            both: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds):
                both[0].append(spent(lambda f=filters, p=peak: bare(folder, f, p)))  # type: ignore[misc]
                both[1].append(spent(lambda o=options: stage(folder, found, o)))  # type: ignore[misc]
            one, other = map(statistics.median, both)
            print(f"| {name} | {one:.2f} s | {other:.2f} s | {other / one:.2f} |", flush=True)
            if filters:
                worst = max(worst, other / one)
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())

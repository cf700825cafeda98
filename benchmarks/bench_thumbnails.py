"""Whether the chosen thumbnails are good ones: beside random choice, and beside the sharpest frame.

    python -m benchmarks.bench_thumbnails FOLDER

FOLDER is that of `bench_shots`. `thumbnail_labels.json` says of every second of a film whether
its frame would do as a thumbnail; one person looked at them, and no viewer was asked. What is not
named good is bad: faded, dark, blurred, with words of the film's own over it, with eyes closed or a
hand before the face, or of nothing. The sharpest frame has the largest variance of the Laplacian.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from pipeline.plan import plan
from pipeline.plan.brief import Brief
from pipeline.plan.shots import SHOTS
from pipeline.plan.thumbnails import THUMBNAILS, ThumbnailsResult
from pipeline.plan.video_types import ANALYSE, ENCODE, PROBE, AnalyseOptions, AnalyseResult
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

_LABELS = Path(__file__).with_name("thumbnail_labels.json")
_LARGEST_RUNG = 360


def chosen(path: Path, folder: Path) -> list[float]:
    """When the stage's choice in 16:9 is, the best first; seconds."""
    probe = measure(path, get_tools())
    graph = plan("video", probe, Brief())
    analyse = graph[ANALYSE].options
    assert isinstance(analyse, AnalyseOptions)
    ladder = tuple(one for one in analyse.ladder if one.rung <= _LARGEST_RUNG)
    inputs = {
        PROBE: StageInput(probe),
        ANALYSE: StageInput(AnalyseResult(ladder=ladder, encoders={"h264": "libx264"})),
    }
    value: object = None
    for spec in graph.stages:
        kind = spec.name.partition(".")[0]
        if kind not in (ENCODE, SHOTS, THUMBNAILS):
            continue
        scratch = folder / spec.name
        scratch.mkdir()
        context = StageContext(path, "", scratch, get_tools(), inputs)
        result = STAGE_FUNCTIONS[kind](context, spec.options)
        value = result.value
        inputs[spec.name] = StageInput(value, {one.name: one.path for one in result.artifacts})
    assert isinstance(value, ThumbnailsResult)
    return [one.seconds for one in value.chosen if one.shape == "16:9"]


def sharpest(path: Path, seconds: int) -> list[int]:
    """The seconds in the order of their sharpness."""
    command = [
        str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-i", str(path), "-vf",
        "fps=1:round=near,scale=640:360,format=gray", "-f", "rawvideo", "-",
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True).stdout
    frames = np.frombuffer(said, dtype=np.uint8).reshape(-1, 360, 640)[:seconds]
    scores = [float(cv2.Laplacian(frame, cv2.CV_64F).var()) for frame in frames]
    return sorted(range(len(scores)), key=lambda at: -scores[at])


def main() -> None:
    """Print a row for each film, and the sums."""
    folder = Path(sys.argv[1])
    labels = json.loads(_LABELS.read_text())
    print("| film | frames | good | random | sharpest | three sharpest | ours | our three |")
    print("|---|---|---|---|---|---|---|---|")
    rows: list[tuple[int, int, float, list[bool], list[bool]]] = []
    for name, label in labels.items():
        good, seconds = set(label["good"]), int(label["seconds"])
        with tempfile.TemporaryDirectory() as scratch:
            times = chosen(folder / name, Path(scratch))
        ours = [round(at) in good for at in times]
        sharp = [at in good for at in sharpest(folder / name, seconds)[:3]]
        rows.append((seconds, len(good), len(good) / seconds, sharp, ours))
        _row(name, rows[-1:])
    _row("all", rows)


def _row(name: str, rows: Sequence[tuple[int, int, float, list[bool], list[bool]]]) -> None:
    films = len(rows)
    sharp = [one for row in rows for one in row[3]]
    ours = [one for row in rows for one in row[4]]
    print(
        f"| {name} | {sum(row[0] for row in rows)} | {sum(row[1] for row in rows)}"
        f" | {fmean(row[2] for row in rows):.2f}"
        f" | {sum(row[3][0] for row in rows)}/{films} | {sum(sharp)}/{len(sharp)}"
        f" | {sum(row[4][0] for row in rows)}/{films} | {sum(ours)}/{len(ours)} |",
        flush=True,
    )


if __name__ == "__main__":
    main()

"""What the house adds to the work: a clip through the ledger against its bare stages.

    python -m benchmarks.bench_process [ROUNDS]

Floor: the stages' functions, one after the other, in one process with no database, queue or
storage. Product: the same clip through a running installation, from the moment its run is written
to the moment it is done, and the whole command as a user waits for it. Both in turn, in one run.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from cli.endpoints import start_installation
from cli.main import automator
from core.media import Probe
from pipeline.plan.recipes import plan
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from transcoders.tools import get_tools

CLIP = Path(__file__).parents[1] / "docs" / "demo" / "clip.mp4"


def bare(folder: Path) -> float:
    """The stages alone; the seconds that they took."""
    began = time.monotonic()
    found: dict[str, StageInput] = {}
    stages = plan("video", None).stages
    while stages:
        for stage in stages:
            context = StageContext(CLIP, "", _empty(folder / stage.name), get_tools(), inputs=found)
            found[stage.name] = StageInput(
                STAGE_FUNCTIONS[stage.name](context, stage.options).value
            )
        known = found["probe"].value
        assert isinstance(known, Probe)
        stages = tuple(s for s in plan("video", known).stages if s.name not in found)
    return time.monotonic() - began


def product(data: Path, out: Path) -> tuple[float, float]:
    """The clip through the installation on `data`: seconds of its run, and of the whole command."""
    began = time.monotonic()
    arguments = ["process", str(CLIP), "--out", str(out), "--data", str(data), "--json"]
    with redirect_stdout(StringIO()):
        automator.main(arguments, standalone_mode=False)
    whole = time.monotonic() - began
    manifest = json.loads((out / CLIP.stem / "manifest.json").read_text())
    return float(manifest["run"]["seconds"]), whole


def main(rounds: int = 5) -> None:
    """Measures in turn and prints a table of medians."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    floors, runs, wholes = [], [], []
    try:
        with start_installation(folder / "data", workers=1):
            for _ in range(rounds):
                floors.append(bare(folder))
                seconds, whole = product(folder / "data", folder / "out")
                runs.append(seconds)
                wholes.append(whole)
    finally:
        shutil.rmtree(folder)
    floor, run, whole = map(statistics.median, (floors, runs, wholes))
    print("| the demo clip, one slot | seconds | against the floor |")
    print("|---|---|---|")
    print(f"| floor: the stages' functions alone | {floor:.2f} | 1.00 |")
    print(f"| run: written to done | {run:.2f} | {run / floor:.2f} |")
    waited = "`automator process`: connected, copied in and out"
    print(f"| {waited} | {whole:.2f} | {whole / floor:.2f} |")


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

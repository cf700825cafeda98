"""What a video costs by its length and by its size: linear, without a cliff.

    python -m benchmarks.bench_scale

Each film goes through an installation with one slot, whole runs from written to done.
"""

import json
import shutil
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.films import detailed, film
from cli.endpoints import start_installation
from cli.main import automator

LENGTHS = (10, 60, 600, 7200)
SMALL = (256, 144)
SIZES = ((426, 240), (854, 480), (1280, 720), (1920, 1080), (3840, 2160))
SECONDS = 10


def process(source: Path, folder: Path) -> dict[str, Any]:
    """A film through the installation; its manifest."""
    arguments = ["process", str(source), "--out", str(folder / "out")]
    arguments += ["--data", str(folder / "data"), "--json"]
    with redirect_stdout(StringIO()):
        automator.main(arguments, standalone_mode=False)
    text = (folder / "out" / source.stem / "manifest.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def row(name: str, manifest: dict[str, Any], per: float) -> str:
    """A line of a table: the run, its parts, and the run's seconds by the unit."""
    stages = {stage["name"]: stage for stage in manifest["stages"]}
    parts = [stage["result"] for name, stage in stages.items() if name.startswith("encode.")]
    encoded = sum(part["seconds"] for part in parts)
    peak = max(part["peak_bytes"] for part in parts) >> 20
    seconds = manifest["run"]["seconds"]
    probed = stages["probe"]["seconds"]
    packed = stages["package"]["seconds"]
    cells = (f"{seconds:.1f}", f"{probed:.2f}", f"{encoded:.1f}", f"{packed:.1f}")
    return f"| {name} | {len(parts)} | {' | '.join(cells)} | {peak} | {seconds / per:.3f} |"


def main() -> None:
    """Measures, and prints the tables."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    head = "chunks | run, s | probe | encode | package | peak of a chunk, MiB"
    line = "|---" * 8 + "|"
    try:
        with start_installation(folder / "data", workers=1):
            print(f"| length, 144p30 | {head} | s a second |\n{line}")
            for seconds in LENGTHS:
                source = film(folder, seconds, SMALL)
                print(row(f"{seconds} s", process(source, folder), seconds), flush=True)
                source.unlink()
            print(f"\n| size, {SECONDS} s at 30 | {head} | s a megapixel frame |\n{line}")
            for size in SIZES:
                source = detailed(folder, SECONDS, size)
                pixels = size[0] * size[1] * SECONDS * 30 / 1e6
                name = f"{size[0]}×{size[1]}"
                print(row(name, process(source, folder), pixels), flush=True)
                source.unlink()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

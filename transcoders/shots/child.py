"""The program that looks for shots: a question as JSON in a file, an answer on standard output.

python -I -m transcoders.shots.child REQUEST
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from transcoders.shots import finding
from transcoders.shots.wanted import FRAME_BYTES, HEIGHT, WIDTH


def answer(frames: Path, fps: float) -> dict[str, list[dict[str, object]]]:
    """The changes of shot."""
    count = frames.stat().st_size // FRAME_BYTES
    if not count:
        return {"changes": []}
    pixels = np.memmap(frames, dtype=np.uint8, mode="r", shape=(count, 3, HEIGHT, WIDTH))
    return {"changes": [asdict(one) for one in finding.changes(pixels, fps)]}


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text())
    json.dump(answer(Path(asked["frames"]), asked["fps"]), sys.stdout)

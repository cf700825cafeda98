"""Asks after the pictures of a folder, and prints what each of the programs that looked has cost.

    python -m tests.transcoders.asking_alone FOLDER

A process of its own, which is small: the kernel counts for a child what its parent's peak was when
it was started, and that of a process with many tests is larger than any picture's.
"""

import json
import sys
from pathlib import Path
from typing import Any

from core.errors import Rejected
from core.process import Completed
from core.process import run as run_child
from transcoders.images import asking


def main(folder: Path) -> None:
    """One line of JSON a file: its name, why it was refused, processor seconds, bytes of memory."""
    costs: list[Completed] = []

    def counted(*arguments: Any, **named: Any) -> Completed:
        costs.append(run_child(*arguments, **named))
        return costs[-1]

    vars(asking)["run"] = counted
    for source in sorted(folder.iterdir()):
        costs.clear()
        reason = None
        try:
            asking.probe(source, folder.parent)
        except Rejected as error:
            reason = str(error)
        (cost,) = costs
        print(json.dumps([source.name, reason, cost.cpu_seconds, cost.peak_bytes]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

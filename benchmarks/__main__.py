"""`python -m benchmarks [NAME …]`: every measurement, one after the other, never two at once."""

import importlib.util
import subprocess
import sys

from benchmarks.machine import describe

NAMES = (
    "up", "ledger", "tenants", "uploads", "assets", "memory", "events", "delivery", "process",
    "video", "chunks", "scale", "rates", "asr", "images", "fit", "moments", "clips",
)  # fmt: skip


def main() -> int:
    """Run the named measurements, or all; the number of those that failed."""
    wanted = sys.argv[1:] or NAMES
    unknown = [
        name for name in wanted if importlib.util.find_spec(f"benchmarks.bench_{name}") is None
    ]
    if unknown:
        sys.exit(f"there is no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}")
    print(describe(), flush=True)
    failed = 0
    for name in wanted:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.bench_{name}"]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())

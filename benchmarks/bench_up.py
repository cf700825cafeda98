"""How long `automator up` takes to be ready and to stop, and what its tree weighs when idle.

    python -m benchmarks.bench_up [ROUNDS]

Cold: an empty data folder. Warm: the folder of an installation that was stopped. Memory is the sum
over the tree of the proportional set size (shared pages counted once), and of the resident size.
Ends with status 1 where a bound is missed.
"""

import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.endpoints import read_endpoints

ROOT = Path(__file__).parents[1]
_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """Medians of seconds, and megabytes."""

    cold_seconds: float
    warm_seconds: float
    stop_seconds: float
    idle_pss_mb: float
    idle_rss_mb: float
    idle_cpu_percent: float
    processes: int


def start(data: Path) -> tuple[subprocess.Popen[bytes], float]:
    """A supervisor that is ready, and the seconds that it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "cli.main", "up", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while (endpoints := read_endpoints(data)) is None or endpoints.pid != process.pid:
        if process.poll() is not None:
            sys.exit("automator up ended")
        time.sleep(0.005)
    return process, time.monotonic() - began


def stop(process: subprocess.Popen[bytes]) -> float:
    """Stops the tree; the seconds that it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return time.monotonic() - began


def weigh(process: subprocess.Popen[bytes]) -> tuple[float, float, float, int]:
    """Proportional and resident megabytes, percent of one core, and processes of an idle tree."""
    root = psutil.Process(process.pid)
    tree = [root, *root.children(recursive=True)]
    before = {}
    for one in tree:
        with suppress(psutil.NoSuchProcess):  # a trial of a device, say, has ended
            before[one] = _cpu_seconds(one)
    time.sleep(_IDLE_SECONDS)
    used, memory = 0.0, []
    for one, seconds in before.items():
        with suppress(psutil.NoSuchProcess):  # one of the database's may have ended
            used += _cpu_seconds(one) - seconds
            memory.append((one.memory_full_info(), one.name(), " ".join(one.cmdline())[:60]))
    for info, name, command in sorted(memory, key=lambda item: -item[0].pss):
        print(f"  {info.pss / 1e6:7.1f} MB  {name}  {command}", file=sys.stderr)
    pss, rss = (sum(getattr(item[0], kind) for item in memory) / 1e6 for kind in ("pss", "rss"))
    return pss, rss, 100 * used / _IDLE_SECONDS, len(memory)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def table(result: Result) -> list[tuple[str, float, float | None, str]]:
    """What was measured: name, value, bound if there is one, unit."""
    return [
        ("cold start", result.cold_seconds, 5, "s"),
        ("warm start", result.warm_seconds, 3, "s"),
        ("stop", result.stop_seconds, 3, "s"),
        ("idle, proportional set", result.idle_pss_mb, 600, "MB"),
        ("idle, resident", result.idle_rss_mb, None, "MB"),
        ("idle, of one core", result.idle_cpu_percent, None, "%"),
        ("processes", result.processes, None, ""),
    ]


def main(rounds: int = 5) -> int:
    """Measures and prints a table of medians; 1 where a bound is missed, or 0."""
    rows = table(measure(rounds))
    print("| `automator up` | measured | bound |")
    print("|---|---|---|")
    for name, value, bound, unit in rows:
        print(f"| {name} | {value:g} {unit} | {f'{bound:g} {unit}' if bound else '–'} |")
    return int(any(bound is not None and value > bound for _, value, bound, _ in rows))


def measure(rounds: int) -> Result:
    """Starts and stops in new folders, so many times."""
    colds, warms, stops = [], [], []
    weight = (0.0, 0.0, 0.0, 0)
    for round_ in range(rounds):
        folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
        folder.chmod(0o711)
        process = None
        try:
            process, seconds = start(folder / "data")
            colds.append(seconds)
            stops.append(stop(process))
            process, seconds = start(folder / "data")
            warms.append(seconds)
            if round_ == 0:
                weight = weigh(process)
            stops.append(stop(process))
        finally:
            if process is not None and process.poll() is None:
                stop(process)
            shutil.rmtree(folder)
    pss, rss, percent, processes = weight
    return Result(
        cold_seconds=round(statistics.median(colds), 2),
        warm_seconds=round(statistics.median(warms), 2),
        stop_seconds=round(statistics.median(stops), 2),
        idle_pss_mb=round(pss, 1),
        idle_rss_mb=round(rss, 1),
        idle_cpu_percent=round(percent, 1),
        processes=processes,
    )


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))

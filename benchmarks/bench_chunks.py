"""A long film over two workers, against what two bare encodes of the same frames reach.

    python -m benchmarks.bench_chunks [MINUTES]

Ceiling: two ffmpeg, written by hand, each pinned to a core of its own and given half of the film.
Product: an installation with two slots, each pinned to one of the same cores; from the claim of the
first chunk to the record of the last. Whole: the stage `encode` on the undivided grid and on its
chunks, one after the other, on both cores.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import cycle
from pathlib import Path

import psutil

from benchmarks.bench_video import empty, x264
from benchmarks.films import film
from cli.connection import settings_of
from cli.endpoints import start_installation
from core.renditions import Rendition
from pipeline.plan.recipes import plan
from pipeline.plan.video_types import AnalyseOptions, AnalyseResult, EncodeOptions, EncodeResult
from pipeline.stages import StageContext, StageInput, encode
from services import runs, uploads
from services.installation import DEFAULT_TENANT, Installation
from transcoders.probe import probe
from transcoders.tools import get_tools

SIZE = (854, 480)


def cores() -> list[int]:
    """Two cores that we may use."""
    return sorted(os.sched_getaffinity(0))[:2]


def ceiling(source: Path, seconds: float, ladder: Sequence[Rendition], folder: Path) -> float:
    """Two bare encodes at once, each of half the film on a core of its own; the longer one."""
    names = "".join(f"[a{n}]" for n in range(len(ladder)))
    graph = [f"[0:v]fps=30,split={len(ladder)}{names}"]
    graph += [
        f"[a{n}]scale={one.width}:{one.height}:flags=bicubic[v{n}]" for n, one in enumerate(ladder)
    ]
    began = time.monotonic()
    running = []
    for half, core in enumerate(cores()):
        words = f"-threads 4 -ss {half * seconds / 2} -t {seconds / 2} -i {source}"
        words += f" -filter_complex {';'.join(graph)}"
        for n, one in enumerate(ladder):
            words += f" -map [v{n}] {x264(one)} {half}-{one.name}.mp4"
        command = ["taskset", "-c", str(core), str(get_tools().ffmpeg), "-nostdin", "-v", "error"]
        running.append(subprocess.Popen([*command, "-y", *words.split()], cwd=folder))
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit("a bare encode failed")
    return time.monotonic() - began


def product(source: Path, folder: Path) -> tuple[float, list[EncodeResult]]:
    """Seconds from the first chunk's claim to the last one's record, and what each cost."""
    with start_installation(folder / "data", workers=2) as endpoints:
        pin(endpoints.pid)
        with closing(Installation(settings_of(endpoints, folder / "data"))) as installation:
            place = installation.place(DEFAULT_TENANT)
            run_id = uploads.begin(installation, place, source, source.name).run.id
            while True:
                with installation.tenant_scope(place) as session:
                    report = runs.report(session, run_id)
                parts = [stage for stage in report.stages if stage.name.startswith("encode.")]
                if parts and all(stage.state == "done" for stage in parts):
                    break
                if report.run.state in ("failed", "cancelled"):
                    raise SystemExit(f"the run is {report.run.state}")
                time.sleep(0.5)
            with installation.tenant_scope(place) as session:
                runs.cancel(session, run_id)
        begun = [stage.started_at for stage in parts if stage.started_at]
        ended = [stage.finished_at for stage in parts if stage.finished_at]
        results = [EncodeResult.model_validate(stage.result) for stage in parts]
        return (max(ended) - min(begun)).total_seconds(), results


def pin(supervisor: int) -> None:
    """Each process of the media pool to a core; what it starts inherits that."""
    free = cycle(cores())
    for worker in psutil.Process(supervisor).children():
        if worker.name() == "worker-media":
            for slot in worker.children():
                slot.cpu_affinity([next(free)])


def stages(source: Path, parts: Sequence[EncodeOptions], folder: Path) -> float:
    """The stage on ranges, one after the other; seconds in all."""
    found = probe(source, get_tools())
    options = plan("video", found)["analyse"].options
    assert isinstance(options, AnalyseOptions)
    analysis = AnalyseResult(ladder=options.ladder, encoders={"h264": "libx264"})
    inputs = {"probe": StageInput(found), "analyse": StageInput(analysis)}
    began = time.monotonic()
    for part in parts:
        context = StageContext(source, "", empty(folder / "part"), get_tools(), inputs=inputs)
        encode.run(context, part)
    return time.monotonic() - began


def main(minutes: float = 5, rounds: int = 1) -> None:
    """Measures in turn and prints a table."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        source = film(folder, minutes * 60, SIZE)
        graph = plan("video", probe(source, get_tools()))
        parts = [s.options for s in graph.stages if isinstance(s.options, EncodeOptions)]
        options = graph["analyse"].options
        assert isinstance(options, AnalyseOptions)
        whole = parts[-1].model_copy(
            update={"begin": 0, "frames": options.grid.frames, "seek": None}
        )
        bare, pair, one, cut = [], [], [], []
        peak = 0
        for _ in range(rounds):
            bare.append(ceiling(source, minutes * 60, options.ladder, empty(folder / "bare")))
            seconds, results = product(source, folder)
            pair.append(seconds)
            peak = max(result.peak_bytes for result in results)
            one.append(stages(source, [whole], folder))
            cut.append(stages(source, parts, folder))
    finally:
        shutil.rmtree(folder)
    middle = statistics.median
    ratio = statistics.median(b / p for b, p in zip(bare, pair, strict=True))
    print(f"| {minutes:g} min of 480p30 in {len(parts)} chunks | s | of the ceiling | bound |")
    print("|---|---|---|---|")
    print(f"| ceiling: two pinned bare encodes | {middle(bare):.1f} | 1.00 | – |")
    print(f"| two pinned slots of an installation | {middle(pair):.1f} | {ratio:.3f} | ≥ 0.9 |")
    print("\n| the stage on both cores | s | whole ÷ chunks | bound |\n|---|---|---|---|")
    ratio = statistics.median(w / c for w, c in zip(one, cut, strict=True))
    print(f"| whole | {middle(one):.1f} | 1.00 | – |")
    print(f"| its chunks, one after the other | {middle(cut):.1f} | {ratio:.3f} | ≥ 0.95 |")
    print(f"\nPeak memory of a chunk's ffmpeg: {peak >> 20} MiB.")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5)

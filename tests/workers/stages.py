"""Stages for tests of the ledger; `AUTOMATOR_STAGES=tests.workers.stages:STAGES` brings them."""

import hashlib
import time

from core.errors import Rejected, Retryable
from core.process import Limits, run
from pipeline.plan.brief import Brief
from pipeline.plan.types import ArtifactFile, Graph, Queue, StageResult, StageSpec, Value
from pipeline.stages.context import StageContext
from workers.registry import Binding

LIMITS = Limits(wall_seconds=600)


class BurnOptions(Value):
    """How long a child runs, what it writes, and how it may fail."""

    seconds: float = 0.05
    seed: str = ""
    files: int = 1
    fail: str | None = None
    progress: bool = True


class Burnt(Value):
    """A digest of everything that the stage was given and asked for."""

    digest: str


def burn(context: StageContext, options: BurnOptions) -> StageResult:
    """Let a child sleep and then write bytes that depend on options and inputs alone."""
    facts = hashlib.sha256(f"{options.seed}{context.source_sha256}".encode())
    for name, given in sorted(context.inputs.items()):
        facts.update(name.encode())
        for path in sorted(given.paths):
            facts.update(given.paths[path].read_bytes())
    digest = facts.hexdigest()
    done = run(
        [
            *("/bin/sh", "-c"),
            'sleep "$1"; for n in $3; do printf "%s %s" "$2" "$n" > "$n"; done',
            *("sh", str(options.seconds), digest),
            " ".join(f"{n}.txt" for n in range(options.files)),
        ],
        limits=LIMITS,
        cancel=context.cancel,
        cwd=context.scratch,
        scratch=context.scratch,
    )
    if options.progress:
        context.progress(0.9)
    if options.fail == "rejected":
        raise Rejected("this input is no good", detail="x" * 10_000)
    if options.fail == "retryable":
        raise Retryable("try again", detail="noise\n" * 2_000)
    if options.fail == "bug":
        raise KeyError("secret words")
    assert done.returncode == 0, done
    files = tuple(
        ArtifactFile("text", f"{n}.txt", context.scratch / f"{n}.txt", "text/plain")
        for n in range(options.files)
    )
    return StageResult(Burnt(digest=digest), files if context.source_sha256 else ())


def stubborn(context: StageContext, options: BurnOptions) -> StageResult:
    """Heeds nothing."""
    (context.scratch / "left").write_text("behind")
    time.sleep(options.seconds)
    return StageResult(Burnt(digest="stubborn"))


def noop(_context: StageContext, _options: BurnOptions) -> StageResult:
    """Nothing."""
    return StageResult()


def vain(_context: StageContext, _options: BurnOptions) -> StageResult:
    """Lacks what it needs, and says so."""
    return StageResult(Burnt(digest="nothing to burn"), skipped=True)


def unfold(_recipe: str, _value: Burnt, _brief: Brief) -> Graph:
    """The graph behind the stage `seed`."""
    return Graph((spec("seed"), spec("burn.a", needs=("seed",)), spec("burn.b", needs=("burn.a",))))


def spec(
    name: str,
    *,
    needs: tuple[str, ...] = (),
    queue: Queue = Queue.MEDIA,
    deadline: float = 60.0,
    seconds: float = 0.05,
    files: int = 1,
    fail: str | None = None,
) -> StageSpec:
    """One stage of a test's graph; its seed is its name."""
    options = BurnOptions(seconds=seconds, seed=name, files=files, fail=fail)
    return StageSpec(name, 1, queue, options, needs, deadline)


STAGES = {
    "burn": Binding(burn, BurnOptions, Burnt),
    "seed": Binding(burn, BurnOptions, Burnt, unfold),
    "stubborn": Binding(stubborn, BurnOptions, Burnt),
    "noop": Binding(noop, BurnOptions),
    "vain": Binding(vain, BurnOptions, Burnt),
}

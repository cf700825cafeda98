"""`automator process`: send files through the installation and collect what comes out."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from uuid import UUID

import click
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from cli.connection import connected
from cli.progress import RunBars, show_artifacts
from core.errors import AutomatorError, Rejected, Unavailable
from services import exports, runs, uploads
from services.installation import DEFAULT_TENANT, Installation, Place
from services.runs import RunReport

_POLL_SECONDS = 0.25
# The ledger survives a restart of the database, and so does whoever waits for it.
_PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Job:
    """One input on its way; `problem` is set once it has failed."""

    file: Path
    target: Path
    run_id: UUID | None = None
    report: RunReport | None = None
    manifest: Path | None = None
    problem: str | None = None

    @property
    def open(self) -> bool:
        """Whether its run goes on."""
        return self.run_id is not None and self.manifest is None and self.problem is None


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for results.")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
@click.option("--recipe", help="The recipe to use instead of the one for the file's kind.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, no progress bars.")
def command(
    files: tuple[Path, ...], out: Path, data: Path | None, recipe: str | None, as_json: bool
) -> int:
    """Send FILES through the same services, queue and workers as an upload.

    Uses the installation that runs on the data folder, or starts one and stops it afterwards.
    """
    names = exports.folder_names(files)
    jobs = [Job(file, out / name) for file, name in zip(files, names, strict=True)]
    for job in jobs:
        _check(job)
    if any(job.problem is None for job in jobs):
        console = Console(stderr=True)
        announce = None if as_json else console
        with _ending_on_sigterm(), connected(data, announce=announce) as installation:
            _work(installation, jobs, recipe, announce)
        for job in jobs:
            if job.report is not None and job.manifest is not None and not as_json:
                show_artifacts(console, job.target, job.report)
    return _tell(jobs, as_json=as_json)


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that what was begun is cancelled and cleared up."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check(job: Job) -> None:
    try:
        if not job.file.is_file():
            missing = not job.file.exists()
            raise Rejected("there is no such file" if missing else "it is not a regular file")
        exports.check_target(job.target)
    except AutomatorError as error:
        job.problem = str(error)
    except OSError as error:
        job.problem = error.strerror or str(error)


def _work(
    installation: Installation, jobs: Sequence[Job], recipe: str | None, console: Console | None
) -> None:
    """Begin a run for each input and collect what it makes; an interruption cancels them all."""
    place = installation.place(DEFAULT_TENANT)
    try:
        for job in jobs:
            _submit(installation, place, job, recipe)
        bars: AbstractContextManager[RunBars | None] = (
            RunBars(console) if console is not None else nullcontext()
        )
        with bars as view:
            _follow(installation, place, jobs, view)
    except BaseException:
        _cancel(installation, place, [job for job in jobs if job.open])
        raise


def _submit(installation: Installation, place: Place, job: Job, recipe: str | None) -> None:
    if job.problem is not None:
        return
    try:
        begun = uploads.begin(installation, place, job.file.resolve(), job.file.name, recipe=recipe)
        job.run_id = begun.run.id
    except AutomatorError as error:
        job.problem = str(error)
    except OSError as error:
        job.problem = error.strerror or str(error)


def _follow(
    installation: Installation, place: Place, jobs: Sequence[Job], view: RunBars | None
) -> None:
    answered = time.monotonic()
    while waiting := [job for job in jobs if job.open]:
        try:
            for job in waiting:
                _look(installation, place, job)
                answered = time.monotonic()
                if view is not None and job.report is not None:
                    view.show(job.file.name, job.report)
        except (DBAPIError, Unavailable) as error:
            if time.monotonic() - answered > _PATIENCE_SECONDS:
                raise Unavailable(
                    f"the database has not answered for {_PATIENCE_SECONDS:.0f} s"
                ) from error
        time.sleep(_POLL_SECONDS)


def _look(installation: Installation, place: Place, job: Job) -> None:
    assert job.run_id is not None
    with installation.tenant_scope(place) as session:
        job.report = runs.report(session, job.run_id)
    state = job.report.run.state
    if state == "done":
        try:
            job.manifest = exports.export_run(
                installation.storage, job.report, job.target, source=job.file.resolve()
            )
        except AutomatorError as error:
            job.problem = str(error)
    elif state in runs.ENDED:
        job.problem = _reason(job.report)


def _reason(report: RunReport) -> str:
    for stage in report.stages:
        if stage.state == "failed" and stage.error:
            return f"{stage.name}: {stage.error.get('reason', 'failed')}"
    return f"the run is {report.run.state}"


def _skipped(job: Job) -> Iterator[str]:
    """What a run that is done goes without: the reason, and the way to have it."""
    for stage in job.report.stages if job.report else ():
        if stage.state == "skipped":
            told = stage.result or {}
            reasons = [told[name] for name in ("skipped", "remedy") if told.get(name)]
            yield f"{stage.name} was skipped: {'; '.join(reasons)}"


def _cancel(installation: Installation, place: Place, jobs: Sequence[Job]) -> None:
    for job in jobs:
        assert job.run_id is not None
        # It may have ended meanwhile; and one that cannot be cancelled must not keep the others.
        with suppress(AutomatorError, DBAPIError), installation.tenant_scope(place) as session:
            runs.cancel(session, job.run_id)


def _tell(jobs: Sequence[Job], *, as_json: bool) -> int:
    if as_json:
        document = [
            {
                "file": str(job.file),
                "run": str(job.run_id) if job.run_id else None,
                "manifest": str(job.manifest) if job.manifest else None,
                "error": job.problem,
            }
            for job in jobs
        ]
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    for job in jobs:
        if job.problem is not None:
            print(f"automator: {job.file}: {job.problem}", file=sys.stderr)
        else:
            if not as_json:
                click.echo(f"{job.file} → {job.manifest}")
            for line in _skipped(job):
                print(f"automator: {job.file}: {line}", file=sys.stderr)
    return 1 if any(job.problem is not None for job in jobs) else 0

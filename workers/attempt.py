"""One attempt at one stage: load, run, store, record. No transaction is open while it runs."""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from core import tracing
from core.cancellation import CancelReason
from core.database import Database
from core.errors import AutomatorError, Conflict, LeaseLost, Rejected, Unavailable
from core.keys import artifact_prefix
from core.logging import bind_context, forget_context, get_logger, log_context
from core.settings import Settings
from core.storage import Storage
from pipeline.plan.brief import Brief
from pipeline.plan.stage_types import kind_of
from pipeline.plan.types import ArtifactFile, Queue, StageSpec, stage_digest
from services import briefs, ledger
from services.ledger import Claim
from services.ledger_results import Input, MadeFile, Work, load, record
from workers.errands import Errand, Outside
from workers.inputs import Files
from workers.language_models import LanguageModels
from workers.lease import Hold
from workers.meters import Attempted
from workers.outcome import Outcome, outcome_of
from workers.registry import Binding, Registry
from workers.scratch import ScratchSpace

if TYPE_CHECKING:
    from ai.text import Answer, Request

_log = get_logger(__name__)
_RECORD_PAUSE_SECONDS = 0.25


class _Overtaken(Exception):
    """Somebody else owns the stage, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What attempts need that lasts longer than they do."""

    settings: Settings
    storage: Storage
    registry: Registry
    scratch: ScratchSpace
    models: LanguageModels | None = None

    def warm(self) -> None:
        """Load the product's stages and look for the programs that they run."""
        from transcoders.tools import find_tools

        settings = self.settings
        find_tools(settings.ffmpeg, settings.ffprobe, settings.packager)
        self.registry.load()

    def free_bytes(self) -> int:
        """The room left in storage or scratch space, whichever is less."""
        room = [self.storage.free_bytes(), self.scratch.free_bytes()]
        return min(free for free in room if free is not None)

    def has_room(self) -> bool:
        """Whether that is above the reserve."""
        return self.free_bytes() >= self.settings.free_space_reserve_bytes


@dataclass(frozen=True, slots=True)
class _Made:
    value: BaseModel | None
    files: Sequence[MadeFile] = ()
    prefix: str | None = None
    also: Callable[[Session], object] | None = None
    skipped: bool = False


def perform(equipment: Equipment, database: Database, hold: Hold) -> Attempted:
    """Work on what `hold` holds, record how it ended, and return that."""
    claim, began = hold.claim, time.monotonic()
    known = {"run_id": str(claim.run_id), "stage_id": str(claim.stage_id)}
    with log_context(**known, attempt=claim.attempt), ExitStack() as stack:
        work: Work | None = None
        span = tracing.NOTHING
        state = "done"
        try:
            with database.tenant_scope(claim.tenant_id) as session:
                work = load(session, claim)
            bind_context(stage=work.name)
            stack.callback(forget_context, "stage")
            span = stack.enter_context(_span(claim, work))
            hold.failures = work.failures
            if work.cancel_requested:
                hold.token.cancel(CancelReason.CANCELLED)
            hold.token.check()
            state = _do(equipment, database, hold, work)
        except Exception as error:  # noqa: BLE001 — whatever a stage raises has a policy
            outcome = _outcome(error, equipment, hold, work)
            _tell(error, outcome)
            end(database, hold, outcome)
            state = outcome.state or "overtaken"
            span.fail(type(error).__name__)
        span.set({"automator.outcome": state})
        seconds = time.monotonic() - began
        return Attempted(
            kind_of(work.name) if work else "unread",
            work.queue if work else hold.queue,
            state,
            work.waited_seconds if work else 0.0,
            seconds,
        )


def _outcome(error: Exception, equipment: Equipment, hold: Hold, work: Work | None) -> Outcome:
    outcome = outcome_of(
        error,
        hold.token.reason,
        # Of a stage that cannot even be read, only the attempts are known.
        failures=work.failures if work else hold.claim.attempt - 1,
        deadline=hold.deadline_seconds,
        settings=equipment.settings,
        room=equipment.has_room(),
    )
    away = isinstance(error, DBAPIError) and _passing(error)
    if work is None and (away or isinstance(error, Unavailable)):
        return Outcome("delayed", delay_seconds=5.0)
    return outcome


def _span(claim: Claim, work: Work) -> AbstractContextManager[tracing.Span]:
    """The attempt as a part of its run's trace, if it has one; a join is linked to what it joins.

    The spans of what it joins are known by their identity, so that the ledger need not keep them.
    """
    if work.trace is None:
        return nullcontext(tracing.NOTHING)
    joined = [given.attempt for given in work.inputs.values()] if len(work.inputs) > 1 else []
    return tracing.span(
        f"stage {kind_of(work.name)}",
        kind="consumer",
        parent=work.trace,
        identity=f"{claim.stage_id}/{claim.attempt}",
        links=[tracing.place_of(work.trace, attempt) for attempt in joined],
        ambient=True,
        attributes={
            "automator.run_id": str(claim.run_id),
            "automator.stage_id": str(claim.stage_id),
            "automator.stage": work.name,
            "automator.attempt": claim.attempt,
            "automator.queue": work.queue,
            "automator.waited_seconds": work.waited_seconds,
        },
    )


def end(database: Database, hold: Hold, outcome: Outcome) -> None:
    """Record an attempt that made nothing. What cannot be told, the sweeper finds out."""
    if outcome.state is None:
        return
    try:
        with database.tenant_scope(hold.claim.tenant_id) as session:
            ledger.leave(
                session,
                hold.claim,
                outcome.state,
                delay_seconds=outcome.delay_seconds,
                failures=outcome.failures,
                error=outcome.error,
            )
    except (SQLAlchemyError, AutomatorError) as error:
        _log.warning("the end of an attempt could not be told", error=_line(error))


def _do(equipment: Equipment, database: Database, hold: Hold, work: Work) -> str:
    """Makes and records it; how the stage ended."""
    binding = equipment.registry.get(work.name)
    try:
        options = binding.options.model_validate(work.options)
    except ValidationError as error:
        raise Rejected(f"the options of {work.name} are not valid", detail=str(error)) from error
    with _made(equipment, database, hold, work, binding, options) as made:
        _record(equipment, database, hold, work, binding, made)
        return "skipped" if made.skipped else "done"


@contextmanager
def _made(
    equipment: Equipment,
    database: Database,
    hold: Hold,
    work: Work,
    binding: Binding | Errand,
    options: BaseModel,
) -> Iterator[_Made]:
    """What the stage makes, to be recorded in the block."""
    if isinstance(binding, Binding):
        with equipment.scratch.attempt(hold.claim.stage_id, hold.claim.attempt) as scratch:
            hold.watch(work.deadline_seconds)
            made = _run(equipment, database, hold, work, binding, options, scratch)
        yield made
        return
    with equipment.scratch.attempt(hold.claim.stage_id, hold.claim.attempt) as scratch:
        hold.watch(work.deadline_seconds)
        outside = Outside(
            settings=equipment.settings,
            storage=equipment.storage,
            database=database,
            claim=hold.claim,
            progress=hold.report,
            watch=hold.watch,
            cancel=hold.token,
            scratch=scratch,
        )
        with binding.run(outside, options) as done:
            hold.token.check()
            yield _Made(done.value, also=done.record)


def _record(
    equipment: Equipment,
    database: Database,
    hold: Hold,
    work: Work,
    binding: Binding | Errand,
    made: _Made,
) -> None:
    expand = binding.expand if isinstance(binding, Binding) else None
    graph = None
    if expand is not None:
        brief = _brief(database, hold, work)
        wanted = brief.model_copy(update={"clips": equipment.settings.clips_per_film})
        graph = expand(work.recipe, made.value, wanted)
    result = made.value.model_dump(mode="json") if made.value is not None else None
    doubtful = False
    while True:
        try:
            with database.tenant_scope(hold.claim.tenant_id) as session:
                if not record(
                    session,
                    hold.claim,
                    work,
                    result=result,
                    files=made.files,
                    graph=graph,
                    skipped=made.skipped,
                ):
                    raise _Overtaken
                if made.also is not None:
                    made.also(session)
            return
        except _Overtaken:
            # After a broken commit the one who overtook us may have been ourselves.
            if made.prefix is not None and not doubtful:
                equipment.storage.delete_prefix(made.prefix)
            hold.token.cancel(CancelReason.LEASE_LOST)
            # If the stage is still ours, it was refused because its run was cancelled.
            end(database, hold, Outcome("cancelled"))
            raise LeaseLost("the attempt was overtaken") from None
        except DBAPIError as error:
            # The work is done and stored: while the lease lasts it is worth another try.
            if not error.connection_invalidated and not _passing(error):
                raise
            doubtful = True
            _log.warning("a result could not be recorded yet", error=_line(error))
            hold.token.check()
            time.sleep(_RECORD_PAUSE_SECONDS)


def _brief(database: Database, hold: Hold, work: Work) -> Brief:
    if work.source is None:
        return Brief()
    with database.tenant_scope(hold.claim.tenant_id) as session:
        return briefs.of(session, work.source.asset_id)


def _asking(
    equipment: Equipment, database: Database, hold: Hold
) -> "Callable[[Request], Answer] | None":
    models = equipment.models
    return models.asking(database, hold.claim.tenant_id, hold.token) if models else None


def _run(
    equipment: Equipment,
    database: Database,
    hold: Hold,
    work: Work,
    binding: Binding,
    options: BaseModel,
    scratch: Path,
) -> _Made:
    from pipeline.stages.context import StageContext
    from transcoders.tools import find_tools

    settings = equipment.settings
    tools = find_tools(settings.ffmpeg, settings.ffprobe, settings.packager)
    with ExitStack() as stack:
        source = Path(os.devnull)
        if work.source is not None:
            source = stack.enter_context(equipment.storage.local(work.source.storage_key))
        context = StageContext(
            source=source,
            source_sha256=work.source.sha256 if work.source else "",
            scratch=scratch,
            tools=tools,
            inputs={
                name: _stage_input(equipment, name, given, stack)
                for name, given in work.inputs.items()
            },
            progress=hold.report,
            cancel=hold.token,
            scratch_bytes=settings.scratch_bytes,
            settings=settings,
            ask_model=_asking(equipment, database, hold),
        )
        result = binding.run(context, options)
        hold.token.check()
    if not result.artifacts:
        return _Made(result.value, skipped=result.skipped)
    if work.source is None:
        raise Conflict(f"the stage {work.name} made artifacts, but its run has no asset")
    digest = _digest(work, options, tools.digest, result.encoder)
    claim = hold.claim
    prefix = artifact_prefix(claim.tenant_id, work.name, digest, claim.attempt, claim.holder)
    files = []
    for artifact in result.artifacts:
        files.append(_store(equipment.storage, prefix, artifact))
        # Storing is progress, too; a file at a time is bounded by its size.
        hold.watch(work.deadline_seconds)
        hold.token.check()
    return _Made(result.value, files, prefix)


def _stage_input(equipment: Equipment, name: str, given: Input, stack: ExitStack) -> Any:
    from pipeline.stages.context import StageInput

    kind = equipment.registry.get(name).result
    value = kind.model_validate(given.result) if kind and given.result is not None else None
    return StageInput(value, Files(equipment.storage, given, stack))


def _store(storage: Storage, prefix: str, artifact: ArtifactFile) -> MadeFile:
    stored = storage.put(f"{prefix}/{artifact.name}", artifact.path, consume=True)
    return MadeFile(
        kind=artifact.kind,
        path=artifact.name,
        storage_key=stored.key,
        mime=artifact.mime,
        bytes=stored.bytes,
        sha256=stored.sha256,
        attributes=artifact.attributes.model_dump(mode="json", exclude_none=True),
    )


def _digest(work: Work, options: BaseModel, tools: str, encoder: str) -> str:
    inputs = {name: _input_digest(given) for name, given in work.inputs.items()}
    if work.source is not None:
        inputs["source"] = work.source.sha256
    # The queue says where a stage runs, not what it makes: it is no part of the digest.
    spec = StageSpec(work.name, work.version, Queue.MEDIA, options)
    return stage_digest(spec, inputs, [tools], encoder)


def _input_digest(given: Input) -> str:
    facts = [_lasting(given.result), [[file.path, file.sha256] for file in given.files]]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _lasting(result: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A result without what its making cost, which is another each time."""
    if result is None:
        return None
    return {name: value for name, value in result.items() if not _COST.search(name)}


_COST = re.compile(r"(^|_)seconds$|^peak_bytes$")


def _passing(error: DBAPIError) -> bool:
    """Whether the server was restarting, or a lock or a deadlock stood in the way."""
    state = str(getattr(error.orig, "sqlstate", None) or "57P03")
    return state[:2] in ("08", "57", "40", "55", "53")


def _line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0]


def _tell(error: Exception, outcome: Outcome) -> None:
    facts: Mapping[str, object] = {
        "state": outcome.state,
        "reason": (outcome.error or {}).get("reason") or _line(error),
    }
    if outcome.error is not None and outcome.error.get("code") == "internal":
        _log.error("a stage failed", exc_info=error, **facts)
    elif outcome.state in ("failed", "delayed"):
        _log.warning("a stage did not succeed", **facts)
    else:
        _log.info("an attempt was stopped", **facts)

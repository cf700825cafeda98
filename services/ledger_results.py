"""What a stage is given from the ledger, and what it hands back: each one short transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import LeaseLost
from pipeline.plan.stage_types import STAGE_TYPES, WORK, amended_by, amenders_of, kind_of
from pipeline.plan.types import Graph
from services import ledger, usage
from services.ledger import Claim


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a run works on."""

    asset_id: UUID
    storage_key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InputFile:
    """An artifact of an upstream stage; `path` is its name among that stage's artifacts."""

    path: str
    storage_key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Input:
    """What an upstream stage left; `attempt` names the stage and its attempt, for traces."""

    result: dict[str, Any] | None
    files: Sequence[InputFile] = ()
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One stage, with all that it needs."""

    name: str
    version: int
    options: dict[str, Any]
    deadline_seconds: float
    failures: int
    recipe: str
    cancel_requested: bool
    source: Source | None
    inputs: Mapping[str, Input] = field(default_factory=dict)
    queue: str = ""
    waited_seconds: float = 0.0
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that an attempt has put into storage."""

    kind: str
    path: str
    storage_key: str
    mime: str
    bytes: int
    sha256: str
    attributes: dict[str, Any]


_STAGE = text("""
    SELECT s.name, s.version, s.options, s.deadline_seconds, s.failures, s.cancel_requested,
           s.queue, extract(epoch FROM s.started_at - s.ready_at)::float8 AS waited, r.trace,
           r.recipe, a.id AS asset_id, a.storage_key, a.sha256,
           ARRAY(SELECT e.needs_id FROM cell.stage_edges e WHERE e.stage_id = s.id) AS needs
      FROM cell.stage_runs s
      JOIN cell.runs r ON r.id = s.run_id
      LEFT JOIN assets a ON a.id = r.asset_id
     WHERE s.id = :stage AND s.attempt = :attempt AND s.holder = :holder
""")

_INPUTS = text("""
    SELECT n.name, n.result, n.id, n.attempt,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(f.path, f.storage_key, f.sha256)
                                      ORDER BY f.path), '[]')
              FROM artifacts f WHERE f.stage_id = n.id) AS files
      FROM cell.stage_runs n WHERE n.id = ANY (:needs)
""")

# What amends a stage's files is nothing without that stage's others.
_SUPERSEDE = text("""
    UPDATE artifacts SET superseded_at = clock_timestamp()
     WHERE asset_id = :asset AND stage_id <> :stage AND superseded_at IS NULL
       AND (stage = :name OR split_part(stage, '.', 1) = ANY (:amenders) AND run_id <> :run)
       AND run_id IN (SELECT id FROM cell.runs WHERE recipe = :recipe)
""")

_AMEND = text("""
    UPDATE artifacts SET superseded_at = clock_timestamp()
     WHERE run_id = :run AND stage_id <> :stage AND superseded_at IS NULL
       AND split_part(stage, '.', 1) = ANY (:amended) AND path = ANY (:paths)
""")

# A later run was faster: what this one amends is shown no more, nor is what it makes of it.
_WITHDRAW = text("""
    UPDATE artifacts SET superseded_at = clock_timestamp() WHERE stage_id = :stage
""")

# What a stage takes the place of, and what only stages needed once the run has all it wanted.
_REPLACE = text("""
    UPDATE artifacts SET superseded_at = clock_timestamp()
     WHERE run_id = :run AND superseded_at IS NULL
       AND (split_part(stage, '.', 1) = ANY (:replaced)
            OR kind = :work AND (SELECT state FROM cell.runs WHERE id = :run) = 'done')
""")

_DESCRIBE = text("UPDATE assets SET media = CAST(:media AS jsonb) WHERE id = :asset")

_ADD_FILES = text("""
    INSERT INTO artifacts (asset_id, run_id, stage_id, stage, attempt, kind, path, storage_key,
                           mime, bytes, sha256, attributes)
    SELECT :asset, :run, :stage, :name, :attempt, f.kind, f.path, f.storage_key,
           f.mime, f.bytes, f.sha256, f.attributes
      FROM jsonb_to_recordset(CAST(:files AS jsonb)) AS f(kind text, path text, storage_key text,
           mime text, bytes bigint, sha256 text, attributes jsonb)
""")


def load(session: Session, held: Claim) -> Work:
    """The stage of a claim; LeaseLost when it was overtaken already."""
    row = session.execute(
        _STAGE, {"stage": held.stage_id, "attempt": held.attempt, "holder": held.holder}
    ).one_or_none()
    if row is None:
        raise LeaseLost("the lease ended before the work began")
    inputs = {}
    if row.needs:
        for upstream in session.execute(_INPUTS, {"needs": row.needs}):
            files = [InputFile(*file) for file in upstream.files]
            attempt = f"{upstream.id}/{upstream.attempt}"
            inputs[upstream.name] = Input(upstream.result, files, attempt)
    return Work(
        name=row.name,
        version=row.version,
        options=row.options,
        deadline_seconds=row.deadline_seconds,
        failures=row.failures,
        recipe=row.recipe,
        cancel_requested=row.cancel_requested,
        source=Source(row.asset_id, row.storage_key, row.sha256) if row.asset_id else None,
        inputs=inputs,
        queue=row.queue,
        waited_seconds=row.waited or 0.0,
        trace=row.trace,
    )


def record(
    session: Session,
    held: Claim,
    work: Work,
    *,
    result: Mapping[str, Any] | None,
    files: Sequence[MadeFile],
    graph: Graph | None = None,
    skipped: bool = False,
) -> bool:
    """Choose an attempt: its result, its artifacts and, where given, the rest of its run's graph.

    `skipped` says that nothing could be made, and that the run goes on. False when the attempt was
    overtaken or cancelled: then the caller rolls back.
    """
    if graph is not None:
        ledger.insert_graph(session, held.run_id, graph)
    # Before the artifacts: an overtaken attempt must not wait for locks, nor hold any.
    if not ledger.finish(session, held, result, skipped=skipped):
        return False
    if work.source is not None:
        if graph is not None and result is not None:
            # What the graph was planned from is what the asset is, but for the index into it.
            media = {name: value for name, value in result.items() if name != "index"}
            described = {"asset": work.source.asset_id, "media": json.dumps(media)}
            session.execute(_DESCRIBE, described)
            usage.add(session, media_seconds=float(result.get("duration_seconds") or 0.0))
        named = {
            "asset": work.source.asset_id,
            "run": held.run_id,
            "stage": held.stage_id,
            "name": work.name,
        }
        amended = list(amended_by(work.name)) if files else []
        late = False
        if amended:
            paths = {"amended": amended, "paths": [file.path for file in files]}
            done = session.connection().execute(_AMEND, {**named, **paths})
            late = done.rowcount == 0
        if not late:
            others = {"recipe": work.recipe, "amenders": list(amenders_of(work.name))}
            session.execute(_SUPERSEDE, {**named, **others})
        if files:
            rows = [
                {
                    "kind": file.kind,
                    "path": file.path,
                    "storage_key": file.storage_key,
                    "mime": file.mime,
                    "bytes": file.bytes,
                    "sha256": file.sha256,
                    "attributes": file.attributes,
                }
                for file in files
            ]
            values = {**named, "attempt": held.attempt, "files": json.dumps(rows)}
            session.execute(_ADD_FILES, values)
        if late:
            session.execute(_WITHDRAW, named)
        kind = STAGE_TYPES.get(kind_of(work.name))
        replaced = list(kind.replaces) if kind else []
        session.execute(_REPLACE, {"run": held.run_id, "replaced": replaced, "work": WORK})
    return True

"""The audit log of the tenant: read it, and take it away."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from api import problems
from api.access import needs
from api.context import InstallationDep, PlaceDep, Recheck, RecheckDep, in_turn
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.audit import EntryOut, EntryPage, Format
from services import audit
from services.audit import Wanted
from services.installation import Installation, Place
from services.permissions import Action

router = Router(prefix="/audit", tags=["audit"])

_READ: Final = needs(Action.AUDIT_READ)
_TYPES: Final[dict[Format, str]] = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
_COLUMNS: Final = tuple(EntryOut.model_fields)
_BITE: Final = 500
# What a spreadsheet takes for a formula, it computes: with an apostrophe ahead, it is text.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_Word = Query(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")


async def wanted(
    subject: Annotated[str | None, _Word] = None,
    action: Annotated[str | None, _Word] = None,
    target: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="The id of anything that was concerned.",
        ),
    ] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[
        AwareDatetime | None, Query(alias="to", description="Before this moment.")
    ] = None,
) -> Wanted:
    """Which entries are asked for."""
    return Wanted(subject, action, target, since, until)


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get("", openapi_extra=_READ)
async def list_audit_entries(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    filters: WantedDep,
    paging: PagingDep,
) -> EntryPage:
    """The newest entries: who has changed what, when and from where."""
    question = ("audit", where.tenant_id, filters)
    before = id_of(paging.after(*question))
    ask = partial(audit.page, limit=paging.limit + 1, before=before)
    found = await in_turn(request, ask, current, where, filters)
    items, following = paging.cut(found, by_id, *question)
    return EntryPage(items=[EntryOut.model_validate(one) for one in items], next=following)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every entry that fits, the newest first, a line each.",
            "content": {kind: {"schema": {"type": "string"}} for kind in _TYPES.values()},
        },
        **problems.documented(),
    },
    openapi_extra=_READ,
)
async def export_audit_entries(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    filters: WantedDep,
    recheck: RecheckDep,
    format: Format = "ndjson",  # noqa: A002 - as the query has it
) -> StreamingResponse:
    """All entries that fit, as JSON by lines, or as CSV with a first line of names."""
    lines = _csv if format == "csv" else _ndjson
    headers = {
        "Content-Disposition": f'attachment; filename="audit.{format}"',
        "Cache-Control": "no-store",
    }
    bites = _bites(request, current, where, filters, recheck)
    return StreamingResponse(_written(bites, lines), 200, headers, media_type=_TYPES[format])


async def _bites(
    request: Request, current: Installation, where: Place, filters: Wanted, recheck: Recheck
) -> AsyncIterator[list[EntryOut]]:
    """The entries in bites; no transaction is open while one of them is sent.

    Who may not read any more while this goes on is cut off.
    """
    before: UUID | None = None
    while True:
        ask = partial(audit.page, limit=_BITE, before=before)
        rows = await in_turn(request, ask, current, where, filters)
        yield [EntryOut.model_validate(row) for row in rows]
        if len(rows) < _BITE:
            return
        before = rows[-1].id
        await recheck()


async def _written(bites: AsyncIterator[list[EntryOut]], lines: Any) -> AsyncIterator[str]:
    first = True
    async for bite in bites:
        yield lines(bite, first)
        first = False


def _ndjson(entries: Sequence[EntryOut], first: bool) -> str:
    return "".join(f"{entry.model_dump_json()}\n" for entry in entries)


def _csv(entries: Sequence[EntryOut], first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(_COLUMNS)
    for entry in entries:
        said = entry.model_dump(mode="json")
        said["targets"] = " ".join(f"{name}={one}" for name, one in entry.targets.items())
        writer.writerow(_harmless(said[column]) for column in _COLUMNS)
    return text.getvalue()


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

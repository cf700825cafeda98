"""`automator storage`: hold what is stored against the rows, both ways."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from cli.connection import connected
from services import ledger_workers, reconciliation
from services.installation import Installation, Place
from services.migrations import tenant_versions
from services.reconciliation import Report
from services.uploads import spool_root

_WORDS = {
    "missing": "is missing",
    "wrong_size": "has another size than its row tells",
    "unknown": "is nobody's",
    "upload_lost": "is an upload that has lost bytes",
    "upload_unknown": "is nobody's upload",
}


@click.group("storage")
def command() -> None:
    """Hold what is stored against the rows, both ways."""


@command.command("check")
@click.option("--tenant", help="A tenant's slug or id.  [all]")
@click.option("--fix", is_flag=True, help="Remove what is nobody's and a day old.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
def check(tenant: str | None, fix: bool, as_json: bool, data: Path | None) -> None:
    """Name what is missing, has a wrong size or is nobody's; exit 1 where something is lost."""
    report = Report()
    strangers: list[tuple[str, int]] = []
    with connected(data, start=False) as installation:
        if tenant is not None:
            place = installation.place(tenant)
            _check(installation, place, report, fix=fix)
        else:
            known = _check_all(installation, report, fix=fix)
            strangers = list(reconciliation.strangers(installation.storage, known))
    if as_json:
        found = {**asdict(report), "strangers": dict(strangers)}
        print(json.dumps(found, default=str))
    else:
        _tell(report, strangers)
    sys.exit(1 if report.lost else 0)


def _check(installation: Installation, place: Place, report: Report, *, fix: bool) -> None:
    spool = spool_root(installation.settings, installation.storage)
    database = installation.cell(place.cell)
    steps = reconciliation.check(
        database, installation.storage, spool, place.tenant_id, report, fix=fix
    )
    for _ in steps:
        pass


def _check_all(installation: Installation, report: Report, *, fix: bool) -> set[UUID]:
    known = set()
    for cell in installation.cell_names:
        database = installation.cell(cell)
        for tenant_id in ledger_workers.tenant_ids(database, tuple(tenant_versions())):
            known.add(tenant_id)
            _check(installation, Place(tenant_id, "", "", cell), report, fix=fix)
    return known


def _tell(report: Report, strangers: list[tuple[str, int]]) -> None:
    for finding in report.examples:
        print(f"{finding.tenant_id}  {finding.key}  {_WORDS[finding.kind]}")
    for name, count in strangers:
        print(f"{name}  {count} objects of no tenant that this release can work on")
    print(
        f"{report.rows} rows, {report.objects} objects: {report.lost} lost,"
        f" {report.unknown + report.upload_unknown} nobody's, {report.removed} of them removed"
    )

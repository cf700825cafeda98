"""`automator tenants`: create, list and purge tenants."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from cli.connection import administered
from services import tenants
from services.purge import purge

_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("tenants")
def command() -> None:
    """Create, list and purge tenants."""


@command.command("create")
@click.argument("slug")
@click.option("--name", help="The name that people read.  [the slug]")
@click.option("--cell", help="The cell to make it in.  [the one with the most room]")
@_data
@_json
def create(slug: str, name: str | None, cell: str | None, data: Path | None, as_json: bool) -> None:
    """Make a tenant, or end making one that was cut short."""
    with administered(data) as installation:
        made = tenants.create(installation.settings, slug, name=name, cell=cell)
    if as_json:
        print(json.dumps(asdict(made), default=str))
    else:
        print(f"{made.slug} is {made.id} in cell {made.cell}")


@command.command("list")
@_data
@_json
def list_(data: Path | None, as_json: bool) -> None:
    """List every tenant, oldest first."""
    with administered(data) as installation:
        found = tenants.list_all(installation.settings)
    if as_json:
        print(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        print(f"{one.id}  {one.state:<9}  {one.cell:<8}  {one.slug}  {one.name}")


@command.command("purge")
@click.argument("tenant")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_data
def purge_(tenant: str, yes: bool, data: Path | None) -> None:
    """Remove TENANT (a slug or an id) with everything of it, for good; prints a receipt."""
    with administered(data) as installation:
        doomed = tenants.get(installation.settings, tenant)
        if not yes:
            click.confirm(f"Remove {doomed.slug} ({doomed.name}) for good?", abort=True, err=True)
        receipt = purge(installation.settings, str(doomed.id))
    print(json.dumps(asdict(receipt), default=str, indent=2))

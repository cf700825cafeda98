"""`automator tenants`: make, list, bound, suspend, move, purge tenants; say who is in them."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from cli.connection import administered
from core.errors import Conflict
from services import emails, operators, suspension, tenants
from services.installation import Installation, Place
from services.permissions import Role
from services.purge import purge
from services.tenant_export import export as write_archive
from services.tenant_import import take_in

_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_role = click.option("--role", type=click.Choice([str(one) for one in Role]), required=True)


@click.group("tenants")
def command() -> None:
    """Create, list, bound, suspend, move and purge tenants, and say who is in them."""


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


@command.command("quota")
@click.argument("tenant")
@click.option("--stored-bytes", type=click.IntRange(0), help="Bytes that it may have stored.")
@click.option("--open-uploads", type=click.IntRange(0), help="Uploads that it may have open.")
@click.option("--brands", type=click.IntRange(1), help="Brands that it may have.")
@click.option("--text-tokens", type=click.IntRange(0), help="Of language models, in a month.")
@click.option("--text-dollars", type=click.FloatRange(0), help="For language models, in a month.")
@_data
def quota(
    tenant: str,
    stored_bytes: int | None,
    open_uploads: int | None,
    brands: int | None,
    text_tokens: int | None,
    text_dollars: float | None,
    data: Path | None,
) -> None:
    """Give TENANT (a slug or an id) quotas; what is left out is as the settings say."""
    with administered(data) as installation:
        tenants.limit(
            installation.settings,
            tenant,
            stored_bytes=stored_bytes,
            open_uploads=open_uploads,
            brands=brands,
            text_tokens=text_tokens,
            text_dollars=text_dollars,
        )
    print("done: it holds for what is announced or made from now on")


@command.command("suspend")
@click.argument("tenant")
@_data
def suspend(tenant: str, data: Path | None) -> None:
    """Close TENANT (a slug or an id): it answers 403 within five seconds, its runs wait."""
    with administered(data) as installation:
        suspension.hold(installation.settings, tenant, held=True)
    print("suspended")


@command.command("resume")
@click.argument("tenant")
@_data
def resume(tenant: str, data: Path | None) -> None:
    """End a suspension by `suspend`; a tenant that was to be deleted stays closed."""
    with administered(data) as installation:
        suspension.hold(installation.settings, tenant, held=False)
    print(tenants.get(installation.settings, tenant).state)


@command.command("members")
@click.argument("tenant")
@_data
@_json
def members_(tenant: str, data: Path | None, as_json: bool) -> None:
    """List the members of TENANT (a slug or an id)."""
    with administered(data) as installation:
        found = operators.members_of(installation, tenant)
    if as_json:
        print(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        closed = "  suspended" if one.suspended else ""
        print(f"{one.user_id}  {one.role:<15}  {one.email}  {one.name}{closed}")


@command.command("set-role")
@click.argument("tenant")
@click.argument("email")
@_role
@_data
def set_role(tenant: str, email: str, role: str, data: Path | None) -> None:
    """Give who has an account with EMAIL a role in TENANT, or make them a member of it."""
    with administered(data) as installation:
        operators.set_role(installation, tenant, email, Role(role))
    print("done: it holds within five seconds")


@command.command("invite")
@click.argument("tenant")
@click.argument("email")
@_role
@_data
def invite(tenant: str, email: str, role: str, data: Path | None) -> None:
    """Ask somebody by mail to become a member of TENANT; prints the link, too."""
    with administered(data) as installation:
        path = operators.invite(installation, tenant, email, Role(role))
        origin = _origin(installation)
    print(f"{origin}{path}")


@command.command("export")
@click.argument("tenant")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The new file."
)
@_data
@_json
def export(tenant: str, out: Path, data: Path | None, as_json: bool) -> None:
    """Write TENANT (a slug or an id) into one archive, while it goes on working."""
    with administered(data) as installation:
        found = tenants.get(installation.settings, tenant)
        if found.state not in ("active", "suspended"):
            raise Conflict(f"the tenant {found.slug!r} is {found.state}")
        place = Place(found.id, found.slug, found.name, found.cell)
        made = write_archive(installation, place, out)
    if as_json:
        print(json.dumps(asdict(made)))
        return
    gone = f" ({made.absent} were removed meanwhile)" if made.absent else ""
    print(f"{out}: {made.rows} rows, {made.files} files{gone}, {made.bytes / 1e6:.1f} MB")


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--slug", help="Its name in addresses.  [the archive's]")
@click.option("--name", help="The name that people read.  [the archive's]")
@click.option("--cell", help="The cell to make it in.  [the one with the most room]")
@click.option("--owner", metavar="EMAIL", help="Whom to invite as its owner.")
@click.option("--invite", "everybody", is_flag=True, help="Invite all who were members.")
@_data
@_json
def import_(
    file: Path,
    slug: str | None,
    name: str | None,
    cell: str | None,
    owner: str | None,
    everybody: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make a new tenant of the archive FILE; nobody is in it before they accept an invitation."""
    chosen = emails.normalised(owner, field="--owner") if owner is not None else None
    with administered(data) as installation:
        made = take_in(installation.settings, file, slug=slug, name=name, cell=cell)
        wanted = {one.email: one.role for one in made.members} if everybody else {}
        if chosen is not None:
            key = emails.key(chosen)
            wanted = {one: role for one, role in wanted.items() if emails.key(one) != key}
            wanted[chosen] = Role.OWNER
        origin = _origin(installation)
        invited = dict(operators.invite_all(installation, str(made.tenant.id), wanted.items()))
    if as_json:
        told = {**asdict(made.tenant), "rows": made.rows, "files": made.files, "invited": invited}
        print(json.dumps(told, default=str))
        return
    print(f"{made.tenant.slug} is {made.tenant.id} in cell {made.tenant.cell}")
    gone = f", and {made.absent} that the archive lacks" if made.absent else ""
    print(f"{made.rows} rows, {made.files} files{gone}")
    for email, path in invited.items():
        print(f"{email}  {origin}{path}" if path.startswith("/") else f"{email}  {path}")


def _origin(installation: Installation) -> str:
    settings = installation.settings
    return (settings.public_url or settings.local_url or "").rstrip("/")


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

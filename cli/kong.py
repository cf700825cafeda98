"""`automator kong`: the gateway's configuration."""

import os
import sys
from pathlib import Path

import click

from cli.connection import connected
from core.errors import Misconfigured
from services import signing_keys
from services.gateway import PLAIN_COOKIE, SECURE_COOKIE, Counter, KongValues, PublicKey, render


@click.group("kong")
def command() -> None:
    """The gateway's configuration."""


@command.command("render")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File.  [standard output]"
)
@click.option(
    "--key", "keys", multiple=True, metavar="KID=FILE",
    help="A public key in PEM; repeat.  [those of the installation]",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
@click.option("--without-keys", is_flag=True, help="Render a gateway that takes no access token.")
@click.option(
    "--origin", "origins", multiple=True, help="A page that may ask, as https://host; repeat."
)
@click.option("--host", "hosts", multiple=True, help="A host that is served.  [any]")
@click.option(
    "--upstream", "targets", multiple=True, default=("api:8000",), show_default=True,
    metavar="HOST:PORT", help="An API process.",
)  # fmt: skip
@click.option("--counter", metavar="HOST:PORT", help="A Valkey in which several gateways count.")
@click.option("--plain-cookies", is_flag=True, help="Cookies of an installation without TLS.")
def render_command(
    out: Path | None,
    keys: tuple[str, ...],
    data: Path | None,
    without_keys: bool,
    origins: tuple[str, ...],
    hosts: tuple[str, ...],
    targets: tuple[str, ...],
    counter: str | None,
    plain_cookies: bool,
) -> None:
    """Write kong.yml for Kong 3.9 with router_flavor = expressions.

    Options for keys, origins, hosts and upstreams may be repeated.
    """
    values = KongValues(
        keys=() if without_keys else _given(keys) or _kept(data),
        origins=origins,
        hosts=hosts,
        targets=targets,
        cookie=PLAIN_COOKIE if plain_cookies else SECURE_COOKIE,
        counter=_counter(counter) if counter else None,
    )
    text = render(values)
    if out is None:
        sys.stdout.write(text)
        return
    # Kong may be reading it: the name has the old text, and then the new.
    fresh = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)


def _kept(data: Path | None) -> tuple[PublicKey, ...]:
    """The installation's keys, the next one among them; makes those that are due."""
    with (
        connected(data, start=False) as installation,
        installation.identity_scope() as session,
    ):
        if signing_keys.is_due(session):
            signing_keys.turn(session, installation.keyring.people(session))
        found = signing_keys.public_keys(session)
    return tuple(PublicKey(one.kid, one.pem) for one in found)


def _given(given: tuple[str, ...]) -> tuple[PublicKey, ...]:
    found = []
    for one in given:
        kid, separator, path = one.partition("=")
        if not separator:
            raise Misconfigured(f"--key {one}: KID=FILE is needed")
        found.append(PublicKey(kid, Path(path).read_text("ascii", errors="replace")))
    return tuple(found)


def _counter(place: str) -> Counter:
    host, _, port = place.rpartition(":")
    if not port.isdecimal():
        raise Misconfigured(f"no counter: {place!r} (host:port)")
    return Counter(host, int(port))

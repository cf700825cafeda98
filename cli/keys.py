"""`automator keys`: list and rotate the keys that seal secrets."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from cli.connection import administered
from core.master_keys import MasterKeys
from services import data_keys, key_rotation

_SHOWN = 20
_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("keys")
def command() -> None:
    """List and rotate the keys that seal secrets."""


@command.command("list")
@_data
@_json
def list_(data: Path | None, as_json: bool) -> None:
    """Name the master keys, and how many data keys each has wrapped; exit 1 where one is away."""
    with administered(data) as installation:
        known = [one.name for one in MasterKeys.of(installation.settings).all()]
        counts = data_keys.survey(installation.settings)
    away = sorted(counts.keys() - set(known))
    if as_json:
        print(json.dumps({"known": known, "wrapped": counts, "away": away}))
    else:
        for name in [*known, *away]:
            state = "not in MASTER_KEYS" if name in away else "wraps" if name == known[0] else ""
            print(f"{counts.get(name, 0):>6}  {name}  {state}".rstrip())
    sys.exit(1 if away else 0)


@command.command("rotate")
@click.option("--all", "every", is_flag=True, help="Also those that the first has wrapped.")
@click.option("--data-keys", is_flag=True, help="Make new data keys, and seal everything anew.")
@_data
@_json
def rotate(every: bool, data_keys: bool, data: Path | None, as_json: bool) -> None:
    """Wrap every data key by the first master key; safe to repeat, to interrupt and meanwhile."""
    with administered(data) as installation:
        report = key_rotation.rewrap(installation.settings, every=every)
        if data_keys:
            renewed = key_rotation.renew(installation.settings)
            renewed.rewrapped = report.rewrapped
            renewed.left = report.left + renewed.left
            report = renewed
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        for line in report.left[:_SHOWN]:
            print(f"stays as it was: {line}", file=sys.stderr)
        print(
            f"{report.rewrapped} keys wrapped anew, {report.made} made,"
            f" {report.resealed} secrets sealed anew, {len(report.left)} left"
        )
    sys.exit(1 if report.left else 0)

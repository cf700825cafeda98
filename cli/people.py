"""`automator people`: what an operator does for somebody who cannot do it any more."""

from pathlib import Path

import click

from cli.connection import administered
from services import operators

_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)


@click.group("people")
def command() -> None:
    """Help people who cannot sign in any more."""


@command.command("reset-second-factor")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_data
def reset_second_factor(email: str, yes: bool, data: Path | None) -> None:
    """Forget the app, recovery codes and passkeys of who has an account with EMAIL.

    Their sessions end, and they are told by mail. Whoever has no password chooses one by mail. Be
    sure first that it is they who ask: afterwards, their mail or their password opens the account.
    """
    with administered(data) as installation:
        if not yes:
            question = f"Forget the second factor and the passkeys of {email}?"
            click.confirm(question, abort=True, err=True)
        done = operators.reset_second_factor(installation, email)
    app = "a second factor" if done.second_factor else "no second factor"
    print(f"removed: {app}, {done.passkeys} passkeys; ended: {done.sessions} sessions")

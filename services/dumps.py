"""PostgreSQL's own dump programs, run with the owner's login and acting as the schemas' owner."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from core.database import conninfo, sqlalchemy_url
from core.embedded.wheels import postgres_program
from core.errors import AutomatorError, Misconfigured
from core.settings import Settings
from services.administration import Cell


def dump(
    settings: Settings, cell: Cell, file: Path, *, snapshot: str, chosen: Sequence[str]
) -> None:
    """Writes the rows of a database as they are in `snapshot` into `file`.

    `chosen` are pg_dump's options that say which. Readers and writers go on meanwhile: the dump
    holds the weakest of locks and an old snapshot.
    """
    _run(
        settings,
        cell,
        "pg_dump",
        [
            "--format=custom",
            "--data-only",
            "--no-password",
            f"--role={cell.roles.migrator}",
            "--enable-row-security",
            f"--snapshot={snapshot}",
            f"--file={file}",
            *chosen,
            "--exclude-table-data=*.alembic_version",
        ],
    )


def load(settings: Settings, cell: Cell, file: Path, *, at_once: bool) -> None:
    """Reads back what `dump` wrote; with `at_once`, in one transaction."""
    _run(
        settings,
        cell,
        "pg_restore",
        [
            "--data-only",
            "--no-password",
            "--exit-on-error",
            f"--role={cell.roles.migrator}",
            "--enable-row-security",
            *(["--single-transaction"] if at_once else []),
            str(file),
        ],
    )


def _run(settings: Settings, cell: Cell, program: str, options: Sequence[str]) -> None:
    """Runs a program on a cell's database; the password goes by the environment, not by `ps`."""
    path = settings.postgres_bin / program if settings.postgres_bin else postgres_program(program)
    environment = {
        name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ
    }
    password = sqlalchemy_url(cell.admin_url).password
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    address = conninfo(cell.admin_url, password=False)
    try:
        done = subprocess.run(
            [str(path), f"--dbname={address}", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Misconfigured(f"{path} is missing: set POSTGRES_BIN to its folder") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        hint = "; set POSTGRES_BIN" if "server version mismatch" in done.stderr else ""
        raise AutomatorError(f"{program} failed: {said[0]}{hint}", detail=done.stderr[-4096:])

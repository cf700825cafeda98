"""Addresses that tenants have events sent to, and what became of each."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes the tables, and what finds work across tenants."""
    run_file(Path(__file__).with_suffix(".sql"))

"""Entries of the audit log by what they are about."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    """Makes the table, and has it filled."""
    run_file(Path(__file__).with_suffix(".sql"))

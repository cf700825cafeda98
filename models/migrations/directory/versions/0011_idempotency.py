"""Requests of people that are done once."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

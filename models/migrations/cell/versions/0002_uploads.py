"""Uploads: how many bytes of each have come, and when it is given up."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

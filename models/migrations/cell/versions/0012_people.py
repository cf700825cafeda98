"""Periodic work for people, where the directory is."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Names the work."""
    run_file(Path(__file__).with_suffix(".sql"))

"""Answers that are secrets are kept sealed."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds the column."""
    run_file(Path(__file__).with_suffix(".sql"))

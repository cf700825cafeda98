"""Data keys for the secrets of people."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

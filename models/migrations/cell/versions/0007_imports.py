"""Imports: where each file comes from, and the asset that it became."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

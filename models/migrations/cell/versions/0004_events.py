"""Events: told at their commit where somebody watches, and of an epoch that a restore ends."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns, and has `cell.emit` notify."""
    run_file(Path(__file__).with_suffix(".sql"))

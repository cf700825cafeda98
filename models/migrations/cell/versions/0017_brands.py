"""Which brand a file on its way in is for, and how many brands a tenant may have."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Adds columns without values, which rewrites no table."""
    run_file(Path(__file__).with_suffix(".sql"))

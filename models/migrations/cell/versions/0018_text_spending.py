"""What language models cost a tenant, month by month, and how much they may."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Adds a table, and columns without values."""
    run_file(Path(__file__).with_suffix(".sql"))

"""Data keys for the secrets of tenants."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

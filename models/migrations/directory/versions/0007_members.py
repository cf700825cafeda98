"""Invitations, offers of ownership, organisations, and the end of tenants."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the tables."""
    run_file(Path(__file__).with_suffix(".sql"))

"""Tenants that come from an archive."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Lets a tenant be on its way in."""
    run_file(Path(__file__).with_suffix(".sql"))

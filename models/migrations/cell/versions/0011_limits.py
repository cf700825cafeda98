"""Quotas of tenants, and how many bytes an import takes."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Makes the table and adds the column."""
    run_file(Path(__file__).with_suffix(".sql"))

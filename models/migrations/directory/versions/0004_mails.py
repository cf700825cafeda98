"""Mails that wait to be sent, and what became of them."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table and what tells how many wait."""
    run_file(Path(__file__).with_suffix(".sql"))

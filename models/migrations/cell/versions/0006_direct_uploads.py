"""Uploads that go straight to the bucket: which they are, and where their bytes are sent."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns."""
    run_file(Path(__file__).with_suffix(".sql"))

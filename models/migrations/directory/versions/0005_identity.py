"""People, their memberships and sessions, and the keys that sign their tokens."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the tables."""
    run_file(Path(__file__).with_suffix(".sql"))

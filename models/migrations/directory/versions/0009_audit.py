"""What was done, by whom, when and from where."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

"""What was done, by whom, when and from where."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes the table."""
    run_file(Path(__file__).with_suffix(".sql"))

"""Resources: requests that are done once, one stage's retry and end, a run's priority."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table, the indexes and the functions."""
    run_file(Path(__file__).with_suffix(".sql"))

"""The application can ask at which revision the directory is."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the function."""
    run_file(Path(__file__).with_suffix(".sql"))

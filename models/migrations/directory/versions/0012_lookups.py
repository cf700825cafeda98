"""What is asked of nearly every request, as functions whose plans a connection keeps."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes the functions."""
    run_file(Path(__file__).with_suffix(".sql"))

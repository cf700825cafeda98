"""What signing in asks and writes, as functions whose plans a connection keeps."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes the functions."""
    run_file(Path(__file__).with_suffix(".sql"))

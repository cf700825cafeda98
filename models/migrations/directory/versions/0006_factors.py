"""Second factors, further ways to sign in, and challenges by which one goes on."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the tables."""
    run_file(Path(__file__).with_suffix(".sql"))

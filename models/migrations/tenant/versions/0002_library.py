"""What a library of assets needs: tags, a trash, versions, and addresses that end or stay."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns with constant defaults, which rewrites no table."""
    run_file(Path(__file__).with_suffix(".sql"))

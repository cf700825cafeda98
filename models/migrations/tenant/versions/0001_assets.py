"""Assets and their artifacts."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0001"
down_revision = None

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Makes the branch's first tables."""
    run_file(_HERE / "0001_assets.sql")

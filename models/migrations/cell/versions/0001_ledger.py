"""The ledger: runs, stages, events, queues and workers, with the functions that move them."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0001"
down_revision = None

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Makes the branch's first tables."""
    run_file(_HERE / "0001_ledger.sql")
    run_file(_HERE / "0001_ledger_functions.sql")

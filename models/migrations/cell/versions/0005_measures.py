"""What is measured of queues and of tenants, and where the trace of a run began."""

from pathlib import Path

from models.migrations.steps import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds a column, a table and the functions that read them for everybody."""
    run_file(Path(__file__).with_suffix(".sql"))

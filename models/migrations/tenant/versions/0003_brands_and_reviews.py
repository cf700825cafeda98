"""Brands and their kits, of which every asset belongs to one; and reviews: what people think."""

from pathlib import Path

from alembic import op

from models.migrations.steps import is_upgrade, run_file

revision = "0003"
down_revision = "0002"

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Makes the tables, and gives the assets that are there to a first brand of a neutral name.

    Tenants' names are the directory's, which may be in another database.
    """
    run_file(_HERE / "0003_brands.sql")
    if is_upgrade():
        op.execute("INSERT INTO brands (name, is_default) VALUES ('Default', true)")
    run_file(_HERE / "0003_brand_kits.sql")
    run_file(_HERE / "0003_brands_of_assets.sql")
    run_file(_HERE / "0003_reviews.sql")

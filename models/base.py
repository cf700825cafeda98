"""The declarative bases, one for each migration branch."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class DirectoryBase(DeclarativeBase):
    """Rows that exist once in the installation."""

    metadata = MetaData(schema="directory")


class CellBase(DeclarativeBase):
    """Rows shared by the tenants of one cell, guarded by row-level security."""

    metadata = MetaData(schema="cell")


class TenantBase(DeclarativeBase):
    """Rows of one tenant's schema, found by the search path."""

    metadata = MetaData()

"""The declarative bases, one for each migration branch."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import REAL, BigInteger, DateTime, LargeBinary, MetaData, SmallInteger, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

Big = Annotated[int, mapped_column(BigInteger)]
Small = Annotated[int, mapped_column(SmallInteger)]
# A secret, sealed by `core.sealing`; services/sealed_columns.py lists these columns.
Sealed = Annotated[bytes, mapped_column(LargeBinary, info={"sealed": True})]

_TYPES: dict[Any, Any] = {
    str: Text,
    float: REAL,
    datetime: DateTime(timezone=True),
}


class DirectoryBase(DeclarativeBase):
    """Rows that exist once in the installation."""

    metadata = MetaData(schema="directory")
    type_annotation_map = _TYPES


class CellBase(DeclarativeBase):
    """Rows shared by the tenants of one cell, guarded by row-level security."""

    metadata = MetaData(schema="cell")
    type_annotation_map = _TYPES


class TenantBase(DeclarativeBase):
    """Rows of one tenant's schema, found by the search path."""

    metadata = MetaData()
    type_annotation_map = _TYPES

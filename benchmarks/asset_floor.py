"""A bare API over the same rows: FastAPI, the ORM and the tenant's role, and nothing else.

The floor under bench_assets: `python -m benchmarks.asset_floor FD`.
"""

import os
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session, undefer

from core.database import sqlalchemy_url, tenant_role
from models.asset import Asset

POOL = 8

app = FastAPI()
engine = create_engine(
    sqlalchemy_url(os.environ["DATABASE_URL"]),
    pool_size=POOL,
    max_overflow=0,
    connect_args={"prepare_threshold": None},
)
_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('search_path', :path, true)"
)  # one round trip


class AssetOut(BaseModel):
    """As large as the product's answer; what the bare rows do not tell is a constant."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: str
    mime: str
    bytes: int
    sha256: str
    tags: list[str]
    brand_id: UUID
    version: int
    state: str = "ready"
    media: dict[str, Any] | None
    duplicate_of: UUID | None = None
    created_at: datetime
    trashed_at: datetime | None


class Page(BaseModel):
    """Part of a list."""

    items: list[AssetOut]
    next: str | None


def session(x_tenant: Annotated[str, Header()]) -> Iterator[Session]:
    """A transaction as the tenant."""
    role = tenant_role(UUID(x_tenant))
    with Session(engine) as opened, opened.begin():
        opened.execute(_ENTER, {"role": role, "path": role})
        yield opened


SessionDep = Annotated[Session, Depends(session, scope="function")]


@app.get("/v1/assets/{asset_id}")
def get_asset(asset_id: UUID, opened: SessionDep) -> AssetOut:
    """One asset."""
    found = opened.get(Asset, asset_id, options=[undefer(Asset.brand_id)])
    if found is None:
        raise HTTPException(404)
    return AssetOut.model_validate(found)


@app.get("/v1/assets")
def list_assets(opened: SessionDep, limit: int = 50) -> Page:
    """The newest assets."""
    query = select(Asset).options(undefer(Asset.brand_id))
    query = query.order_by(Asset.created_at.desc(), Asset.id.desc()).limit(limit)
    found = opened.scalars(query).all()
    # As long as a cursor of the product.
    return Page(items=[AssetOut.model_validate(one) for one in found], next="x" * 43)


if __name__ == "__main__":
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])

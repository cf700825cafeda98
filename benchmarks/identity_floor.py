"""A bare API over the same people: FastAPI, the ORM and the role that acts for them, nothing else.

The floor under bench_identity: `python -m benchmarks.identity_floor FD`.
"""

import os
import socket
import sys
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Header
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from api.schemas.member import MemberOut, MemberPage
from api.schemas.person import MembershipOut, MeOut, SessionOut, SessionsOut
from api.schemas.webhook import WebhookOut, WebhookPage
from core.database import RoleNames, sqlalchemy_url, tenant_role
from models.person import Membership, SignIn, User
from models.tenant import Tenant
from models.webhook import Webhook
from services.permissions import Role

POOL = 8

app = FastAPI()
_URL = sqlalchemy_url(os.environ["DATABASE_URL"])
engine = create_engine(
    _URL, pool_size=POOL, max_overflow=0, connect_args={"prepare_threshold": None}
)
_ROLE = RoleNames.of(str(_URL.database)).identity
_ENTER = text("SELECT set_config('role', :role, true), set_config('search_path', :path, true)")


def session() -> Iterator[Session]:
    """A transaction for people."""
    with Session(engine) as opened, opened.begin():
        opened.execute(_ENTER, {"role": _ROLE, "path": "directory"})
        yield opened


SessionDep = Annotated[Session, Depends(session, scope="function")]


@app.get("/v1/me")
def read_me(opened: SessionDep, x_person: Annotated[UUID, Header()]) -> MeOut:
    """Who it is, and where they are a member."""
    user = opened.get_one(User, x_person)
    query = select(Membership, Tenant).join(Tenant, Tenant.id == Membership.tenant_id)
    rows = opened.execute(query.where(Membership.user_id == x_person)).all()
    return MeOut(
        id=user.id,
        email=user.email,
        name=user.name,
        has_password=user.password_hash is not None,
        second_factor=None,
        session_id=user.id,
        tenant_id=rows[0][1].id,
        memberships=[
            MembershipOut(
                tenant_id=tenant.id,
                slug=tenant.slug,
                name=tenant.name,
                role=membership.role,
                state=tenant.state,
                suspended=membership.suspended,
                purge_after=tenant.purge_after,
                organisation_id=tenant.organisation_id,
                organisation=None,
            )
            for membership, tenant in rows
        ],
    )


@app.get("/v1/sessions")
def list_sessions(opened: SessionDep, x_person: Annotated[UUID, Header()]) -> SessionsOut:
    """Where they have signed in."""
    rows = opened.scalars(select(SignIn).where(SignIn.user_id == x_person))
    return SessionsOut(items=[SessionOut.model_validate(row, from_attributes=True) for row in rows])


@app.get("/v1/members")
def list_members(opened: SessionDep, x_tenant: Annotated[UUID, Header()]) -> MemberPage:
    """Who belongs to a tenant."""
    query = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == x_tenant)
        .order_by(User.id)
        .limit(50)
    )
    return MemberPage(
        items=[
            MemberOut(
                user_id=user.id,
                name=user.name,
                email=user.email,
                role=Role(one.role),
                suspended=one.suspended,
                created_at=one.created_at,
                version=one.version,
            )
            for one, user in opened.execute(query)
        ],
        next=None,
    )


def of_tenant(x_tenant: Annotated[UUID, Header()]) -> Iterator[Session]:
    """A transaction of a tenant."""
    role = tenant_role(x_tenant)
    with Session(engine) as opened, opened.begin():
        opened.execute(_ENTER, {"role": role, "path": role})
        yield opened


@app.get("/v1/webhooks")
def list_webhooks(opened: Annotated[Session, Depends(of_tenant, scope="function")]) -> WebhookPage:
    """Where a tenant's events are sent to."""
    rows = opened.scalars(select(Webhook).order_by(Webhook.id.desc()).limit(50))
    items = [WebhookOut.model_validate(row, from_attributes=True) for row in rows]
    return WebhookPage(items=items, next=None)


if __name__ == "__main__":
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])

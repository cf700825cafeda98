"""Tenants: one's own, another one, and the end of one."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import problems
from api.access import PERSON, needs
from api.conditions import (
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
)
from api.context import InstallationDep, PeopleDep, PersonDep, PlaceDep, PrincipalDep, in_turn
from api.founding import founded
from api.idempotency import OncePeopleDep, OncePeopleInAnyTurnDep
from api.paging import PagingDep, by_name, name_of
from api.proving import prove
from api.routing import Router
from api.schemas.person import MembershipOut
from api.schemas.tenant import TenantDeleteIn, TenantIn, TenantOut, TenantPage, TenantPatch
from core.errors import NotFound
from models.tenant import Tenant
from services import closing, members, memberships, ownership, people
from services.founding import renamed
from services.permissions import Action

router = Router(tags=["tenants"])


@router.get("/tenants", openapi_extra=PERSON, responses=problems.documented(403))
def list_tenants(session: PeopleDep, asker: PersonDep, paging: PagingDep) -> TenantPage:
    """The person's tenants, those of organisations that they lead included."""
    question = ("tenants", asker.user_id)
    after = name_of(paging.after(*question))
    found = memberships.of_person(session, asker.user_id, limit=paging.limit + 1, after=after)
    items, following = paging.cut(found, by_name, *question)
    return TenantPage(items=[MembershipOut.model_validate(one) for one in items], next=following)


@router.post(
    "/tenants",
    status_code=201,
    response_model=MembershipOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 409, 503),
)
async def found_tenant(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: TenantIn,
) -> Response:
    """Another tenant, of which one is the owner. It is there at once, or `creating` for a moment.

    A session goes on in it after `PUT /v1/sessions/current/tenant`.
    """
    made: list[UUID] = []

    def found(session: Session) -> MembershipOut:
        made.append(people.found_another(session, current, asker.user_id, asked.name))
        return shown(session)

    def shown(session: Session) -> MembershipOut:
        return MembershipOut.model_validate(memberships.one_of(session, asker.user_id, made[0]))

    answer = await in_turn(request, once, found, status=201)
    if not made:
        return answer
    await founded(request, current, str(made[0]))
    return await in_turn(request, once.amended, shown, status=201)


@router.post(
    "/tenants/{tenant_id}/restore",
    response_model=TenantOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def restore_tenant(asker: PersonDep, once: OncePeopleDep, tenant_id: UUID) -> Response:
    """Have a tenant that was to be deleted go on; for owners, until `purge_after`.

    It answers again within five seconds.
    """

    def act(session: Session) -> TenantOut:
        return TenantOut.model_validate(closing.restore(session, tenant_id, asker.user_id))

    return once(act)


@router.get(
    "/tenant",
    response_model=TenantOut,
    openapi_extra=needs(Action.TENANT_READ),
    responses={200: TAGGED, **UNCHANGED, **problems.documented(403)},
)
def get_tenant(session: PeopleDep, where: PlaceDep, if_none_match: IfNoneMatch = None) -> Response:
    """The caller's tenant."""
    found = session.get(Tenant, where.tenant_id)
    if found is None:
        raise NotFound("there is no such tenant any more")
    out = TenantOut.model_validate(found)
    return tagged(out, out.version, known=if_none_match)


@router.patch(
    "/tenant",
    response_model=TenantOut,
    openapi_extra=needs(Action.TENANT_WRITE),
    responses={200: TAGGED, **problems.documented(403, 404, 412, 428)},
)
def change_tenant(
    session: PeopleDep, where: PlaceDep, changes: TenantPatch, if_match: IfMatch = None
) -> Response:
    """Another name; the slug stays. If-Match is required, so that no edit is lost."""
    allowed = required_versions(if_match)
    found = renamed(session, members.lock(session, where.tenant_id), changes.name, allowed)
    out = TenantOut.model_validate(found)
    return tagged(out, out.version)


@router.post(
    "/tenant/delete",
    status_code=202,
    response_model=TenantOut,
    openapi_extra=needs(Action.TENANT_DELETE),
    responses=problems.documented(403, 404, 409),
)
async def delete_tenant(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OncePeopleInAnyTurnDep,
    asked: TenantDeleteIn,
) -> Response:
    """Close the tenant now, and have everything in it removed for good at `purge_after`.

    Its owners are told by mail, then and in the end; until then each of them can restore it.
    """
    person = asker.require_person()
    await prove(request, current, person, asked.password)

    def act(session: Session) -> TenantOut:
        closed = closing.ask_to_delete(
            session, current, where.tenant_id, person.user_id, asked.slug
        )
        return TenantOut.model_validate(closed)

    return await in_turn(request, once, act, status=202)


@router.post(
    "/tenants/{tenant_id}/ownership",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def accept_ownership(asker: PersonDep, once: OncePeopleDep, tenant_id: UUID) -> Response:
    """Become the owner of a tenant that was offered; who offered it becomes admin."""
    return once(lambda session: ownership.accept(session, tenant_id, asker.user_id))

"""Members of the caller's tenant: who they are, what they may, and that they leave."""

from uuid import UUID

from fastapi import Response

from api import problems
from api.access import needs
from api.conditions import (
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
    versions,
)
from api.context import PeopleDep, PlaceDep, PrincipalDep
from api.paging import PagingDep
from api.routing import Router
from api.schemas.member import MemberOut, MemberPage, MemberPatch
from services import members
from services.members import MemberOf
from services.permissions import Action

router = Router(prefix="/members", tags=["members"])


@router.get("", openapi_extra=needs(Action.MEMBERS_READ), responses=problems.documented(403))
def list_members(session: PeopleDep, where: PlaceDep, paging: PagingDep) -> MemberPage:
    """Everybody who was made a member; who leads the tenant's organisation is none by that."""
    question = ("members", where.tenant_id)
    after = paging.after(*question)
    found = members.listed(
        session,
        where.tenant_id,
        limit=paging.limit + 1,
        after=UUID(bytes=after) if after is not None else None,
    )
    items, following = paging.cut(found, _place, *question)
    return MemberPage(items=[MemberOut.model_validate(one) for one in items], next=following)


def _place(member: MemberOf) -> bytes:
    return member.user_id.bytes


@router.get(
    "/{user_id}",
    response_model=MemberOut,
    openapi_extra=needs(Action.MEMBERS_READ),
    responses={200: TAGGED, **UNCHANGED, **problems.documented(403, 404)},
)
def get_member(
    session: PeopleDep, where: PlaceDep, user_id: UUID, if_none_match: IfNoneMatch = None
) -> Response:
    """One of them."""
    out = MemberOut.model_validate(members.get(session, where.tenant_id, user_id))
    return tagged(out, out.version, known=if_none_match)


@router.patch(
    "/{user_id}",
    response_model=MemberOut,
    openapi_extra=needs(Action.MEMBERS_WRITE),
    responses={200: TAGGED, **problems.documented(403, 404, 409, 412, 428)},
)
def change_member(
    session: PeopleDep,
    where: PlaceDep,
    asker: PrincipalDep,
    user_id: UUID,
    changes: MemberPatch,
    if_match: IfMatch = None,
) -> Response:
    """Another role, or a suspension or its end. It holds within five seconds, for streams, too.

    Nobody gives a role above their own or raises themselves, admins change nothing about owners,
    and the last active owner stays one (409).
    """
    given = changes.model_fields_set
    changed = members.change(
        session,
        where.tenant_id,
        user_id,
        asker,
        role=changes.role if "role" in given else None,
        suspended=changes.suspended if "suspended" in given else None,
        versions=required_versions(if_match),
    )
    out = MemberOut.model_validate(changed)
    return tagged(out, out.version)


@router.delete(
    "/{user_id}",
    status_code=204,
    openapi_extra=needs(Action.MEMBERS_WRITE),
    responses=problems.documented(403, 404, 409, 412),
)
def remove_member(
    session: PeopleDep,
    where: PlaceDep,
    asker: PrincipalDep,
    user_id: UUID,
    if_match: IfMatch = None,
) -> None:
    """Put somebody out. Whoever wants to leave: `DELETE /v1/me/memberships/{tenant_id}`."""
    members.remove(session, where.tenant_id, user_id, asker, versions=versions(if_match))

"""Invitations: somebody is asked by mail to become a member, and comes."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import problems
from api.access import PERSON, PUBLIC, needs
from api.context import InstallationDep, PeopleDep, PersonDep, PlaceDep, PrincipalDep, in_turn
from api.idempotency import OncePeopleDep, OncePeopleInAnyTurnDep
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.member import (
    InvitationIn,
    InvitationOut,
    InvitationPage,
    InvitationReadOut,
    InvitationSignUpIn,
)
from api.schemas.person import MembershipOut, SignedInOut, TicketIn
from api.signing_in import may_be_mailed, origin, signed_in
from services import emails, invitations, memberships, people
from services.installation import Installation
from services.people import Origin
from services.permissions import Action
from services.sessions import Opened

router = Router(prefix="/invitations", tags=["members"])


@router.post(
    "",
    status_code=201,
    response_model=InvitationOut,
    openapi_extra=needs(Action.MEMBERS_WRITE),
    responses=problems.documented(403, 404, 409),
)
async def create_invitation(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OncePeopleInAnyTurnDep,
    asked: InvitationIn,
) -> Response:
    """Ask somebody by mail; the link holds for seven days. Asked again, the old link ends.

    The answer is the same whether the address has an account or not.
    """
    email = emails.normalised(asked.email)
    await may_be_mailed(request, email)

    def act(session: Session) -> InvitationOut:
        made = invitations.invite(session, current, where.tenant_id, email, asked.role, asker)
        return InvitationOut.model_validate(made.row)

    return await in_turn(request, once, act, status=201)


@router.get("", openapi_extra=needs(Action.MEMBERS_READ), responses=problems.documented(403))
def list_invitations(session: PeopleDep, where: PlaceDep, paging: PagingDep) -> InvitationPage:
    """Those that are open."""
    question = ("invitations", where.tenant_id)
    found = invitations.listed(
        session,
        where.tenant_id,
        limit=paging.limit + 1,
        after=id_of(paging.after(*question)),
    )
    items, following = paging.cut(found, by_id, *question)
    shown = [InvitationOut.model_validate(one) for one in items]
    return InvitationPage(items=shown, next=following)


@router.delete(
    "/{invitation_id}",
    status_code=204,
    openapi_extra=needs(Action.MEMBERS_WRITE),
    responses=problems.documented(403, 404),
)
def revoke_invitation(session: PeopleDep, where: PlaceDep, invitation_id: UUID) -> None:
    """End an invitation: its link opens nothing any more."""
    invitations.revoke(session, where.tenant_id, invitation_id)


@router.post("/read", openapi_extra=PUBLIC, responses=problems.documented(410))
def read_invitation(session: PeopleDep, asked: TicketIn) -> InvitationReadOut:
    """What the link is to, for a page to show. 410 for one that has ended, or was used."""
    found = invitations.read(session, asked.token.get_secret_value())
    return InvitationReadOut.model_validate(found)


@router.post(
    "/accept",
    response_model=MembershipOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409, 410),
)
def accept_invitation(asker: PersonDep, once: OncePeopleDep, asked: TicketIn) -> Response:
    """Become a member, with the account of the address that was invited (403 with another).

    A session goes on in the tenant after `PUT /v1/sessions/current/tenant`.
    """

    def act(session: Session) -> MembershipOut:
        tenant_id = invitations.accept(session, asker.user_id, asked.token.get_secret_value())
        return MembershipOut.model_validate(memberships.one_of(session, asker.user_id, tenant_id))

    return once(act)


@router.post(
    "/sign-up", status_code=201, openapi_extra=PUBLIC, responses=problems.documented(409, 410)
)
async def sign_up_by_invitation(
    request: Request, response: Response, current: InstallationDep, asked: InvitationSignUpIn
) -> SignedInOut:
    """An account for who has the mail, as a member, signed in; 409 where the address has one."""
    secret = asked.token.get_secret_value()
    known = await in_turn(request, _read, current, secret)
    password = people.checked_password(
        asked.password.get_secret_value(), name=asked.name, email=known.email
    )
    digest = await request.app.state.verifier.make(password)
    opened = await in_turn(request, _sign_up, current, secret, asked.name, digest, origin(request))
    return await signed_in(request, response, current, opened, cookies=asked.cookies)


def _read(current: Installation, secret: str) -> invitations.Read:
    with current.identity_scope() as session:
        return invitations.read(session, secret)


def _sign_up(current: Installation, secret: str, name: str, digest: str, where: Origin) -> Opened:
    with current.identity_scope() as session:
        return invitations.sign_up(session, secret, name=name, digest=digest, origin=where)

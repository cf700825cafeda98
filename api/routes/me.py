"""The person who has signed in: name, address, password, and the end of it."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import credentials, problems
from api.access import PERSON, PUBLIC
from api.context import InstallationDep, PeopleDep, PersonDep, PrincipalDep, in_turn
from api.idempotency import OncePeopleInAnyTurnDep
from api.paging import MAX, PagingDep, by_id, id_of
from api.proving import prove
from api.routing import Router
from api.schemas.audit import EntryOut, EntryPage
from api.schemas.person import (
    AddressIn,
    DeleteIn,
    MeIn,
    MembershipOut,
    MeOut,
    PasswordIn,
    SecondFactorOut,
    TicketIn,
)
from api.signing_in import may_be_mailed
from services import audit, emails, members, people
from services.installation import Installation

router = Router(prefix="/me", tags=["people"])


@router.get("", openapi_extra=PERSON, responses=problems.documented(403))
def get_me(session: PeopleDep, asker: PersonDep, standing: PrincipalDep) -> MeOut:
    """Who has signed in, and where they are a member."""
    account = people.account(session, asker.user_id, limit=MAX)
    factor = account.second_factor
    return MeOut(
        id=account.id,
        email=account.email,
        name=account.name,
        has_password=account.has_password,
        second_factor=SecondFactorOut.model_validate(factor) if factor else None,
        session_id=asker.session_id,
        tenant_id=standing.place.tenant_id if standing.place else None,
        memberships=[MembershipOut.model_validate(one) for one in account.tenants],
    )


@router.patch("", openapi_extra=PERSON, responses=problems.documented(403))
def rename_me(session: PeopleDep, asker: PersonDep, standing: PrincipalDep, asked: MeIn) -> MeOut:
    """Another name."""
    people.rename(session, asker.user_id, asked.name)
    return get_me(session, asker, standing)


@router.put(
    "/password", status_code=204, openapi_extra=PERSON, responses=problems.documented(403, 429)
)
async def change_password(
    request: Request, current: InstallationDep, asker: PersonDep, asked: PasswordIn
) -> None:
    """Another password, for who knows the present one; every other session ends."""
    await prove(request, current, asker, asked.current, "current")
    user_id = asker.user_id
    name, email = await in_turn(request, _named, current, user_id)
    password = people.checked_password(asked.password.get_secret_value(), name=name, email=email)
    digest = await request.app.state.verifier.make(password)
    await in_turn(
        request, people.change_password, current, user_id, digest, session_id=asker.session_id
    )


@router.post(
    "/address",
    status_code=202,
    response_class=Response,
    openapi_extra=PERSON,
    responses=problems.documented(403, 409, 429),
)
async def ask_to_change_address(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: AddressIn,
) -> Response:
    """Have a link mailed to another address; until it is followed, nothing changes."""
    email = emails.normalised(asked.email)
    await prove(request, current, asker, asked.password)
    await may_be_mailed(request, email)

    def act(session: Session) -> Response:
        people.ask_to_change_address(current, session, asker.user_id, email)
        return Response(status_code=202)

    return await in_turn(request, once, act)


@router.post(
    "/address/confirm",
    status_code=204,
    openapi_extra=PUBLIC,
    responses=problems.documented(409, 410, 429),
)
async def change_address(request: Request, current: InstallationDep, asked: TicketIn) -> None:
    """What the mailed link does: the account has another address from now on."""
    await in_turn(request, people.change_address, current, asked.token.get_secret_value())


@router.post(
    "/delete", status_code=204, openapi_extra=PERSON, responses=problems.documented(403, 409, 429)
)
async def delete_me(
    request: Request, current: InstallationDep, asker: PersonDep, asked: DeleteIn
) -> Response:
    """Forget the person, with all sessions and memberships. There is no way back.

    Who is a tenant's only owner hands it on, or deletes it, first.
    """
    await prove(request, current, asker, asked.password)
    await in_turn(request, people.delete_account, current, asker.user_id)
    response = Response(status_code=204)
    credentials.take(response, current.settings)
    return response


@router.get("/activity", openapi_extra=PERSON, responses=problems.documented(403))
def list_activity(session: PeopleDep, asker: PersonDep, paging: PagingDep) -> EntryPage:
    """What has happened to one's account: sessions, password, address; the newest first."""
    question = ("activity", asker.user_id)
    before = id_of(paging.after(*question))
    found = audit.of_person(session, asker.user_id, limit=paging.limit + 1, before=before)
    items, following = paging.cut(found, by_id, *question)
    return EntryPage(items=[EntryOut.model_validate(one) for one in items], next=following)


@router.delete(
    "/memberships/{tenant_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def leave_tenant(session: PeopleDep, asker: PrincipalDep, tenant_id: UUID) -> None:
    """Leave a tenant, whatever one is to it; the last active owner cannot (409)."""
    members.remove(session, tenant_id, asker.require_person().user_id, asker)


def _named(current: Installation, user_id: UUID) -> tuple[str, str]:
    with current.identity_scope() as session:
        user = people.get(session, user_id)
        return user.name, user.email

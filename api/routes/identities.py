"""The identities of who has signed in: listed, linked, removed."""

from uuid import UUID

from anyio import to_thread
from fastapi import Request, Response

from api import credentials, problems
from api.access import PERSON
from api.context import InstallationDep, PeopleDep, PersonDep
from api.paging import PagingDep, by_id, id_of
from api.proving import prove
from api.redirects import checked
from api.routing import Router
from api.schemas.identity import IdentityOut, IdentityPage, LinkIn, LinkOut
from services import identities, identity_providers
from services.identity_providers import ProviderName

router = Router(prefix="/me/identities", tags=["people"])


@router.get("", openapi_extra=PERSON, responses=problems.documented(403, 429))
def list_identities(session: PeopleDep, asker: PersonDep, paging: PagingDep) -> IdentityPage:
    """Who one is elsewhere, and signs in by."""
    question = ("identities", asker.user_id)
    after = id_of(paging.after(*question))
    found = identities.list_of(session, asker.user_id, limit=paging.limit + 1, after=after)
    items, following = paging.cut(found, by_id, *question)
    return IdentityPage(items=[IdentityOut.model_validate(one) for one in items], next=following)


@router.post("/{provider}", openapi_extra=PERSON, responses=problems.documented(403, 404, 429))
async def link_identity(
    request: Request,
    response: Response,
    current: InstallationDep,
    asker: PersonDep,
    provider: ProviderName,
    asked: LinkIn,
) -> LinkOut:
    """Begin to link another: the browser that asks goes to `location` within five minutes."""
    page = checked(current.settings, asked.return_to, "/body/return_to")
    client = identity_providers.client(current.settings, provider)
    await prove(request, current, asker, asked.password)
    begun = await to_thread.run_sync(
        lambda: identities.begin(
            current,
            client,
            return_to=page,
            person=asker.user_id,
            session_id=asker.session_id,
        ),
        limiter=request.app.state.providers,
    )
    credentials.give_begun(response, current.settings, begun.kept)
    response.headers["Cache-Control"] = "no-store"
    return LinkOut(location=begun.address)


@router.delete(
    "/{identity_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409, 429),
)
def remove_identity(
    session: PeopleDep, current: InstallationDep, asker: PersonDep, identity_id: UUID
) -> None:
    """Forget one; the last way to sign in stays."""
    identities.remove(current, session, asker.user_id, identity_id)

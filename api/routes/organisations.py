"""Organisations: an agency's grouping of its clients' tenants."""

from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import PERSON
from api.conditions import (
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
)
from api.context import PeopleDep, PersonDep
from api.idempotency import OncePeopleDep
from api.paging import PagingDep, by_id, by_name, id_of, name_of
from api.routing import Router
from api.schemas.organisation import (
    ColleagueIn,
    ColleagueOut,
    ColleaguePage,
    OrganisationIn,
    OrganisationOut,
    OrganisationPage,
)
from api.schemas.person import MembershipOut
from api.schemas.tenant import TenantPage
from services import organisations

router = Router(prefix="/organisations", tags=["organisations"])


@router.get("", openapi_extra=PERSON, responses=problems.documented(403))
def list_organisations(session: PeopleDep, asker: PersonDep, paging: PagingDep) -> OrganisationPage:
    """The person's organisations, by name."""
    question = ("organisations", asker.user_id)
    after = name_of(paging.after(*question))
    found = organisations.of_person(session, asker.user_id, limit=paging.limit + 1, after=after)
    items, following = paging.cut(found, by_name, *question)
    shown = [OrganisationOut.model_validate(one) for one in items]
    return OrganisationPage(items=shown, next=following)


@router.post(
    "",
    status_code=201,
    response_model=OrganisationOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 409),
)
def create_organisation(asker: PersonDep, once: OncePeopleDep, asked: OrganisationIn) -> Response:
    """An organisation of which one is the owner."""

    def act(session: Session) -> OrganisationOut:
        made = organisations.create(session, asker.user_id, asked.name)
        return OrganisationOut.model_validate(made)

    return once(act, status=201)


@router.get(
    "/{organisation_id}",
    response_model=OrganisationOut,
    openapi_extra=PERSON,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(403, 404)},
)
def get_organisation(
    session: PeopleDep,
    asker: PersonDep,
    organisation_id: UUID,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One of them."""
    found = organisations.get(session, asker.user_id, organisation_id)
    out = OrganisationOut.model_validate(found)
    return tagged(out, out.version, known=if_none_match)


@router.patch(
    "/{organisation_id}",
    response_model=OrganisationOut,
    openapi_extra=PERSON,
    responses={200: TAGGED, **problems.documented(403, 404, 412, 428)},
)
def rename_organisation(
    session: PeopleDep,
    asker: PersonDep,
    organisation_id: UUID,
    changes: OrganisationIn,
    if_match: IfMatch = None,
) -> Response:
    """Another name; for its owners and admins."""
    allowed = required_versions(if_match)
    changed = organisations.rename(session, asker.user_id, organisation_id, changes.name, allowed)
    out = OrganisationOut.model_validate(changed)
    return tagged(out, out.version)


@router.delete(
    "/{organisation_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404),
)
def dissolve_organisation(session: PeopleDep, asker: PersonDep, organisation_id: UUID) -> None:
    """End it. Its tenants go on by themselves, without those who were admins by it."""
    organisations.dissolve(session, asker.user_id, organisation_id)


@router.get(
    "/{organisation_id}/tenants",
    openapi_extra=PERSON,
    responses=problems.documented(403, 404),
)
def list_organisation_tenants(
    session: PeopleDep, asker: PersonDep, organisation_id: UUID, paging: PagingDep
) -> TenantPage:
    """Its tenants; a plain member sees those in which they are members themselves."""
    question = ("tenants", asker.user_id, organisation_id)
    found = organisations.tenants_of(
        session,
        asker.user_id,
        organisation_id,
        limit=paging.limit + 1,
        after=name_of(paging.after(*question)),
    )
    items, following = paging.cut(found, by_name, *question)
    return TenantPage(items=[MembershipOut.model_validate(one) for one in items], next=following)


@router.put(
    "/{organisation_id}/tenants/{tenant_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def add_organisation_tenant(
    session: PeopleDep, asker: PersonDep, organisation_id: UUID, tenant_id: UUID
) -> None:
    """Put a tenant into it; for who owns both."""
    organisations.add_tenant(session, asker.user_id, organisation_id, tenant_id)


@router.delete(
    "/{organisation_id}/tenants/{tenant_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404),
)
def remove_organisation_tenant(
    session: PeopleDep, asker: PersonDep, organisation_id: UUID, tenant_id: UUID
) -> None:
    """Take a tenant out of it; for an owner of either."""
    organisations.remove_tenant(session, asker.user_id, organisation_id, tenant_id)


@router.get(
    "/{organisation_id}/members",
    openapi_extra=PERSON,
    responses=problems.documented(403, 404),
)
def list_colleagues(
    session: PeopleDep, asker: PersonDep, organisation_id: UUID, paging: PagingDep
) -> ColleaguePage:
    """Who is in it."""
    question = ("colleagues", organisation_id)
    found = organisations.colleagues(
        session,
        asker.user_id,
        organisation_id,
        limit=paging.limit + 1,
        after=id_of(paging.after(*question)),
    )
    items, following = paging.cut(found, by_id, *question)
    return ColleaguePage(items=[ColleagueOut.model_validate(one) for one in items], next=following)


@router.put(
    "/{organisation_id}/members/{user_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def put_colleague(
    session: PeopleDep,
    asker: PersonDep,
    organisation_id: UUID,
    user_id: UUID,
    asked: ColleagueIn,
) -> None:
    """Give a member of one of its tenants a role in it, or another one."""
    organisations.put_colleague(session, asker.user_id, organisation_id, user_id, asked.role)


@router.delete(
    "/{organisation_id}/members/{user_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def remove_colleague(
    session: PeopleDep, asker: PersonDep, organisation_id: UUID, user_id: UUID
) -> None:
    """Put somebody out of it, or leave."""
    organisations.remove_colleague(session, asker.user_id, organisation_id, user_id)

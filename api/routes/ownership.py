"""Ownership of the caller's tenant: offered by an owner, taken by a member."""

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.context import InstallationDep, PeopleDep, PlaceDep, PrincipalDep
from api.idempotency import OncePeopleDep
from api.routing import Router
from api.schemas.member import OfferIn, OfferOut
from services import ownership
from services.permissions import Action

router = Router(prefix="/ownership", tags=["members"])


@router.post(
    "",
    status_code=201,
    response_model=OfferOut,
    openapi_extra=needs(Action.OWNERSHIP_WRITE),
    responses=problems.documented(403, 404, 409),
)
def offer_ownership(
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OncePeopleDep,
    asked: OfferIn,
) -> Response:
    """Offer the tenant to a member, who is told by mail; it holds for seven days.

    Nothing changes before it is accepted. An earlier offer ends.
    """
    owner = asker.require_person()

    def act(session: Session) -> OfferOut:
        made = ownership.offer(session, current, where.tenant_id, owner.user_id, asked.user_id)
        return OfferOut.model_validate(made)

    return once(act, status=201)


@router.get("", openapi_extra=needs(Action.TENANT_READ), responses=problems.documented(403, 404))
def get_ownership_offer(session: PeopleDep, where: PlaceDep, asker: PrincipalDep) -> OfferOut:
    """The offer that holds; 404 where there is none, or none that concerns who asks."""
    found = ownership.get(session, where.tenant_id)
    return OfferOut.model_validate(ownership.shown_to(asker, found))


@router.delete(
    "",
    status_code=204,
    openapi_extra=needs(Action.OWNERSHIP_WRITE),
    responses=problems.documented(403, 404),
)
def withdraw_ownership_offer(session: PeopleDep, where: PlaceDep) -> None:
    """Take the offer back."""
    ownership.withdraw(session, where.tenant_id)

"""Brand kits: how a brand speaks and looks, and whether a text does so."""

from uuid import UUID

from fastapi import Response

from api import problems
from api.access import needs
from api.conditions import TAGGED, UNCHANGED, IfMatch, IfNoneMatch, required_versions, tagged
from api.context import SessionDep
from api.routing import Router
from api.schemas.brand_kit import (
    BrandKitOut,
    BrandKitPut,
    BreachOut,
    TextCheckIn,
    TextCheckOut,
)
from pipeline.plan import compliance
from services import brand_kits
from services.brand_kits import Kept
from services.permissions import Action

router = Router(prefix="/brands/{brand_id}", tags=["brands"])


@router.get(
    "/kit",
    response_model=BrandKitOut,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(404)},
    openapi_extra=needs(Action.BRANDS_READ),
)
def get_brand_kit(
    brand_id: UUID, session: SessionDep, if_none_match: IfNoneMatch = None
) -> Response:
    """What a brand says of itself; of one that has said nothing, an empty kit at version 0."""
    out = _shown(brand_kits.get(session, brand_id))
    return tagged(out, out.version, known=if_none_match)


@router.put(
    "/kit",
    response_model=BrandKitOut,
    responses={200: TAGGED, **problems.documented(404, 412, 428)},
    openapi_extra=needs(Action.BRANDS_WRITE),
)
def put_brand_kit(
    brand_id: UUID, wanted: BrandKitPut, session: SessionDep, if_match: IfMatch = None
) -> Response:
    """Keep another kit in the place of the one that was. If-Match is required."""
    kept = brand_kits.put(session, brand_id, wanted, versions=required_versions(if_match))
    out = _shown(kept)
    return tagged(out, out.version)


@router.post("/checks", responses=problems.documented(404), openapi_extra=needs(Action.BRANDS_READ))
def check_text(brand_id: UUID, asked: TextCheckIn, session: SessionDep) -> TextCheckOut:
    """Hold a text against a brand's kit: forbidden words, and how names and terms are written."""
    kept = brand_kits.get(session, brand_id)
    found = compliance.text_breaches(kept.kit, asked.text)
    return TextCheckOut(
        blocked=any(one.blocks for one in found),
        breaches=[BreachOut.model_validate(one) for one in found],
    )


def _shown(kept: Kept) -> BrandKitOut:
    return BrandKitOut(
        brand_id=kept.brand_id,
        kit=BrandKitPut.model_validate(kept.kit.model_dump()),
        version=kept.version,
        changed_at=kept.changed_at,
        missing=list(kept.missing),
        advice=[BreachOut.model_validate(one) for one in compliance.kit_breaches(kept.kit)],
    )

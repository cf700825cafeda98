"""Brands: whose the tenant's assets are; one of them is the default."""

from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.conditions import (
    LOCATED,
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
    versions,
)
from api.context import InstallationDep, PlaceDep, SessionDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.brand import BrandCreate, BrandOut, BrandPage, BrandPatch
from services import brands
from services.permissions import Action

router = Router(prefix="/brands", tags=["brands"])

_READ = needs(Action.BRANDS_READ)
_WRITE = needs(Action.BRANDS_WRITE)


@router.get("", openapi_extra=_READ)
def list_brands(session: SessionDep, where: PlaceDep, paging: PagingDep) -> BrandPage:
    """The tenant's brands, in the order in which they were made."""
    question = ("brands", where.tenant_id)
    found = brands.page(session, limit=paging.limit + 1, after=id_of(paging.after(*question)))
    items, following = paging.cut(found, by_id, *question)
    return BrandPage(items=[BrandOut.model_validate(row) for row in items], next=following)


@router.post(
    "",
    status_code=201,
    response_model=BrandOut,
    responses={201: LOCATED, **problems.documented(409)},
    openapi_extra=_WRITE,
)
def create_brand(wanted: BrandCreate, current: InstallationDep, once: OnceDep) -> Response:
    """Make a brand; 409 for a name that is taken, 403 where there are as many as may be."""

    def create(session: Session) -> Response:
        row = brands.create(session, current.settings, wanted.name)
        headers = {"Location": f"/v1/brands/{row.id}"}
        body = BrandOut.model_validate(row).model_dump_json()
        return Response(body, 201, headers, media_type="application/json")

    return once(create)


@router.get(
    "/{brand_id}",
    response_model=BrandOut,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(404)},
    openapi_extra=_READ,
)
def get_brand(brand_id: UUID, session: SessionDep, if_none_match: IfNoneMatch = None) -> Response:
    """One brand."""
    out = BrandOut.model_validate(brands.get(session, brand_id))
    return tagged(out, out.version, known=if_none_match)


@router.patch(
    "/{brand_id}",
    response_model=BrandOut,
    responses={200: TAGGED, **problems.documented(404, 409, 412, 428)},
    openapi_extra=_WRITE,
)
def change_brand(
    brand_id: UUID, changes: BrandPatch, session: SessionDep, if_match: IfMatch = None
) -> Response:
    """Rename a brand, or make it the default. If-Match is required, so that no edit is lost."""
    row = brands.change(
        session,
        brand_id,
        name=changes.name,
        default=changes.is_default is True,
        versions=required_versions(if_match),
    )
    out = BrandOut.model_validate(row)
    return tagged(out, out.version)


@router.delete(
    "/{brand_id}",
    status_code=204,
    responses=problems.documented(404, 409, 412),
    openapi_extra=_WRITE,
)
def delete_brand(brand_id: UUID, session: SessionDep, if_match: IfMatch = None) -> Response:
    """Delete a brand that has no assets, the trash included, and is not the default one."""
    brands.delete(session, brand_id, versions=versions(if_match))
    return Response(status_code=204)

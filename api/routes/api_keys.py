"""API keys: what programs of the tenant show instead of a token."""

from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.conditions import LOCATED
from api.context import PeopleDep, PlaceDep, PrincipalDep
from api.idempotency import OncePeopleDep, made_at
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.api_key import ApiKeyIn, ApiKeyMade, ApiKeyOut, ApiKeyPage, ApiKeyPatch, MakerOut
from services import api_keys
from services.api_keys import Listed
from services.permissions import Action

router = Router(prefix="/keys", tags=["keys"])


@router.get("", openapi_extra=needs(Action.KEYS_READ))
def list_keys(session: PeopleDep, where: PlaceDep, paging: PagingDep) -> ApiKeyPage:
    """The tenant's keys, those that have expired among them, without those that were revoked."""
    question = ("keys", where.tenant_id)
    found = api_keys.page(
        session, where.tenant_id, limit=paging.limit + 1, after=id_of(paging.after(*question))
    )
    items, following = paging.cut(found, by_id, *question)
    return ApiKeyPage(items=[_shown(one) for one in items], next=following)


@router.post(
    "",
    status_code=201,
    response_model=ApiKeyMade,
    responses={201: LOCATED, **problems.documented(409)},
    openapi_extra=needs(Action.KEYS_WRITE),
)
def create_key(
    where: PlaceDep, asker: PrincipalDep, once: OncePeopleDep, wanted: ApiKeyIn
) -> Response:
    """Make a key. It is shown in this answer and never again.

    Under an Idempotency-Key, the answer is kept sealed for a day, for who has made the key.
    """

    def act(session: Session) -> Response:
        made = api_keys.make(
            session,
            asker,
            where.tenant_id,
            name=wanted.name,
            scopes=wanted.scopes,
            expires_at=wanted.expires_at,
        )
        out = ApiKeyMade(key=made.key, details=_shown(made.listed))
        return made_at(out, f"/v1/keys/{made.listed.id}")

    return once(act, secret=True)


@router.get("/{key_id}", responses=problems.documented(404), openapi_extra=needs(Action.KEYS_READ))
def get_key(key_id: UUID, session: PeopleDep, where: PlaceDep) -> ApiKeyOut:
    """One key."""
    return _shown(api_keys.get(session, where.tenant_id, key_id))


@router.patch(
    "/{key_id}", responses=problems.documented(404), openapi_extra=needs(Action.KEYS_WRITE)
)
def rename_key(
    key_id: UUID, session: PeopleDep, where: PlaceDep, changes: ApiKeyPatch
) -> ApiKeyOut:
    """Another name. It takes no If-Match: the one thing that can be changed is set."""
    return _shown(api_keys.rename(session, where.tenant_id, key_id, changes.name))


@router.delete(
    "/{key_id}",
    status_code=204,
    responses=problems.documented(404),
    openapi_extra=needs(Action.KEYS_WRITE),
)
def revoke_key(key_id: UUID, session: PeopleDep, where: PlaceDep) -> None:
    """End a key for good. Within five seconds it opens nothing any more."""
    api_keys.revoke(session, where.tenant_id, key_id)


def _shown(one: Listed) -> ApiKeyOut:
    maker = None
    if one.maker_id is not None and one.maker_name is not None:
        maker = MakerOut(id=one.maker_id, name=one.maker_name, role=one.maker_role)
    return ApiKeyOut(
        id=one.id,
        prefix=one.prefix,
        name=one.name,
        scopes=list(one.scopes),
        created_at=one.created_at,
        created_by=maker,
        expires_at=one.expires_at,
        last_used_at=one.last_used_at,
    )

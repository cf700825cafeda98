"""Webhooks: have events sent to an address, see what became of them, and have them sent again."""

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
from api.idempotency import OnceDep, made_at
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.webhook import (
    DeliveryOut,
    DeliveryPage,
    ReplayedOut,
    ReplaySince,
    WebhookCreate,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
    WebhookSecretOut,
)
from models.webhook import Webhook
from services import deliveries, webhooks
from services.deliveries import State
from services.permissions import Action
from services.webhooks import Changes

router = Router(prefix="/webhooks", tags=["webhooks"])

_READ = needs(Action.WEBHOOKS_READ)
_WRITE = needs(Action.WEBHOOKS_WRITE)


@router.post(
    "",
    status_code=201,
    response_model=WebhookSecretOut,
    responses={201: LOCATED, **problems.documented(409, 413)},
    openapi_extra=_WRITE,
)
def create_webhook(
    wanted: WebhookCreate, current: InstallationDep, where: PlaceDep, once: OnceDep
) -> Response:
    """Have what happens from now on sent to an address.

    The secret is in this answer alone. Under an Idempotency-Key it is kept sealed for a day, for
    who has asked.
    """
    webhooks.check(current.settings, wanted.url)

    def act(session: Session) -> Response:
        row, secret = webhooks.create(
            session,
            current.keyring.tenant(session, where.tenant_id),
            where.tenant_id,
            url=wanted.url,
            kinds=wanted.kinds,
            description=wanted.description,
        )
        out = WebhookSecretOut(webhook=_shown(row), secret=secret)
        return made_at(out, f"/v1/webhooks/{row.id}")

    return once(act, secret=True)


@router.get("", openapi_extra=_READ)
def list_webhooks(session: SessionDep, where: PlaceDep, paging: PagingDep) -> WebhookPage:
    """The newest webhooks."""
    question = ("webhooks", where.tenant_id)
    found = webhooks.page(session, limit=paging.limit + 1, before=id_of(paging.after(*question)))
    items, following = paging.cut(found, by_id, *question)
    return WebhookPage(items=[_shown(row) for row in items], next=following)


@router.get(
    "/{webhook_id}",
    response_model=WebhookOut,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(404)},
    openapi_extra=_READ,
)
def get_webhook(
    webhook_id: UUID, session: SessionDep, if_none_match: IfNoneMatch = None
) -> Response:
    """One webhook."""
    row = webhooks.get(session, webhook_id)
    return tagged(_shown(row), row.version, known=if_none_match)


@router.patch(
    "/{webhook_id}",
    response_model=WebhookOut,
    responses={200: TAGGED, **problems.documented(404, 412, 413, 428)},
    openapi_extra=_WRITE,
)
def change_webhook(
    webhook_id: UUID,
    patch: WebhookPatch,
    current: InstallationDep,
    session: SessionDep,
    if_match: IfMatch = None,
) -> Response:
    """Change a webhook, or switch it. Enabled again, it gets what happens from then on."""
    allowed = required_versions(if_match)
    given = patch.model_dump(exclude_unset=True)
    if "url" in given:
        webhooks.check(current.settings, given["url"])
    state = given.pop("state", None)
    changes = Changes(**given, enabled=None if state is None else state == "enabled")
    row = webhooks.change(session, webhook_id, changes, versions=allowed)
    return tagged(_shown(row), row.version)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    responses=problems.documented(404, 412),
    openapi_extra=_WRITE,
)
def delete_webhook(webhook_id: UUID, session: SessionDep, if_match: IfMatch = None) -> None:
    """Delete a webhook, with what is known of its deliveries."""
    webhooks.delete(session, webhook_id, versions=versions(if_match))


@router.post(
    "/{webhook_id}/rotate",
    response_model=WebhookSecretOut,
    responses=problems.documented(404, 409),
    openapi_extra=_WRITE,
)
def rotate_webhook_secret(
    webhook_id: UUID, current: InstallationDep, where: PlaceDep, once: OnceDep
) -> Response:
    """Another secret. For a day the one before signs, too: a message has two signatures then."""

    def act(session: Session) -> WebhookSecretOut:
        sealer = current.keyring.tenant(session, where.tenant_id)
        row, secret = webhooks.rotate(session, sealer, webhook_id)
        return WebhookSecretOut(webhook=_shown(row), secret=secret)

    return once(act, secret=True)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=DeliveryOut,
    responses=problems.documented(404, 409),
    openapi_extra=_WRITE,
)
def test_webhook(webhook_id: UUID, once: OnceDep) -> Response:
    """Have a message of the kind `webhook.test` sent."""

    def act(session: Session) -> DeliveryOut:
        return DeliveryOut.model_validate(deliveries.test(session, webhook_id))

    return once(act, status=202)


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    response_model=ReplayedOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=_WRITE,
)
def replay_failed_deliveries(webhook_id: UUID, wanted: ReplaySince, once: OnceDep) -> Response:
    """Have everything sent again that failed since a moment."""

    def act(session: Session) -> ReplayedOut:
        count = deliveries.replay_failed(session, webhook_id, wanted.since)
        return ReplayedOut(replayed=count)

    return once(act, status=202)


@router.get("/{webhook_id}/deliveries", responses=problems.documented(404), openapi_extra=_READ)
def list_deliveries(
    webhook_id: UUID, session: SessionDep, paging: PagingDep, state: State | None = None
) -> DeliveryPage:
    """The newest deliveries, of the past thirty days."""
    webhooks.get(session, webhook_id)
    question = ("deliveries", webhook_id, state)
    found = deliveries.page(
        session,
        webhook_id,
        limit=paging.limit + 1,
        before=id_of(paging.after(*question)),
        state=state,
    )
    items, following = paging.cut(found, by_id, *question)
    return DeliveryPage(items=[DeliveryOut.model_validate(row) for row in items], next=following)


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    responses=problems.documented(404),
    openapi_extra=_READ,
)
def get_delivery(webhook_id: UUID, delivery_id: UUID, session: SessionDep) -> DeliveryOut:
    """A delivery, with the last answer."""
    return DeliveryOut.model_validate(deliveries.get(session, webhook_id, delivery_id))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    response_model=DeliveryOut,
    responses=problems.documented(404, 409),
    openapi_extra=_WRITE,
)
def replay_delivery(webhook_id: UUID, delivery_id: UUID, once: OnceDep) -> Response:
    """Have a delivery made again, under the same `webhook-id`."""

    def act(session: Session) -> DeliveryOut:
        return DeliveryOut.model_validate(deliveries.replay(session, webhook_id, delivery_id))

    return once(act, status=202)


def _shown(row: Webhook) -> WebhookOut:
    return WebhookOut.model_validate(row)

from typing import Literal

WebhookCreateKindsItem = Literal[
    "asset.deleted",
    "asset.restored",
    "asset.trashed",
    "asset.updated",
    "review.commented",
    "review.created",
    "review.decided",
    "review.updated",
    "review.withdrawn",
    "run.cancelled",
    "run.done",
    "run.failed",
    "run.running",
    "run.updated",
]

WEBHOOK_CREATE_KINDS_ITEM_VALUES: set[WebhookCreateKindsItem] = {
    "asset.deleted",
    "asset.restored",
    "asset.trashed",
    "asset.updated",
    "review.commented",
    "review.created",
    "review.decided",
    "review.updated",
    "review.withdrawn",
    "run.cancelled",
    "run.done",
    "run.failed",
    "run.running",
    "run.updated",
}


def check_webhook_create_kinds_item(value: str) -> WebhookCreateKindsItem:
    if value in WEBHOOK_CREATE_KINDS_ITEM_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {WEBHOOK_CREATE_KINDS_ITEM_VALUES!r}"
    )

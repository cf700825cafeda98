from typing import Literal

WebhookPatchKindsType0Item = Literal[
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

WEBHOOK_PATCH_KINDS_TYPE_0_ITEM_VALUES: set[WebhookPatchKindsType0Item] = {
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


def check_webhook_patch_kinds_type_0_item(value: str) -> WebhookPatchKindsType0Item:
    if value in WEBHOOK_PATCH_KINDS_TYPE_0_ITEM_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {WEBHOOK_PATCH_KINDS_TYPE_0_ITEM_VALUES!r}"
    )

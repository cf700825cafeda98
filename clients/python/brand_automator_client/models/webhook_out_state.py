from typing import Literal

WebhookOutState = Literal["disabled", "enabled"]

WEBHOOK_OUT_STATE_VALUES: set[WebhookOutState] = {
    "disabled",
    "enabled",
}


def check_webhook_out_state(value: str) -> WebhookOutState:
    if value in WEBHOOK_OUT_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_OUT_STATE_VALUES!r}")

from typing import Literal

ImportOutState = Literal["cancelled", "cancelling", "done", "failed", "running"]

IMPORT_OUT_STATE_VALUES: set[ImportOutState] = {
    "cancelled",
    "cancelling",
    "done",
    "failed",
    "running",
}


def check_import_out_state(value: str) -> ImportOutState:
    if value in IMPORT_OUT_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {IMPORT_OUT_STATE_VALUES!r}")

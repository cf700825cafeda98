from typing import Literal

RunOutState = Literal["cancelled", "cancelling", "done", "failed", "running"]

RUN_OUT_STATE_VALUES: set[RunOutState] = {
    "cancelled",
    "cancelling",
    "done",
    "failed",
    "running",
}


def check_run_out_state(value: str) -> RunOutState:
    if value in RUN_OUT_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_OUT_STATE_VALUES!r}")

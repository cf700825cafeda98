from typing import Literal

RunCreatePriority = Literal["batch", "interactive"]

RUN_CREATE_PRIORITY_VALUES: set[RunCreatePriority] = {
    "batch",
    "interactive",
}


def check_run_create_priority(value: str) -> RunCreatePriority:
    if value in RUN_CREATE_PRIORITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_CREATE_PRIORITY_VALUES!r}")

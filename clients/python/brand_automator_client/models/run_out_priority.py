from typing import Literal

RunOutPriority = Literal["batch", "interactive"]

RUN_OUT_PRIORITY_VALUES: set[RunOutPriority] = {
    "batch",
    "interactive",
}


def check_run_out_priority(value: str) -> RunOutPriority:
    if value in RUN_OUT_PRIORITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_OUT_PRIORITY_VALUES!r}")

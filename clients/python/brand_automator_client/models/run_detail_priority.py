from typing import Literal

RunDetailPriority = Literal["batch", "interactive"]

RUN_DETAIL_PRIORITY_VALUES: set[RunDetailPriority] = {
    "batch",
    "interactive",
}


def check_run_detail_priority(value: str) -> RunDetailPriority:
    if value in RUN_DETAIL_PRIORITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_DETAIL_PRIORITY_VALUES!r}")

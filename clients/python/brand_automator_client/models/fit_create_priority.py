from typing import Literal

FitCreatePriority = Literal["batch", "interactive"]

FIT_CREATE_PRIORITY_VALUES: set[FitCreatePriority] = {
    "batch",
    "interactive",
}


def check_fit_create_priority(value: str) -> FitCreatePriority:
    if value in FIT_CREATE_PRIORITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FIT_CREATE_PRIORITY_VALUES!r}")

from typing import Literal

RunPatchPriority = Literal["batch", "interactive"]

RUN_PATCH_PRIORITY_VALUES: set[RunPatchPriority] = {
    "batch",
    "interactive",
}


def check_run_patch_priority(value: str) -> RunPatchPriority:
    if value in RUN_PATCH_PRIORITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_PATCH_PRIORITY_VALUES!r}")

from typing import Literal

FitCreatePlacementType0 = Literal["reel", "video"]

FIT_CREATE_PLACEMENT_TYPE_0_VALUES: set[FitCreatePlacementType0] = {
    "reel",
    "video",
}


def check_fit_create_placement_type_0(value: str) -> FitCreatePlacementType0:
    if value in FIT_CREATE_PLACEMENT_TYPE_0_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {FIT_CREATE_PLACEMENT_TYPE_0_VALUES!r}"
    )

from typing import Literal

FitCreateShape = Literal["crop", "pad"]

FIT_CREATE_SHAPE_VALUES: set[FitCreateShape] = {
    "crop",
    "pad",
}


def check_fit_create_shape(value: str) -> FitCreateShape:
    if value in FIT_CREATE_SHAPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FIT_CREATE_SHAPE_VALUES!r}")

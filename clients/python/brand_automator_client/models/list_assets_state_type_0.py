from typing import Literal

ListAssetsStateType0 = Literal["cancelled", "failed", "processing", "ready", "uploaded"]

LIST_ASSETS_STATE_TYPE_0_VALUES: set[ListAssetsStateType0] = {
    "cancelled",
    "failed",
    "processing",
    "ready",
    "uploaded",
}


def check_list_assets_state_type_0(value: str) -> ListAssetsStateType0:
    if value in LIST_ASSETS_STATE_TYPE_0_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {LIST_ASSETS_STATE_TYPE_0_VALUES!r}"
    )

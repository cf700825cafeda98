from typing import Literal

ListAssetsTrashed = Literal["no", "only"]

LIST_ASSETS_TRASHED_VALUES: set[ListAssetsTrashed] = {
    "no",
    "only",
}


def check_list_assets_trashed(value: str) -> ListAssetsTrashed:
    if value in LIST_ASSETS_TRASHED_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_ASSETS_TRASHED_VALUES!r}")

from typing import Literal

ListAssetsKindType0 = Literal["document", "image", "video"]

LIST_ASSETS_KIND_TYPE_0_VALUES: set[ListAssetsKindType0] = {
    "document",
    "image",
    "video",
}


def check_list_assets_kind_type_0(value: str) -> ListAssetsKindType0:
    if value in LIST_ASSETS_KIND_TYPE_0_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {LIST_ASSETS_KIND_TYPE_0_VALUES!r}"
    )

from typing import Literal

RemoveUploadTusResumable = Literal["1.0.0"]

REMOVE_UPLOAD_TUS_RESUMABLE_VALUES: set[RemoveUploadTusResumable] = {
    "1.0.0",
}


def check_remove_upload_tus_resumable(value: str) -> RemoveUploadTusResumable:
    if value in REMOVE_UPLOAD_TUS_RESUMABLE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {REMOVE_UPLOAD_TUS_RESUMABLE_VALUES!r}"
    )

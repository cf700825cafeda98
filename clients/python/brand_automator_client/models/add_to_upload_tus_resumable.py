from typing import Literal

AddToUploadTusResumable = Literal["1.0.0"]

ADD_TO_UPLOAD_TUS_RESUMABLE_VALUES: set[AddToUploadTusResumable] = {
    "1.0.0",
}


def check_add_to_upload_tus_resumable(value: str) -> AddToUploadTusResumable:
    if value in ADD_TO_UPLOAD_TUS_RESUMABLE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {ADD_TO_UPLOAD_TUS_RESUMABLE_VALUES!r}"
    )

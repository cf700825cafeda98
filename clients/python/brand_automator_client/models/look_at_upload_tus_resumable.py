from typing import Literal

LookAtUploadTusResumable = Literal["1.0.0"]

LOOK_AT_UPLOAD_TUS_RESUMABLE_VALUES: set[LookAtUploadTusResumable] = {
    "1.0.0",
}


def check_look_at_upload_tus_resumable(value: str) -> LookAtUploadTusResumable:
    if value in LOOK_AT_UPLOAD_TUS_RESUMABLE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {LOOK_AT_UPLOAD_TUS_RESUMABLE_VALUES!r}"
    )

from typing import Literal

TenantExportDetailState = Literal["cancelled", "cancelling", "done", "failed", "running"]

TENANT_EXPORT_DETAIL_STATE_VALUES: set[TenantExportDetailState] = {
    "cancelled",
    "cancelling",
    "done",
    "failed",
    "running",
}


def check_tenant_export_detail_state(value: str) -> TenantExportDetailState:
    if value in TENANT_EXPORT_DETAIL_STATE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {TENANT_EXPORT_DETAIL_STATE_VALUES!r}"
    )

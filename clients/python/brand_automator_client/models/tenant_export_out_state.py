from typing import Literal

TenantExportOutState = Literal["cancelled", "cancelling", "done", "failed", "running"]

TENANT_EXPORT_OUT_STATE_VALUES: set[TenantExportOutState] = {
    "cancelled",
    "cancelling",
    "done",
    "failed",
    "running",
}


def check_tenant_export_out_state(value: str) -> TenantExportOutState:
    if value in TENANT_EXPORT_OUT_STATE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {TENANT_EXPORT_OUT_STATE_VALUES!r}"
    )

from typing import Literal

AssetOutState = Literal["cancelled", "failed", "processing", "ready", "uploaded"]

ASSET_OUT_STATE_VALUES: set[AssetOutState] = {
    "cancelled",
    "failed",
    "processing",
    "ready",
    "uploaded",
}


def check_asset_out_state(value: str) -> AssetOutState:
    if value in ASSET_OUT_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ASSET_OUT_STATE_VALUES!r}")

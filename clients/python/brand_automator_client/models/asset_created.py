from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.asset_out import AssetOut
    from ..models.run_out import RunOut


T = TypeVar("T", bound="AssetCreated")


@_attrs_define
class AssetCreated:
    """What an upload began.

    Attributes:
        asset (AssetOut): An uploaded file; `media` is what probing found, once it has.
        run (RunOut): One recipe at work on one asset.
    """

    asset: AssetOut
    run: RunOut
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        asset = self.asset.to_dict()

        run = self.run.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "asset": asset,
                "run": run,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.asset_out import AssetOut  # noqa: PLC0415
        from ..models.run_out import RunOut  # noqa: PLC0415

        d = dict(src_dict)
        asset = AssetOut.from_dict(d.pop("asset"))

        run = RunOut.from_dict(d.pop("run"))

        asset_created = cls(
            asset=asset,
            run=run,
        )

        asset_created.additional_properties = d
        return asset_created

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

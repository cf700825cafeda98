from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.addresses_out import AddressesOut


T = TypeVar("T", bound="PlaybackOut")


@_attrs_define
class PlaybackOut:
    """Addresses that play an asset, all of them until `expires_at`.

    Attributes:
        asset_id (UUID):
        run_id (UUID):
        preview (bool): Whether the final package is still being made.
        addresses (AddressesOut): Where the parts of a package are; null for those that there are not.

            Without the setting PUBLIC_URL they begin with a slash: they are the API's own.
        expires_at (datetime.datetime):
    """

    asset_id: UUID
    run_id: UUID
    preview: bool
    addresses: AddressesOut
    expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        asset_id = str(self.asset_id)

        run_id = str(self.run_id)

        preview = self.preview

        addresses = self.addresses.to_dict()

        expires_at = self.expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "asset_id": asset_id,
                "run_id": run_id,
                "preview": preview,
                "addresses": addresses,
                "expires_at": expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.addresses_out import AddressesOut  # noqa: PLC0415

        d = dict(src_dict)
        asset_id = UUID(d.pop("asset_id"))

        run_id = UUID(d.pop("run_id"))

        preview = d.pop("preview")

        addresses = AddressesOut.from_dict(d.pop("addresses"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        playback_out = cls(
            asset_id=asset_id,
            run_id=run_id,
            preview=preview,
            addresses=addresses,
            expires_at=expires_at,
        )

        playback_out.additional_properties = d
        return playback_out

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

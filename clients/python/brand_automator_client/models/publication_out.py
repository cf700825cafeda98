from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.addresses_out import AddressesOut


T = TypeVar("T", bound="PublicationOut")


@_attrs_define
class PublicationOut:
    """The stable address of a published asset; what is below it follows the current package.

    Attributes:
        asset_id (UUID):
        url (str):
        addresses (AddressesOut): Where the parts of a package are; null for those that there are not.

            Without the setting PUBLIC_URL they begin with a slash: they are the API's own.
    """

    asset_id: UUID
    url: str
    addresses: AddressesOut
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        asset_id = str(self.asset_id)

        url = self.url

        addresses = self.addresses.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "asset_id": asset_id,
                "url": url,
                "addresses": addresses,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.addresses_out import AddressesOut  # noqa: PLC0415

        d = dict(src_dict)
        asset_id = UUID(d.pop("asset_id"))

        url = d.pop("url")

        addresses = AddressesOut.from_dict(d.pop("addresses"))

        publication_out = cls(
            asset_id=asset_id,
            url=url,
            addresses=addresses,
        )

        publication_out.additional_properties = d
        return publication_out

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

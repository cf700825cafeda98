from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.passkey_options_out_options import PasskeyOptionsOutOptions


T = TypeVar("T", bound="PasskeyOptionsOut")


@_attrs_define
class PasskeyOptionsOut:
    """What a browser is asked with, within five minutes.

    Attributes:
        challenge (str): Goes back with the browser's answer.
        options (PasskeyOptionsOutOptions): For `PublicKeyCredential.parseCreationOptionsFromJSON` or its sibling.
    """

    challenge: str
    options: PasskeyOptionsOutOptions
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        challenge = self.challenge

        options = self.options.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "challenge": challenge,
                "options": options,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_options_out_options import PasskeyOptionsOutOptions  # noqa: PLC0415

        d = dict(src_dict)
        challenge = d.pop("challenge")

        options = PasskeyOptionsOutOptions.from_dict(d.pop("options"))

        passkey_options_out = cls(
            challenge=challenge,
            options=options,
        )

        passkey_options_out.additional_properties = d
        return passkey_options_out

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

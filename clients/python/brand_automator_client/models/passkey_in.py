from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.passkey_in_credential import PasskeyInCredential


T = TypeVar("T", bound="PasskeyIn")


@_attrs_define
class PasskeyIn:
    """A passkey that a device has made.

    Attributes:
        challenge (str): What was sent with the options.
        credential (PasskeyInCredential): `PublicKeyCredential.toJSON()` of what the browser answered.
        name (str):
    """

    challenge: str
    credential: PasskeyInCredential
    name: str

    def to_dict(self) -> dict[str, Any]:
        challenge = self.challenge

        credential = self.credential.to_dict()

        name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "challenge": challenge,
                "credential": credential,
                "name": name,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_in_credential import PasskeyInCredential  # noqa: PLC0415

        d = dict(src_dict)
        challenge = d.pop("challenge")

        credential = PasskeyInCredential.from_dict(d.pop("credential"))

        name = d.pop("name")

        passkey_in = cls(
            challenge=challenge,
            credential=credential,
            name=name,
        )

        return passkey_in

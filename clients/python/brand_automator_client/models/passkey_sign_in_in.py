from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.passkey_sign_in_in_credential import PasskeySignInInCredential


T = TypeVar("T", bound="PasskeySignInIn")


@_attrs_define
class PasskeySignInIn:
    """A passkey that is shown.

    Attributes:
        challenge (str): What was sent with the options.
        credential (PasskeySignInInCredential): `PublicKeyCredential.toJSON()` of what the browser answered.
        cookies (bool | Unset): Whether the tokens go into cookies, as browsers want it, or into the answer. Default:
            True.
    """

    challenge: str
    credential: PasskeySignInInCredential
    cookies: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        challenge = self.challenge

        credential = self.credential.to_dict()

        cookies = self.cookies

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "challenge": challenge,
                "credential": credential,
            }
        )
        if cookies is not UNSET:
            field_dict["cookies"] = cookies

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.passkey_sign_in_in_credential import PasskeySignInInCredential  # noqa: PLC0415

        d = dict(src_dict)
        challenge = d.pop("challenge")

        credential = PasskeySignInInCredential.from_dict(d.pop("credential"))

        cookies = d.pop("cookies", UNSET)

        passkey_sign_in_in = cls(
            challenge=challenge,
            credential=credential,
            cookies=cookies,
        )

        return passkey_sign_in_in

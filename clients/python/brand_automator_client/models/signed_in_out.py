from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="SignedInOut")


@_attrs_define
class SignedInOut:
    """A session that has begun or goes on.

    Attributes:
        access_token (None | str):
        expires_in (int): Seconds until the access token ends.
        refresh_token (None | str):
        refresh_expires_at (datetime.datetime):
        session_id (UUID):
        user_id (UUID):
        tenant_id (None | UUID):
        role (None | str):
        token_type (str | Unset):  Default: 'Bearer'.
    """

    access_token: None | str
    expires_in: int
    refresh_token: None | str
    refresh_expires_at: datetime.datetime
    session_id: UUID
    user_id: UUID
    tenant_id: None | UUID
    role: None | str
    token_type: str | Unset = "Bearer"
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        access_token: None | str
        access_token = self.access_token

        expires_in = self.expires_in

        refresh_token: None | str
        refresh_token = self.refresh_token

        refresh_expires_at = self.refresh_expires_at.isoformat()

        session_id = str(self.session_id)

        user_id = str(self.user_id)

        tenant_id: None | str
        if isinstance(self.tenant_id, UUID):
            tenant_id = str(self.tenant_id)
        else:
            tenant_id = self.tenant_id

        role: None | str
        role = self.role

        token_type = self.token_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "access_token": access_token,
                "expires_in": expires_in,
                "refresh_token": refresh_token,
                "refresh_expires_at": refresh_expires_at,
                "session_id": session_id,
                "user_id": user_id,
                "tenant_id": tenant_id,
                "role": role,
            }
        )
        if token_type is not UNSET:
            field_dict["token_type"] = token_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_access_token(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        access_token = _parse_access_token(d.pop("access_token"))

        expires_in = d.pop("expires_in")

        def _parse_refresh_token(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        refresh_token = _parse_refresh_token(d.pop("refresh_token"))

        refresh_expires_at = datetime.datetime.fromisoformat(d.pop("refresh_expires_at"))

        session_id = UUID(d.pop("session_id"))

        user_id = UUID(d.pop("user_id"))

        def _parse_tenant_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                tenant_id_type_0 = UUID(data)

                return tenant_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        def _parse_role(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        role = _parse_role(d.pop("role"))

        token_type = d.pop("token_type", UNSET)

        signed_in_out = cls(
            access_token=access_token,
            expires_in=expires_in,
            refresh_token=refresh_token,
            refresh_expires_at=refresh_expires_at,
            session_id=session_id,
            user_id=user_id,
            tenant_id=tenant_id,
            role=role,
            token_type=token_type,
        )

        signed_in_out.additional_properties = d
        return signed_in_out

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

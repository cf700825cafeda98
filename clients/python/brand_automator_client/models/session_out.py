from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="SessionOut")


@_attrs_define
class SessionOut:
    """Where somebody has signed in.

    Attributes:
        id (UUID):
        method (str):
        address (None | str):
        agent (None | str):
        created_at (datetime.datetime):
        seen_at (datetime.datetime):
        expires_at (datetime.datetime):
        current (bool | Unset):  Default: False.
    """

    id: UUID
    method: str
    address: None | str
    agent: None | str
    created_at: datetime.datetime
    seen_at: datetime.datetime
    expires_at: datetime.datetime
    current: bool | Unset = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        method = self.method

        address: None | str
        address = self.address

        agent: None | str
        agent = self.agent

        created_at = self.created_at.isoformat()

        seen_at = self.seen_at.isoformat()

        expires_at = self.expires_at.isoformat()

        current = self.current

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "method": method,
                "address": address,
                "agent": agent,
                "created_at": created_at,
                "seen_at": seen_at,
                "expires_at": expires_at,
            }
        )
        if current is not UNSET:
            field_dict["current"] = current

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        method = d.pop("method")

        def _parse_address(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        address = _parse_address(d.pop("address"))

        def _parse_agent(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        agent = _parse_agent(d.pop("agent"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        seen_at = datetime.datetime.fromisoformat(d.pop("seen_at"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        current = d.pop("current", UNSET)

        session_out = cls(
            id=id,
            method=method,
            address=address,
            agent=agent,
            created_at=created_at,
            seen_at=seen_at,
            expires_at=expires_at,
            current=current,
        )

        session_out.additional_properties = d
        return session_out

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

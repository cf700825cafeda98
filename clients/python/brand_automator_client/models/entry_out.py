from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.entry_out_targets import EntryOutTargets


T = TypeVar("T", bound="EntryOut")


@_attrs_define
class EntryOut:
    """Something that was done: who, what, when and from where.

    Attributes:
        id (UUID):
        at (datetime.datetime):
        subject (str): `user:` or `key:` and an id, or `installation`; `anybody` has not signed in, and `elsewhere` is
            whoever it was where an imported tenant was before.
        shown (str): What they were called then.
        action (str):
        method (str):
        route (str):
        targets (EntryOutTargets): Ids in the path, by their names there; `created` is what was made.
        status (int):
        request_id (None | str): Stands in the log, too.
        address (None | str):
        agent (None | str):
    """

    id: UUID
    at: datetime.datetime
    subject: str
    shown: str
    action: str
    method: str
    route: str
    targets: EntryOutTargets
    status: int
    request_id: None | str
    address: None | str
    agent: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        at = self.at.isoformat()

        subject = self.subject

        shown = self.shown

        action = self.action

        method = self.method

        route = self.route

        targets = self.targets.to_dict()

        status = self.status

        request_id: None | str
        request_id = self.request_id

        address: None | str
        address = self.address

        agent: None | str
        agent = self.agent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "at": at,
                "subject": subject,
                "shown": shown,
                "action": action,
                "method": method,
                "route": route,
                "targets": targets,
                "status": status,
                "request_id": request_id,
                "address": address,
                "agent": agent,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entry_out_targets import EntryOutTargets  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        at = datetime.datetime.fromisoformat(d.pop("at"))

        subject = d.pop("subject")

        shown = d.pop("shown")

        action = d.pop("action")

        method = d.pop("method")

        route = d.pop("route")

        targets = EntryOutTargets.from_dict(d.pop("targets"))

        status = d.pop("status")

        def _parse_request_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        request_id = _parse_request_id(d.pop("request_id"))

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

        entry_out = cls(
            id=id,
            at=at,
            subject=subject,
            shown=shown,
            action=action,
            method=method,
            route=route,
            targets=targets,
            status=status,
            request_id=request_id,
            address=address,
            agent=agent,
        )

        entry_out.additional_properties = d
        return entry_out

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

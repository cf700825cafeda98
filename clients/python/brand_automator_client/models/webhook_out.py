from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.webhook_out_state import WebhookOutState, check_webhook_out_state

T = TypeVar("T", bound="WebhookOut")


@_attrs_define
class WebhookOut:
    """Where events are sent to.

    Attributes:
        id (UUID):
        url (str):
        kinds (list[str]):
        description (str):
        state (WebhookOutState):
        reason (None | str): Why it is disabled.
        version (int): Counts its changes; part of the ETag.
        failures (int): Tries in a row that failed.
        failing_since (datetime.datetime | None):
        paused_until (datetime.datetime | None): Until then, nothing is tried.
        old_until (datetime.datetime | None): Until when the replaced secret signs, too.
        created_at (datetime.datetime):
    """

    id: UUID
    url: str
    kinds: list[str]
    description: str
    state: WebhookOutState
    reason: None | str
    version: int
    failures: int
    failing_since: datetime.datetime | None
    paused_until: datetime.datetime | None
    old_until: datetime.datetime | None
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        url = self.url

        kinds = self.kinds

        description = self.description

        state: str = self.state

        reason: None | str
        reason = self.reason

        version = self.version

        failures = self.failures

        failing_since: None | str
        if isinstance(self.failing_since, datetime.datetime):
            failing_since = self.failing_since.isoformat()
        else:
            failing_since = self.failing_since

        paused_until: None | str
        if isinstance(self.paused_until, datetime.datetime):
            paused_until = self.paused_until.isoformat()
        else:
            paused_until = self.paused_until

        old_until: None | str
        if isinstance(self.old_until, datetime.datetime):
            old_until = self.old_until.isoformat()
        else:
            old_until = self.old_until

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "url": url,
                "kinds": kinds,
                "description": description,
                "state": state,
                "reason": reason,
                "version": version,
                "failures": failures,
                "failing_since": failing_since,
                "paused_until": paused_until,
                "old_until": old_until,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        url = d.pop("url")

        kinds = cast(list[str], d.pop("kinds"))

        description = d.pop("description")

        state = check_webhook_out_state(d.pop("state"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        version = d.pop("version")

        failures = d.pop("failures")

        def _parse_failing_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                failing_since_type_0 = datetime.datetime.fromisoformat(data)

                return failing_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        failing_since = _parse_failing_since(d.pop("failing_since"))

        def _parse_paused_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                paused_until_type_0 = datetime.datetime.fromisoformat(data)

                return paused_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        paused_until = _parse_paused_until(d.pop("paused_until"))

        def _parse_old_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                old_until_type_0 = datetime.datetime.fromisoformat(data)

                return old_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        old_until = _parse_old_until(d.pop("old_until"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        webhook_out = cls(
            id=id,
            url=url,
            kinds=kinds,
            description=description,
            state=state,
            reason=reason,
            version=version,
            failures=failures,
            failing_since=failing_since,
            paused_until=paused_until,
            old_until=old_until,
            created_at=created_at,
        )

        webhook_out.additional_properties = d
        return webhook_out

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

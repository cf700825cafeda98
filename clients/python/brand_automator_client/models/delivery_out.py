from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.delivery_out_state import DeliveryOutState, check_delivery_out_state

T = TypeVar("T", bound="DeliveryOut")


@_attrs_define
class DeliveryOut:
    """One event on its way to one webhook, with the last answer.

    Attributes:
        id (UUID): The message's `webhook-id` is `msg_` and this, without hyphens.
        webhook_id (UUID):
        seq (int | None): The event's number; none for a test.
        kind (str):
        body (str):
        state (DeliveryOutState):
        attempts (int):
        due_at (datetime.datetime): When it is tried next, while it waits.
        created_at (datetime.datetime):
        tried_at (datetime.datetime | None):
        status (int | None):
        response (None | str): The first kibibyte of the last answer.
        seconds (float | None): How long the last try took.
        error (None | str):
    """

    id: UUID
    webhook_id: UUID
    seq: int | None
    kind: str
    body: str
    state: DeliveryOutState
    attempts: int
    due_at: datetime.datetime
    created_at: datetime.datetime
    tried_at: datetime.datetime | None
    status: int | None
    response: None | str
    seconds: float | None
    error: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        webhook_id = str(self.webhook_id)

        seq: int | None
        seq = self.seq

        kind = self.kind

        body = self.body

        state: str = self.state

        attempts = self.attempts

        due_at = self.due_at.isoformat()

        created_at = self.created_at.isoformat()

        tried_at: None | str
        if isinstance(self.tried_at, datetime.datetime):
            tried_at = self.tried_at.isoformat()
        else:
            tried_at = self.tried_at

        status: int | None
        status = self.status

        response: None | str
        response = self.response

        seconds: float | None
        seconds = self.seconds

        error: None | str
        error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "webhook_id": webhook_id,
                "seq": seq,
                "kind": kind,
                "body": body,
                "state": state,
                "attempts": attempts,
                "due_at": due_at,
                "created_at": created_at,
                "tried_at": tried_at,
                "status": status,
                "response": response,
                "seconds": seconds,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        webhook_id = UUID(d.pop("webhook_id"))

        def _parse_seq(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        seq = _parse_seq(d.pop("seq"))

        kind = d.pop("kind")

        body = d.pop("body")

        state = check_delivery_out_state(d.pop("state"))

        attempts = d.pop("attempts")

        due_at = datetime.datetime.fromisoformat(d.pop("due_at"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_tried_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                tried_at_type_0 = datetime.datetime.fromisoformat(data)

                return tried_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        tried_at = _parse_tried_at(d.pop("tried_at"))

        def _parse_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        status = _parse_status(d.pop("status"))

        def _parse_response(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        response = _parse_response(d.pop("response"))

        def _parse_seconds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        seconds = _parse_seconds(d.pop("seconds"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        delivery_out = cls(
            id=id,
            webhook_id=webhook_id,
            seq=seq,
            kind=kind,
            body=body,
            state=state,
            attempts=attempts,
            due_at=due_at,
            created_at=created_at,
            tried_at=tried_at,
            status=status,
            response=response,
            seconds=seconds,
            error=error,
        )

        delivery_out.additional_properties = d
        return delivery_out

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

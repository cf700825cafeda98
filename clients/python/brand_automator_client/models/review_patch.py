from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReviewPatch")


@_attrs_define
class ReviewPatch:
    """What is to change (RFC 7396): what is left out stays, and null takes the date away.

    Attributes:
        title (None | str | Unset):
        message (None | str | Unset):
        due_at (datetime.datetime | None | Unset):
        reviewer_ids (list[UUID] | None | Unset): All whom it is sent to from now on.
        state (Literal['open'] | None | Unset): Opens it again after a decision, for another round.
    """

    title: None | str | Unset = UNSET
    message: None | str | Unset = UNSET
    due_at: datetime.datetime | None | Unset = UNSET
    reviewer_ids: list[UUID] | None | Unset = UNSET
    state: Literal["open"] | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        message: None | str | Unset
        if isinstance(self.message, Unset):
            message = UNSET
        else:
            message = self.message

        due_at: None | str | Unset
        if isinstance(self.due_at, Unset):
            due_at = UNSET
        elif isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        reviewer_ids: list[str] | None | Unset
        if isinstance(self.reviewer_ids, Unset):
            reviewer_ids = UNSET
        elif isinstance(self.reviewer_ids, list):
            reviewer_ids = []
            for reviewer_ids_type_0_item_data in self.reviewer_ids:
                reviewer_ids_type_0_item = str(reviewer_ids_type_0_item_data)
                reviewer_ids.append(reviewer_ids_type_0_item)

        else:
            reviewer_ids = self.reviewer_ids

        state: Literal["open"] | None | Unset
        if isinstance(self.state, Unset):
            state = UNSET
        else:
            state = self.state

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if title is not UNSET:
            field_dict["title"] = title
        if message is not UNSET:
            field_dict["message"] = message
        if due_at is not UNSET:
            field_dict["due_at"] = due_at
        if reviewer_ids is not UNSET:
            field_dict["reviewer_ids"] = reviewer_ids
        if state is not UNSET:
            field_dict["state"] = state

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_title(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        title = _parse_title(d.pop("title", UNSET))

        def _parse_message(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        message = _parse_message(d.pop("message", UNSET))

        def _parse_due_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_at_type_0 = datetime.datetime.fromisoformat(data)

                return due_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        due_at = _parse_due_at(d.pop("due_at", UNSET))

        def _parse_reviewer_ids(data: object) -> list[UUID] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                reviewer_ids_type_0 = []
                _reviewer_ids_type_0 = data
                for reviewer_ids_type_0_item_data in _reviewer_ids_type_0:
                    reviewer_ids_type_0_item = UUID(reviewer_ids_type_0_item_data)

                    reviewer_ids_type_0.append(reviewer_ids_type_0_item)

                return reviewer_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[UUID] | None | Unset, data)

        reviewer_ids = _parse_reviewer_ids(d.pop("reviewer_ids", UNSET))

        def _parse_state(data: object) -> Literal["open"] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            state_type_0 = cast(Literal["open"], data)
            if state_type_0 != "open":
                raise ValueError(f"state_type_0 must match const 'open', got '{state_type_0}'")
            return state_type_0
            return cast(Literal["open"] | None | Unset, data)

        state = _parse_state(d.pop("state", UNSET))

        review_patch = cls(
            title=title,
            message=message,
            due_at=due_at,
            reviewer_ids=reviewer_ids,
            state=state,
        )

        return review_patch

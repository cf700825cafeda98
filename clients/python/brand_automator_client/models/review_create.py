from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReviewCreate")


@_attrs_define
class ReviewCreate:
    """An asset, and to whom it is sent.

    Attributes:
        asset_id (UUID):
        reviewer_ids (list[UUID]): Active members of the tenant, of any role; not yourself.
        title (None | str | Unset): The asset's name where there is none.
        message (str | Unset): What they should know; may have several lines. Default: ''.
        due_at (datetime.datetime | None | Unset): Until when an answer is hoped for; nothing happens then.
    """

    asset_id: UUID
    reviewer_ids: list[UUID]
    title: None | str | Unset = UNSET
    message: str | Unset = ""
    due_at: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        asset_id = str(self.asset_id)

        reviewer_ids = []
        for reviewer_ids_item_data in self.reviewer_ids:
            reviewer_ids_item = str(reviewer_ids_item_data)
            reviewer_ids.append(reviewer_ids_item)

        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        message = self.message

        due_at: None | str | Unset
        if isinstance(self.due_at, Unset):
            due_at = UNSET
        elif isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "asset_id": asset_id,
                "reviewer_ids": reviewer_ids,
            }
        )
        if title is not UNSET:
            field_dict["title"] = title
        if message is not UNSET:
            field_dict["message"] = message
        if due_at is not UNSET:
            field_dict["due_at"] = due_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        asset_id = UUID(d.pop("asset_id"))

        reviewer_ids = []
        _reviewer_ids = d.pop("reviewer_ids")
        for reviewer_ids_item_data in _reviewer_ids:
            reviewer_ids_item = UUID(reviewer_ids_item_data)

            reviewer_ids.append(reviewer_ids_item)

        def _parse_title(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        title = _parse_title(d.pop("title", UNSET))

        message = d.pop("message", UNSET)

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

        review_create = cls(
            asset_id=asset_id,
            reviewer_ids=reviewer_ids,
            title=title,
            message=message,
            due_at=due_at,
        )

        return review_create

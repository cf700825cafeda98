from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.review_out_state import ReviewOutState, check_review_out_state

if TYPE_CHECKING:
    from ..models.review_asset_out import ReviewAssetOut
    from ..models.review_person_out import ReviewPersonOut


T = TypeVar("T", bound="ReviewOut")


@_attrs_define
class ReviewOut:
    """An asset that was sent for review.

    Attributes:
        id (UUID):
        asset (ReviewAssetOut): What is to be looked at.
        title (str):
        message (str):
        state (ReviewOutState):
        round_ (int): Counts how often it was opened.
        sent_by (None | ReviewPersonOut): Null where a key has sent it.
        reviewers (list[ReviewPersonOut]):
        due_at (datetime.datetime | None):
        decided_by (None | ReviewPersonOut):
        decided_at (datetime.datetime | None):
        version (int): Counts what people change of it; part of the ETag.
        created_at (datetime.datetime):
    """

    id: UUID
    asset: ReviewAssetOut
    title: str
    message: str
    state: ReviewOutState
    round_: int
    sent_by: None | ReviewPersonOut
    reviewers: list[ReviewPersonOut]
    due_at: datetime.datetime | None
    decided_by: None | ReviewPersonOut
    decided_at: datetime.datetime | None
    version: int
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.review_person_out import ReviewPersonOut  # noqa: PLC0415

        id = str(self.id)

        asset = self.asset.to_dict()

        title = self.title

        message = self.message

        state: str = self.state

        round_ = self.round_

        sent_by: dict[str, Any] | None
        if isinstance(self.sent_by, ReviewPersonOut):
            sent_by = self.sent_by.to_dict()
        else:
            sent_by = self.sent_by

        reviewers = []
        for reviewers_item_data in self.reviewers:
            reviewers_item = reviewers_item_data.to_dict()
            reviewers.append(reviewers_item)

        due_at: None | str
        if isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        decided_by: dict[str, Any] | None
        if isinstance(self.decided_by, ReviewPersonOut):
            decided_by = self.decided_by.to_dict()
        else:
            decided_by = self.decided_by

        decided_at: None | str
        if isinstance(self.decided_at, datetime.datetime):
            decided_at = self.decided_at.isoformat()
        else:
            decided_at = self.decided_at

        version = self.version

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "asset": asset,
                "title": title,
                "message": message,
                "state": state,
                "round": round_,
                "sent_by": sent_by,
                "reviewers": reviewers,
                "due_at": due_at,
                "decided_by": decided_by,
                "decided_at": decided_at,
                "version": version,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.review_asset_out import ReviewAssetOut  # noqa: PLC0415
        from ..models.review_person_out import ReviewPersonOut  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        asset = ReviewAssetOut.from_dict(d.pop("asset"))

        title = d.pop("title")

        message = d.pop("message")

        state = check_review_out_state(d.pop("state"))

        round_ = d.pop("round")

        def _parse_sent_by(data: object) -> None | ReviewPersonOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                sent_by_type_0 = ReviewPersonOut.from_dict(data)

                return sent_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReviewPersonOut, data)

        sent_by = _parse_sent_by(d.pop("sent_by"))

        reviewers = []
        _reviewers = d.pop("reviewers")
        for reviewers_item_data in _reviewers:
            reviewers_item = ReviewPersonOut.from_dict(reviewers_item_data)

            reviewers.append(reviewers_item)

        def _parse_due_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_at_type_0 = datetime.datetime.fromisoformat(data)

                return due_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        due_at = _parse_due_at(d.pop("due_at"))

        def _parse_decided_by(data: object) -> None | ReviewPersonOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                decided_by_type_0 = ReviewPersonOut.from_dict(data)

                return decided_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReviewPersonOut, data)

        decided_by = _parse_decided_by(d.pop("decided_by"))

        def _parse_decided_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                decided_at_type_0 = datetime.datetime.fromisoformat(data)

                return decided_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        decided_at = _parse_decided_at(d.pop("decided_at"))

        version = d.pop("version")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        review_out = cls(
            id=id,
            asset=asset,
            title=title,
            message=message,
            state=state,
            round_=round_,
            sent_by=sent_by,
            reviewers=reviewers,
            due_at=due_at,
            decided_by=decided_by,
            decided_at=decided_at,
            version=version,
            created_at=created_at,
        )

        review_out.additional_properties = d
        return review_out

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

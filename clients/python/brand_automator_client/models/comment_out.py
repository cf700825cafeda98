from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.comment_out_decision_type_0 import (
    CommentOutDecisionType0,
    check_comment_out_decision_type_0,
)

if TYPE_CHECKING:
    from ..models.review_person_out import ReviewPersonOut


T = TypeVar("T", bound="CommentOut")


@_attrs_define
class CommentOut:
    """Something that was said, or how it was decided.

    Attributes:
        id (UUID):
        author (None | ReviewPersonOut): Null where a key has said it.
        text (str):
        at_ms (int | None):
        round_ (int): The review's, when it was said.
        decision (CommentOutDecisionType0 | None): Set where this is a decision.
        created_at (datetime.datetime):
        resolved_at (datetime.datetime | None):
    """

    id: UUID
    author: None | ReviewPersonOut
    text: str
    at_ms: int | None
    round_: int
    decision: CommentOutDecisionType0 | None
    created_at: datetime.datetime
    resolved_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.review_person_out import ReviewPersonOut  # noqa: PLC0415

        id = str(self.id)

        author: dict[str, Any] | None
        if isinstance(self.author, ReviewPersonOut):
            author = self.author.to_dict()
        else:
            author = self.author

        text = self.text

        at_ms: int | None
        at_ms = self.at_ms

        round_ = self.round_

        decision: None | str
        if isinstance(self.decision, str):
            decision = self.decision
        else:
            decision = self.decision

        created_at = self.created_at.isoformat()

        resolved_at: None | str
        if isinstance(self.resolved_at, datetime.datetime):
            resolved_at = self.resolved_at.isoformat()
        else:
            resolved_at = self.resolved_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "author": author,
                "text": text,
                "at_ms": at_ms,
                "round": round_,
                "decision": decision,
                "created_at": created_at,
                "resolved_at": resolved_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.review_person_out import ReviewPersonOut  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        def _parse_author(data: object) -> None | ReviewPersonOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                author_type_0 = ReviewPersonOut.from_dict(data)

                return author_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReviewPersonOut, data)

        author = _parse_author(d.pop("author"))

        text = d.pop("text")

        def _parse_at_ms(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        at_ms = _parse_at_ms(d.pop("at_ms"))

        round_ = d.pop("round")

        def _parse_decision(data: object) -> CommentOutDecisionType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                decision_type_0 = check_comment_out_decision_type_0(data)

                return decision_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CommentOutDecisionType0 | None, data)

        decision = _parse_decision(d.pop("decision"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_resolved_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                resolved_at_type_0 = datetime.datetime.fromisoformat(data)

                return resolved_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        resolved_at = _parse_resolved_at(d.pop("resolved_at"))

        comment_out = cls(
            id=id,
            author=author,
            text=text,
            at_ms=at_ms,
            round_=round_,
            decision=decision,
            created_at=created_at,
            resolved_at=resolved_at,
        )

        comment_out.additional_properties = d
        return comment_out

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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.decision_in_decision import DecisionInDecision, check_decision_in_decision
from ..types import UNSET, Unset

T = TypeVar("T", bound="DecisionIn")


@_attrs_define
class DecisionIn:
    """Yes or no.

    Attributes:
        decision (DecisionInDecision):
        comment (str | Unset): Why; it is kept with the comments. Default: ''.
    """

    decision: DecisionInDecision
    comment: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        decision: str = self.decision

        comment = self.comment

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "decision": decision,
            }
        )
        if comment is not UNSET:
            field_dict["comment"] = comment

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        decision = check_decision_in_decision(d.pop("decision"))

        comment = d.pop("comment", UNSET)

        decision_in = cls(
            decision=decision,
            comment=comment,
        )

        return decision_in

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.dollars_out import DollarsOut
    from ..models.tokens_out import TokensOut


T = TypeVar("T", bound="LanguageModelsOut")


@_attrs_define
class LanguageModelsOut:
    """What language models took this month.

    Attributes:
        month (datetime.date): Its first day, by UTC.
        tokens (TokensOut): Tokens of language models, in a month.
        dollars (DollarsOut): US dollars for language models, in a month.
    """

    month: datetime.date
    tokens: TokensOut
    dollars: DollarsOut
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        month = self.month.isoformat()

        tokens = self.tokens.to_dict()

        dollars = self.dollars.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "month": month,
                "tokens": tokens,
                "dollars": dollars,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.dollars_out import DollarsOut  # noqa: PLC0415
        from ..models.tokens_out import TokensOut  # noqa: PLC0415

        d = dict(src_dict)
        month = datetime.date.fromisoformat(d.pop("month"))

        tokens = TokensOut.from_dict(d.pop("tokens"))

        dollars = DollarsOut.from_dict(d.pop("dollars"))

        language_models_out = cls(
            month=month,
            tokens=tokens,
            dollars=dollars,
        )

        language_models_out.additional_properties = d
        return language_models_out

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

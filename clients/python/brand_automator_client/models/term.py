from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.term_translations import TermTranslations


T = TypeVar("T", bound="Term")


@_attrs_define
class Term:
    """A word of the brand's trade: how it is written, and how in other languages.

    Attributes:
        term (str):
        note (str | Unset):  Default: ''.
        translations (TermTranslations | Unset):
    """

    term: str
    note: str | Unset = ""
    translations: TermTranslations | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        term = self.term

        note = self.note

        translations: dict[str, Any] | Unset = UNSET
        if not isinstance(self.translations, Unset):
            translations = self.translations.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "term": term,
            }
        )
        if note is not UNSET:
            field_dict["note"] = note
        if translations is not UNSET:
            field_dict["translations"] = translations

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.term_translations import TermTranslations  # noqa: PLC0415

        d = dict(src_dict)
        term = d.pop("term")

        note = d.pop("note", UNSET)

        _translations = d.pop("translations", UNSET)
        translations: TermTranslations | Unset
        if isinstance(_translations, Unset):
            translations = UNSET
        else:
            translations = TermTranslations.from_dict(_translations)

        term = cls(
            term=term,
            note=note,
            translations=translations,
        )

        return term

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.call_to_action import CallToAction
    from ..models.colour import Colour
    from ..models.logo import Logo
    from ..models.term import Term
    from ..models.watermark import Watermark


T = TypeVar("T", bound="BrandKitPut")


@_attrs_define
class BrandKitPut:
    """All that is said of a brand; what is left out is said no more.

    Attributes:
        names (list[str] | Unset): The brand's and its products', which are written in this way only.
        glossary (list[Term] | Unset):
        voice (str | Unset):  Default: ''.
        audience (str | Unset):  Default: ''.
        languages (list[str] | Unset): Those that it publishes in (BCP 47), the main one first.
        colours (list[Colour] | Unset):
        logos (list[Logo] | Unset):
        intro_asset_id (None | Unset | UUID):
        outro_asset_id (None | Unset | UUID):
        watermark (None | Unset | Watermark):
        call_to_action (CallToAction | None | Unset):
        forbidden_words (list[str] | Unset): Words that the brand never says.
    """

    names: list[str] | Unset = UNSET
    glossary: list[Term] | Unset = UNSET
    voice: str | Unset = ""
    audience: str | Unset = ""
    languages: list[str] | Unset = UNSET
    colours: list[Colour] | Unset = UNSET
    logos: list[Logo] | Unset = UNSET
    intro_asset_id: None | Unset | UUID = UNSET
    outro_asset_id: None | Unset | UUID = UNSET
    watermark: None | Unset | Watermark = UNSET
    call_to_action: CallToAction | None | Unset = UNSET
    forbidden_words: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.call_to_action import CallToAction  # noqa: PLC0415
        from ..models.watermark import Watermark  # noqa: PLC0415

        names: list[str] | Unset = UNSET
        if not isinstance(self.names, Unset):
            names = self.names

        glossary: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.glossary, Unset):
            glossary = []
            for glossary_item_data in self.glossary:
                glossary_item = glossary_item_data.to_dict()
                glossary.append(glossary_item)

        voice = self.voice

        audience = self.audience

        languages: list[str] | Unset = UNSET
        if not isinstance(self.languages, Unset):
            languages = self.languages

        colours: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.colours, Unset):
            colours = []
            for colours_item_data in self.colours:
                colours_item = colours_item_data.to_dict()
                colours.append(colours_item)

        logos: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.logos, Unset):
            logos = []
            for logos_item_data in self.logos:
                logos_item = logos_item_data.to_dict()
                logos.append(logos_item)

        intro_asset_id: None | str | Unset
        if isinstance(self.intro_asset_id, Unset):
            intro_asset_id = UNSET
        elif isinstance(self.intro_asset_id, UUID):
            intro_asset_id = str(self.intro_asset_id)
        else:
            intro_asset_id = self.intro_asset_id

        outro_asset_id: None | str | Unset
        if isinstance(self.outro_asset_id, Unset):
            outro_asset_id = UNSET
        elif isinstance(self.outro_asset_id, UUID):
            outro_asset_id = str(self.outro_asset_id)
        else:
            outro_asset_id = self.outro_asset_id

        watermark: dict[str, Any] | None | Unset
        if isinstance(self.watermark, Unset):
            watermark = UNSET
        elif isinstance(self.watermark, Watermark):
            watermark = self.watermark.to_dict()
        else:
            watermark = self.watermark

        call_to_action: dict[str, Any] | None | Unset
        if isinstance(self.call_to_action, Unset):
            call_to_action = UNSET
        elif isinstance(self.call_to_action, CallToAction):
            call_to_action = self.call_to_action.to_dict()
        else:
            call_to_action = self.call_to_action

        forbidden_words: list[str] | Unset = UNSET
        if not isinstance(self.forbidden_words, Unset):
            forbidden_words = self.forbidden_words

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if names is not UNSET:
            field_dict["names"] = names
        if glossary is not UNSET:
            field_dict["glossary"] = glossary
        if voice is not UNSET:
            field_dict["voice"] = voice
        if audience is not UNSET:
            field_dict["audience"] = audience
        if languages is not UNSET:
            field_dict["languages"] = languages
        if colours is not UNSET:
            field_dict["colours"] = colours
        if logos is not UNSET:
            field_dict["logos"] = logos
        if intro_asset_id is not UNSET:
            field_dict["intro_asset_id"] = intro_asset_id
        if outro_asset_id is not UNSET:
            field_dict["outro_asset_id"] = outro_asset_id
        if watermark is not UNSET:
            field_dict["watermark"] = watermark
        if call_to_action is not UNSET:
            field_dict["call_to_action"] = call_to_action
        if forbidden_words is not UNSET:
            field_dict["forbidden_words"] = forbidden_words

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.call_to_action import CallToAction  # noqa: PLC0415
        from ..models.colour import Colour  # noqa: PLC0415
        from ..models.logo import Logo  # noqa: PLC0415
        from ..models.term import Term  # noqa: PLC0415
        from ..models.watermark import Watermark  # noqa: PLC0415

        d = dict(src_dict)
        names = cast(list[str], d.pop("names", UNSET))

        _glossary = d.pop("glossary", UNSET)
        glossary: list[Term] | Unset = UNSET
        if _glossary is not UNSET:
            glossary = []
            for glossary_item_data in _glossary:
                glossary_item = Term.from_dict(glossary_item_data)

                glossary.append(glossary_item)

        voice = d.pop("voice", UNSET)

        audience = d.pop("audience", UNSET)

        languages = cast(list[str], d.pop("languages", UNSET))

        _colours = d.pop("colours", UNSET)
        colours: list[Colour] | Unset = UNSET
        if _colours is not UNSET:
            colours = []
            for colours_item_data in _colours:
                colours_item = Colour.from_dict(colours_item_data)

                colours.append(colours_item)

        _logos = d.pop("logos", UNSET)
        logos: list[Logo] | Unset = UNSET
        if _logos is not UNSET:
            logos = []
            for logos_item_data in _logos:
                logos_item = Logo.from_dict(logos_item_data)

                logos.append(logos_item)

        def _parse_intro_asset_id(data: object) -> None | Unset | UUID:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                intro_asset_id_type_0 = UUID(data)

                return intro_asset_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UUID, data)

        intro_asset_id = _parse_intro_asset_id(d.pop("intro_asset_id", UNSET))

        def _parse_outro_asset_id(data: object) -> None | Unset | UUID:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                outro_asset_id_type_0 = UUID(data)

                return outro_asset_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UUID, data)

        outro_asset_id = _parse_outro_asset_id(d.pop("outro_asset_id", UNSET))

        def _parse_watermark(data: object) -> None | Unset | Watermark:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                watermark_type_0 = Watermark.from_dict(data)

                return watermark_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | Watermark, data)

        watermark = _parse_watermark(d.pop("watermark", UNSET))

        def _parse_call_to_action(data: object) -> CallToAction | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                call_to_action_type_0 = CallToAction.from_dict(data)

                return call_to_action_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CallToAction | None | Unset, data)

        call_to_action = _parse_call_to_action(d.pop("call_to_action", UNSET))

        forbidden_words = cast(list[str], d.pop("forbidden_words", UNSET))

        brand_kit_put = cls(
            names=names,
            glossary=glossary,
            voice=voice,
            audience=audience,
            languages=languages,
            colours=colours,
            logos=logos,
            intro_asset_id=intro_asset_id,
            outro_asset_id=outro_asset_id,
            watermark=watermark,
            call_to_action=call_to_action,
            forbidden_words=forbidden_words,
        )

        return brand_kit_put

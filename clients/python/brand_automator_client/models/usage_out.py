from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.language_models_out import LanguageModelsOut
    from ..models.open_out import OpenOut
    from ..models.stored_out import StoredOut


T = TypeVar("T", bound="UsageOut")


@_attrs_define
class UsageOut:
    """What a tenant has, what it may have, and what it has used since it was made.

    Attributes:
        stored_bytes (StoredOut): Bytes of a tenant.
        open_uploads (OpenOut): Things of a tenant that are under way.
        uploaded_bytes (int): Of all files that became assets, since ever.
        language_models (LanguageModelsOut): What language models took this month.
        media_seconds (float): Of all films that runs took in, since ever.
    """

    stored_bytes: StoredOut
    open_uploads: OpenOut
    uploaded_bytes: int
    language_models: LanguageModelsOut
    media_seconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        stored_bytes = self.stored_bytes.to_dict()

        open_uploads = self.open_uploads.to_dict()

        uploaded_bytes = self.uploaded_bytes

        language_models = self.language_models.to_dict()

        media_seconds = self.media_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "stored_bytes": stored_bytes,
                "open_uploads": open_uploads,
                "uploaded_bytes": uploaded_bytes,
                "language_models": language_models,
                "media_seconds": media_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.language_models_out import LanguageModelsOut  # noqa: PLC0415
        from ..models.open_out import OpenOut  # noqa: PLC0415
        from ..models.stored_out import StoredOut  # noqa: PLC0415

        d = dict(src_dict)
        stored_bytes = StoredOut.from_dict(d.pop("stored_bytes"))

        open_uploads = OpenOut.from_dict(d.pop("open_uploads"))

        uploaded_bytes = d.pop("uploaded_bytes")

        language_models = LanguageModelsOut.from_dict(d.pop("language_models"))

        media_seconds = d.pop("media_seconds")

        usage_out = cls(
            stored_bytes=stored_bytes,
            open_uploads=open_uploads,
            uploaded_bytes=uploaded_bytes,
            language_models=language_models,
            media_seconds=media_seconds,
        )

        usage_out.additional_properties = d
        return usage_out

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

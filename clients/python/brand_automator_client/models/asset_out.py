from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.asset_out_state import AssetOutState, check_asset_out_state

if TYPE_CHECKING:
    from ..models.asset_out_media_type_0 import AssetOutMediaType0


T = TypeVar("T", bound="AssetOut")


@_attrs_define
class AssetOut:
    """An uploaded file; `media` is what probing found, once it has.

    Attributes:
        id (UUID):
        name (str):
        kind (str):
        mime (str):
        bytes_ (int):
        sha256 (str):
        tags (list[str]):
        brand_id (UUID):
        version (int): Counts the changes that people make; part of the ETag.
        state (AssetOutState): What the newest run makes of it; `uploaded` without one.
        media (AssetOutMediaType0 | None):
        duplicate_of (None | UUID): The oldest asset with the same content, where that is another one.
        created_at (datetime.datetime):
        trashed_at (datetime.datetime | None): Thirty days later, it is removed for good.
    """

    id: UUID
    name: str
    kind: str
    mime: str
    bytes_: int
    sha256: str
    tags: list[str]
    brand_id: UUID
    version: int
    state: AssetOutState
    media: AssetOutMediaType0 | None
    duplicate_of: None | UUID
    created_at: datetime.datetime
    trashed_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.asset_out_media_type_0 import AssetOutMediaType0  # noqa: PLC0415

        id = str(self.id)

        name = self.name

        kind = self.kind

        mime = self.mime

        bytes_ = self.bytes_

        sha256 = self.sha256

        tags = self.tags

        brand_id = str(self.brand_id)

        version = self.version

        state: str = self.state

        media: dict[str, Any] | None
        if isinstance(self.media, AssetOutMediaType0):
            media = self.media.to_dict()
        else:
            media = self.media

        duplicate_of: None | str
        if isinstance(self.duplicate_of, UUID):
            duplicate_of = str(self.duplicate_of)
        else:
            duplicate_of = self.duplicate_of

        created_at = self.created_at.isoformat()

        trashed_at: None | str
        if isinstance(self.trashed_at, datetime.datetime):
            trashed_at = self.trashed_at.isoformat()
        else:
            trashed_at = self.trashed_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "kind": kind,
                "mime": mime,
                "bytes": bytes_,
                "sha256": sha256,
                "tags": tags,
                "brand_id": brand_id,
                "version": version,
                "state": state,
                "media": media,
                "duplicate_of": duplicate_of,
                "created_at": created_at,
                "trashed_at": trashed_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.asset_out_media_type_0 import AssetOutMediaType0  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        kind = d.pop("kind")

        mime = d.pop("mime")

        bytes_ = d.pop("bytes")

        sha256 = d.pop("sha256")

        tags = cast(list[str], d.pop("tags"))

        brand_id = UUID(d.pop("brand_id"))

        version = d.pop("version")

        state = check_asset_out_state(d.pop("state"))

        def _parse_media(data: object) -> AssetOutMediaType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                media_type_0 = AssetOutMediaType0.from_dict(data)

                return media_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AssetOutMediaType0 | None, data)

        media = _parse_media(d.pop("media"))

        def _parse_duplicate_of(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                duplicate_of_type_0 = UUID(data)

                return duplicate_of_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        duplicate_of = _parse_duplicate_of(d.pop("duplicate_of"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_trashed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                trashed_at_type_0 = datetime.datetime.fromisoformat(data)

                return trashed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        trashed_at = _parse_trashed_at(d.pop("trashed_at"))

        asset_out = cls(
            id=id,
            name=name,
            kind=kind,
            mime=mime,
            bytes_=bytes_,
            sha256=sha256,
            tags=tags,
            brand_id=brand_id,
            version=version,
            state=state,
            media=media,
            duplicate_of=duplicate_of,
            created_at=created_at,
            trashed_at=trashed_at,
        )

        asset_out.additional_properties = d
        return asset_out

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

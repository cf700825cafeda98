from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.artifact_out_attributes import ArtifactOutAttributes


T = TypeVar("T", bound="ArtifactOut")


@_attrs_define
class ArtifactOut:
    """A file that was made of an asset; it never changes.

    Attributes:
        id (UUID):
        asset_id (UUID):
        run_id (UUID):
        stage (str):
        kind (str):
        path (str):
        mime (str):
        bytes_ (int):
        sha256 (str):
        attributes (ArtifactOutAttributes):
        created_at (datetime.datetime):
    """

    id: UUID
    asset_id: UUID
    run_id: UUID
    stage: str
    kind: str
    path: str
    mime: str
    bytes_: int
    sha256: str
    attributes: ArtifactOutAttributes
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        asset_id = str(self.asset_id)

        run_id = str(self.run_id)

        stage = self.stage

        kind = self.kind

        path = self.path

        mime = self.mime

        bytes_ = self.bytes_

        sha256 = self.sha256

        attributes = self.attributes.to_dict()

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "asset_id": asset_id,
                "run_id": run_id,
                "stage": stage,
                "kind": kind,
                "path": path,
                "mime": mime,
                "bytes": bytes_,
                "sha256": sha256,
                "attributes": attributes,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.artifact_out_attributes import ArtifactOutAttributes  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        asset_id = UUID(d.pop("asset_id"))

        run_id = UUID(d.pop("run_id"))

        stage = d.pop("stage")

        kind = d.pop("kind")

        path = d.pop("path")

        mime = d.pop("mime")

        bytes_ = d.pop("bytes")

        sha256 = d.pop("sha256")

        attributes = ArtifactOutAttributes.from_dict(d.pop("attributes"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        artifact_out = cls(
            id=id,
            asset_id=asset_id,
            run_id=run_id,
            stage=stage,
            kind=kind,
            path=path,
            mime=mime,
            bytes_=bytes_,
            sha256=sha256,
            attributes=attributes,
            created_at=created_at,
        )

        artifact_out.additional_properties = d
        return artifact_out

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

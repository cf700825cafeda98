from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.direct_upload_out_headers import DirectUploadOutHeaders
    from ..models.upload_out import UploadOut


T = TypeVar("T", bound="DirectUploadOut")


@_attrs_define
class DirectUploadOut:
    """Where to send a file: a secret, with which anybody may send these bytes and no others.

    Attributes:
        upload (UploadOut): A file on its way in; once its run is there, so is the asset, whose id is the upload's.
        address (str): A resumable session of Google Cloud Storage, for a week.
        method (str | Unset):  Default: 'PUT'.
        headers (DirectUploadOutHeaders | Unset): To be sent with it.
        piece_bytes (int | Unset): All pieces but the last have a multiple of so many bytes. Default: 262144.
    """

    upload: UploadOut
    address: str
    method: str | Unset = "PUT"
    headers: DirectUploadOutHeaders | Unset = UNSET
    piece_bytes: int | Unset = 262144
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        upload = self.upload.to_dict()

        address = self.address

        method = self.method

        headers: dict[str, Any] | Unset = UNSET
        if not isinstance(self.headers, Unset):
            headers = self.headers.to_dict()

        piece_bytes = self.piece_bytes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "upload": upload,
                "address": address,
            }
        )
        if method is not UNSET:
            field_dict["method"] = method
        if headers is not UNSET:
            field_dict["headers"] = headers
        if piece_bytes is not UNSET:
            field_dict["piece_bytes"] = piece_bytes

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.direct_upload_out_headers import DirectUploadOutHeaders  # noqa: PLC0415
        from ..models.upload_out import UploadOut  # noqa: PLC0415

        d = dict(src_dict)
        upload = UploadOut.from_dict(d.pop("upload"))

        address = d.pop("address")

        method = d.pop("method", UNSET)

        _headers = d.pop("headers", UNSET)
        headers: DirectUploadOutHeaders | Unset
        if isinstance(_headers, Unset):
            headers = UNSET
        else:
            headers = DirectUploadOutHeaders.from_dict(_headers)

        piece_bytes = d.pop("piece_bytes", UNSET)

        direct_upload_out = cls(
            upload=upload,
            address=address,
            method=method,
            headers=headers,
            piece_bytes=piece_bytes,
        )

        direct_upload_out.additional_properties = d
        return direct_upload_out

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

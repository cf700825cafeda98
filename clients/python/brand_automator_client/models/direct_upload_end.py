from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DirectUploadEnd")


@_attrs_define
class DirectUploadEnd:
    """What was sent; what is said here is held against what has come.

    Attributes:
        sha256 (None | str | Unset): In hexadecimal.
        crc32c (None | str | Unset): Four bytes, the highest first, in base64.
    """

    sha256: None | str | Unset = UNSET
    crc32c: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        sha256: None | str | Unset
        if isinstance(self.sha256, Unset):
            sha256 = UNSET
        else:
            sha256 = self.sha256

        crc32c: None | str | Unset
        if isinstance(self.crc32c, Unset):
            crc32c = UNSET
        else:
            crc32c = self.crc32c

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if sha256 is not UNSET:
            field_dict["sha256"] = sha256
        if crc32c is not UNSET:
            field_dict["crc32c"] = crc32c

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_sha256(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sha256 = _parse_sha256(d.pop("sha256", UNSET))

        def _parse_crc32c(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        crc32c = _parse_crc32c(d.pop("crc32c", UNSET))

        direct_upload_end = cls(
            sha256=sha256,
            crc32c=crc32c,
        )

        return direct_upload_end

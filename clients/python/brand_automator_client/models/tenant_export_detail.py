from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.tenant_export_detail_state import (
    TenantExportDetailState,
    check_tenant_export_detail_state,
)

if TYPE_CHECKING:
    from ..models.tenant_export_detail_error_type_0 import TenantExportDetailErrorType0


T = TypeVar("T", bound="TenantExportDetail")


@_attrs_define
class TenantExportDetail:
    """The same, and where the archive can be downloaded while it is there.

    Attributes:
        id (UUID): Also the id of the run that makes it: cancel that.
        state (TenantExportDetailState):
        progress (float):
        rows (int | None): What it took in.
        files (int | None):
        bytes_ (int | None): Of the archive itself.
        sha256 (None | str):
        error (None | TenantExportDetailErrorType0):
        created_at (datetime.datetime):
        finished_at (datetime.datetime | None):
        expires_at (datetime.datetime | None): Until when it is kept, unless a newer one is ready before.
        url (None | str): Signed: whoever has it can download all of the tenant.
        url_expires_at (datetime.datetime | None): Ask again for another.
    """

    id: UUID
    state: TenantExportDetailState
    progress: float
    rows: int | None
    files: int | None
    bytes_: int | None
    sha256: None | str
    error: None | TenantExportDetailErrorType0
    created_at: datetime.datetime
    finished_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    url: None | str
    url_expires_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.tenant_export_detail_error_type_0 import TenantExportDetailErrorType0  # noqa: PLC0415

        id = str(self.id)

        state: str = self.state

        progress = self.progress

        rows: int | None
        rows = self.rows

        files: int | None
        files = self.files

        bytes_: int | None
        bytes_ = self.bytes_

        sha256: None | str
        sha256 = self.sha256

        error: dict[str, Any] | None
        if isinstance(self.error, TenantExportDetailErrorType0):
            error = self.error.to_dict()
        else:
            error = self.error

        created_at = self.created_at.isoformat()

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        expires_at: None | str
        if isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        url: None | str
        url = self.url

        url_expires_at: None | str
        if isinstance(self.url_expires_at, datetime.datetime):
            url_expires_at = self.url_expires_at.isoformat()
        else:
            url_expires_at = self.url_expires_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "state": state,
                "progress": progress,
                "rows": rows,
                "files": files,
                "bytes": bytes_,
                "sha256": sha256,
                "error": error,
                "created_at": created_at,
                "finished_at": finished_at,
                "expires_at": expires_at,
                "url": url,
                "url_expires_at": url_expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tenant_export_detail_error_type_0 import TenantExportDetailErrorType0  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        state = check_tenant_export_detail_state(d.pop("state"))

        progress = d.pop("progress")

        def _parse_rows(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rows = _parse_rows(d.pop("rows"))

        def _parse_files(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        files = _parse_files(d.pop("files"))

        def _parse_bytes_(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        bytes_ = _parse_bytes_(d.pop("bytes"))

        def _parse_sha256(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        sha256 = _parse_sha256(d.pop("sha256"))

        def _parse_error(data: object) -> None | TenantExportDetailErrorType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = TenantExportDetailErrorType0.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TenantExportDetailErrorType0, data)

        error = _parse_error(d.pop("error"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        def _parse_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        def _parse_url(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        url = _parse_url(d.pop("url"))

        def _parse_url_expires_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                url_expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return url_expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        url_expires_at = _parse_url_expires_at(d.pop("url_expires_at"))

        tenant_export_detail = cls(
            id=id,
            state=state,
            progress=progress,
            rows=rows,
            files=files,
            bytes_=bytes_,
            sha256=sha256,
            error=error,
            created_at=created_at,
            finished_at=finished_at,
            expires_at=expires_at,
            url=url,
            url_expires_at=url_expires_at,
        )

        tenant_export_detail.additional_properties = d
        return tenant_export_detail

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

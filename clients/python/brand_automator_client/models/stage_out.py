from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.stage_out_error_type_0 import StageOutErrorType0


T = TypeVar("T", bound="StageOut")


@_attrs_define
class StageOut:
    """One stage of a run; `progress` is from 0 to 1.

    Attributes:
        name (str):
        state (str):
        queue (str):
        attempt (int):
        failures (int):
        progress (float):
        started_at (datetime.datetime | None):
        finished_at (datetime.datetime | None):
        error (None | StageOutErrorType0):
    """

    name: str
    state: str
    queue: str
    attempt: int
    failures: int
    progress: float
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    error: None | StageOutErrorType0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.stage_out_error_type_0 import StageOutErrorType0  # noqa: PLC0415

        name = self.name

        state = self.state

        queue = self.queue

        attempt = self.attempt

        failures = self.failures

        progress = self.progress

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        error: dict[str, Any] | None
        if isinstance(self.error, StageOutErrorType0):
            error = self.error.to_dict()
        else:
            error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "state": state,
                "queue": queue,
                "attempt": attempt,
                "failures": failures,
                "progress": progress,
                "started_at": started_at,
                "finished_at": finished_at,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stage_out_error_type_0 import StageOutErrorType0  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        state = d.pop("state")

        queue = d.pop("queue")

        attempt = d.pop("attempt")

        failures = d.pop("failures")

        progress = d.pop("progress")

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

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

        def _parse_error(data: object) -> None | StageOutErrorType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = StageOutErrorType0.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StageOutErrorType0, data)

        error = _parse_error(d.pop("error"))

        stage_out = cls(
            name=name,
            state=state,
            queue=queue,
            attempt=attempt,
            failures=failures,
            progress=progress,
            started_at=started_at,
            finished_at=finished_at,
            error=error,
        )

        stage_out.additional_properties = d
        return stage_out

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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.run_patch_priority import RunPatchPriority, check_run_patch_priority

T = TypeVar("T", bound="RunPatch")


@_attrs_define
class RunPatch:
    """What is to change of a run (RFC 7396).

    Attributes:
        priority (RunPatchPriority): `batch` gives way to `interactive`.
    """

    priority: RunPatchPriority

    def to_dict(self) -> dict[str, Any]:
        priority: str = self.priority

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "priority": priority,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        priority = check_run_patch_priority(d.pop("priority"))

        run_patch = cls(
            priority=priority,
        )

        return run_patch

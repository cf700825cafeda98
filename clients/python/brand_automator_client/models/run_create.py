from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.run_create_priority import RunCreatePriority, check_run_create_priority
from ..types import UNSET, Unset

T = TypeVar("T", bound="RunCreate")


@_attrs_define
class RunCreate:
    """Another run on an asset.

    Attributes:
        recipe (None | str | Unset): The one called like the file's kind if left out.
        priority (RunCreatePriority | Unset):  Default: 'interactive'.
    """

    recipe: None | str | Unset = UNSET
    priority: RunCreatePriority | Unset = "interactive"

    def to_dict(self) -> dict[str, Any]:
        recipe: None | str | Unset
        if isinstance(self.recipe, Unset):
            recipe = UNSET
        else:
            recipe = self.recipe

        priority: str | Unset = UNSET
        if not isinstance(self.priority, Unset):
            priority = self.priority

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if recipe is not UNSET:
            field_dict["recipe"] = recipe
        if priority is not UNSET:
            field_dict["priority"] = priority

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_recipe(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        recipe = _parse_recipe(d.pop("recipe", UNSET))

        _priority = d.pop("priority", UNSET)
        priority: RunCreatePriority | Unset
        if isinstance(_priority, Unset):
            priority = UNSET
        else:
            priority = check_run_create_priority(_priority)

        run_create = cls(
            recipe=recipe,
            priority=priority,
        )

        return run_create

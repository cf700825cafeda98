from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.fit_create_placement_type_0 import (
    FitCreatePlacementType0,
    check_fit_create_placement_type_0,
)
from ..models.fit_create_priority import FitCreatePriority, check_fit_create_priority
from ..models.fit_create_shape import FitCreateShape, check_fit_create_shape
from ..types import UNSET, Unset

T = TypeVar("T", bound="FitCreate")


@_attrs_define
class FitCreate:
    """Where a film is to go, and what may be done to it for that.

    Attributes:
        network (str): Such as `youtube`, `instagram` or `x`.
        placement (FitCreatePlacementType0 | None | Unset): `video` if left out; `reel` where a network takes no other.
        shape (FitCreateShape | Unset): How it gets another shape: bars around it, or what is outside cut off. Default:
            'pad'.
        trim (bool | Unset): Cut off the end of a film that is too long; else a 422. Default: False.
        focus_x (float | Unset): Where a crop looks, of the width. Default: 0.5.
        focus_y (float | Unset): The same, of the height. Default: 0.5.
        background (str | Unset): The colour of bars. Default: '#000000'.
        priority (FitCreatePriority | Unset):  Default: 'interactive'.
    """

    network: str
    placement: FitCreatePlacementType0 | None | Unset = UNSET
    shape: FitCreateShape | Unset = "pad"
    trim: bool | Unset = False
    focus_x: float | Unset = 0.5
    focus_y: float | Unset = 0.5
    background: str | Unset = "#000000"
    priority: FitCreatePriority | Unset = "interactive"

    def to_dict(self) -> dict[str, Any]:
        network = self.network

        placement: None | str | Unset
        if isinstance(self.placement, Unset):
            placement = UNSET
        elif isinstance(self.placement, str):
            placement = self.placement
        else:
            placement = self.placement

        shape: str | Unset = UNSET
        if not isinstance(self.shape, Unset):
            shape = self.shape

        trim = self.trim

        focus_x = self.focus_x

        focus_y = self.focus_y

        background = self.background

        priority: str | Unset = UNSET
        if not isinstance(self.priority, Unset):
            priority = self.priority

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "network": network,
            }
        )
        if placement is not UNSET:
            field_dict["placement"] = placement
        if shape is not UNSET:
            field_dict["shape"] = shape
        if trim is not UNSET:
            field_dict["trim"] = trim
        if focus_x is not UNSET:
            field_dict["focus_x"] = focus_x
        if focus_y is not UNSET:
            field_dict["focus_y"] = focus_y
        if background is not UNSET:
            field_dict["background"] = background
        if priority is not UNSET:
            field_dict["priority"] = priority

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        network = d.pop("network")

        def _parse_placement(data: object) -> FitCreatePlacementType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                placement_type_0 = check_fit_create_placement_type_0(data)

                return placement_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FitCreatePlacementType0 | None | Unset, data)

        placement = _parse_placement(d.pop("placement", UNSET))

        _shape = d.pop("shape", UNSET)
        shape: FitCreateShape | Unset
        if isinstance(_shape, Unset):
            shape = UNSET
        else:
            shape = check_fit_create_shape(_shape)

        trim = d.pop("trim", UNSET)

        focus_x = d.pop("focus_x", UNSET)

        focus_y = d.pop("focus_y", UNSET)

        background = d.pop("background", UNSET)

        _priority = d.pop("priority", UNSET)
        priority: FitCreatePriority | Unset
        if isinstance(_priority, Unset):
            priority = UNSET
        else:
            priority = check_fit_create_priority(_priority)

        fit_create = cls(
            network=network,
            placement=placement,
            shape=shape,
            trim=trim,
            focus_x=focus_x,
            focus_y=focus_y,
            background=background,
            priority=priority,
        )

        return fit_create

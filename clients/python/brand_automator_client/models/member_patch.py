from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.role import Role, check_role
from ..types import UNSET, Unset

T = TypeVar("T", bound="MemberPatch")


@_attrs_define
class MemberPatch:
    """What is to change of a member (RFC 7396).

    Attributes:
        role (Role | Unset): What a member is to a tenant, the mightiest first.
        suspended (bool | Unset): Kept out until this is false again. Default: False.
    """

    role: Role | Unset = UNSET
    suspended: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        role: str | Unset = UNSET
        if not isinstance(self.role, Unset):
            role = self.role

        suspended = self.suspended

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if role is not UNSET:
            field_dict["role"] = role
        if suspended is not UNSET:
            field_dict["suspended"] = suspended

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _role = d.pop("role", UNSET)
        role: Role | Unset
        if isinstance(_role, Unset):
            role = UNSET
        else:
            role = check_role(_role)

        suspended = d.pop("suspended", UNSET)

        member_patch = cls(
            role=role,
            suspended=suspended,
        )

        return member_patch

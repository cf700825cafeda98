from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.organisation_role import OrganisationRole, check_organisation_role

T = TypeVar("T", bound="ColleagueIn")


@_attrs_define
class ColleagueIn:
    """What somebody is to be to the organisation.

    Attributes:
        role (OrganisationRole): What somebody is to an organisation; its owners and admins are admins of its tenants.
    """

    role: OrganisationRole

    def to_dict(self) -> dict[str, Any]:
        role: str = self.role

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "role": role,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        role = check_organisation_role(d.pop("role"))

        colleague_in = cls(
            role=role,
        )

        return colleague_in

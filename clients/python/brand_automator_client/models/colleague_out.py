from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.organisation_role import OrganisationRole, check_organisation_role

T = TypeVar("T", bound="ColleagueOut")


@_attrs_define
class ColleagueOut:
    """A member of the organisation.

    Attributes:
        user_id (UUID):
        name (str):
        email (str):
        role (OrganisationRole): What somebody is to an organisation; its owners and admins are admins of its tenants.
    """

    user_id: UUID
    name: str
    email: str
    role: OrganisationRole
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user_id = str(self.user_id)

        name = self.name

        email = self.email

        role: str = self.role

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user_id": user_id,
                "name": name,
                "email": email,
                "role": role,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        user_id = UUID(d.pop("user_id"))

        name = d.pop("name")

        email = d.pop("email")

        role = check_organisation_role(d.pop("role"))

        colleague_out = cls(
            user_id=user_id,
            name=name,
            email=email,
            role=role,
        )

        colleague_out.additional_properties = d
        return colleague_out

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

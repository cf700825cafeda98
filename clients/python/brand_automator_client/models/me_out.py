from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.membership_out import MembershipOut
    from ..models.second_factor_out import SecondFactorOut


T = TypeVar("T", bound="MeOut")


@_attrs_define
class MeOut:
    """Who has signed in, and where they are a member.

    Attributes:
        id (UUID):
        email (str):
        name (str):
        has_password (bool):
        second_factor (None | SecondFactorOut): Null where no code is asked for.
        session_id (UUID):
        tenant_id (None | UUID): The tenant that this session's tokens are for.
        memberships (list[MembershipOut]): The first 200, by name; `GET /v1/tenants` has them all.
    """

    id: UUID
    email: str
    name: str
    has_password: bool
    second_factor: None | SecondFactorOut
    session_id: UUID
    tenant_id: None | UUID
    memberships: list[MembershipOut]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.second_factor_out import SecondFactorOut  # noqa: PLC0415

        id = str(self.id)

        email = self.email

        name = self.name

        has_password = self.has_password

        second_factor: dict[str, Any] | None
        if isinstance(self.second_factor, SecondFactorOut):
            second_factor = self.second_factor.to_dict()
        else:
            second_factor = self.second_factor

        session_id = str(self.session_id)

        tenant_id: None | str
        if isinstance(self.tenant_id, UUID):
            tenant_id = str(self.tenant_id)
        else:
            tenant_id = self.tenant_id

        memberships = []
        for memberships_item_data in self.memberships:
            memberships_item = memberships_item_data.to_dict()
            memberships.append(memberships_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "email": email,
                "name": name,
                "has_password": has_password,
                "second_factor": second_factor,
                "session_id": session_id,
                "tenant_id": tenant_id,
                "memberships": memberships,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.membership_out import MembershipOut  # noqa: PLC0415
        from ..models.second_factor_out import SecondFactorOut  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        email = d.pop("email")

        name = d.pop("name")

        has_password = d.pop("has_password")

        def _parse_second_factor(data: object) -> None | SecondFactorOut:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                second_factor_type_0 = SecondFactorOut.from_dict(data)

                return second_factor_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | SecondFactorOut, data)

        second_factor = _parse_second_factor(d.pop("second_factor"))

        session_id = UUID(d.pop("session_id"))

        def _parse_tenant_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                tenant_id_type_0 = UUID(data)

                return tenant_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        tenant_id = _parse_tenant_id(d.pop("tenant_id"))

        memberships = []
        _memberships = d.pop("memberships")
        for memberships_item_data in _memberships:
            memberships_item = MembershipOut.from_dict(memberships_item_data)

            memberships.append(memberships_item)

        me_out = cls(
            id=id,
            email=email,
            name=name,
            has_password=has_password,
            second_factor=second_factor,
            session_id=session_id,
            tenant_id=tenant_id,
            memberships=memberships,
        )

        me_out.additional_properties = d
        return me_out

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

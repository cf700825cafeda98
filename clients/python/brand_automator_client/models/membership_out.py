from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="MembershipOut")


@_attrs_define
class MembershipOut:
    """A tenant of the person's.

    Attributes:
        tenant_id (UUID):
        slug (str):
        name (str):
        role (str):
        state (str): creating for a moment, then active; suspended, purging.
        suspended (bool): Whether this person is kept out of it for now.
        purge_after (datetime.datetime | None): When it is deleted for good; until then an owner restores it.
        organisation_id (None | UUID):
        organisation (None | str): The name of the one that groups it.
    """

    tenant_id: UUID
    slug: str
    name: str
    role: str
    state: str
    suspended: bool
    purge_after: datetime.datetime | None
    organisation_id: None | UUID
    organisation: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        tenant_id = str(self.tenant_id)

        slug = self.slug

        name = self.name

        role = self.role

        state = self.state

        suspended = self.suspended

        purge_after: None | str
        if isinstance(self.purge_after, datetime.datetime):
            purge_after = self.purge_after.isoformat()
        else:
            purge_after = self.purge_after

        organisation_id: None | str
        if isinstance(self.organisation_id, UUID):
            organisation_id = str(self.organisation_id)
        else:
            organisation_id = self.organisation_id

        organisation: None | str
        organisation = self.organisation

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "tenant_id": tenant_id,
                "slug": slug,
                "name": name,
                "role": role,
                "state": state,
                "suspended": suspended,
                "purge_after": purge_after,
                "organisation_id": organisation_id,
                "organisation": organisation,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        tenant_id = UUID(d.pop("tenant_id"))

        slug = d.pop("slug")

        name = d.pop("name")

        role = d.pop("role")

        state = d.pop("state")

        suspended = d.pop("suspended")

        def _parse_purge_after(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                purge_after_type_0 = datetime.datetime.fromisoformat(data)

                return purge_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        purge_after = _parse_purge_after(d.pop("purge_after"))

        def _parse_organisation_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                organisation_id_type_0 = UUID(data)

                return organisation_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        organisation_id = _parse_organisation_id(d.pop("organisation_id"))

        def _parse_organisation(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        organisation = _parse_organisation(d.pop("organisation"))

        membership_out = cls(
            tenant_id=tenant_id,
            slug=slug,
            name=name,
            role=role,
            state=state,
            suspended=suspended,
            purge_after=purge_after,
            organisation_id=organisation_id,
            organisation=organisation,
        )

        membership_out.additional_properties = d
        return membership_out

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

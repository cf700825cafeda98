from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.ready_slots import ReadySlots


T = TypeVar("T", bound="Ready")


@_attrs_define
class Ready:
    """What this process reaches.

    Attributes:
        database (bool):
        migrated (bool): The database is at this release's revision, or a later.
        broker (bool):
        storage (bool): It takes files.
        room (bool): Uploads are taken in: free space is above the reserve.
        slots (ReadySlots): By queue, those of the live workers.
    """

    database: bool
    migrated: bool
    broker: bool
    storage: bool
    room: bool
    slots: ReadySlots
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        database = self.database

        migrated = self.migrated

        broker = self.broker

        storage = self.storage

        room = self.room

        slots = self.slots.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "database": database,
                "migrated": migrated,
                "broker": broker,
                "storage": storage,
                "room": room,
                "slots": slots,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ready_slots import ReadySlots  # noqa: PLC0415

        d = dict(src_dict)
        database = d.pop("database")

        migrated = d.pop("migrated")

        broker = d.pop("broker")

        storage = d.pop("storage")

        room = d.pop("room")

        slots = ReadySlots.from_dict(d.pop("slots"))

        ready = cls(
            database=database,
            migrated=migrated,
            broker=broker,
            storage=storage,
            room=room,
            slots=slots,
        )

        ready.additional_properties = d
        return ready

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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.webhook_create_kinds_item import (
    WebhookCreateKindsItem,
    check_webhook_create_kinds_item,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="WebhookCreate")


@_attrs_define
class WebhookCreate:
    """Where events are to be sent, and which.

    Attributes:
        url (str): http or https, with no user's name.
        kinds (list[WebhookCreateKindsItem]): The events to be sent.
        description (str | Unset):  Default: ''.
    """

    url: str
    kinds: list[WebhookCreateKindsItem]
    description: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        kinds = []
        for kinds_item_data in self.kinds:
            kinds_item: str = kinds_item_data
            kinds.append(kinds_item)

        description = self.description

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "url": url,
                "kinds": kinds,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        url = d.pop("url")

        kinds = []
        _kinds = d.pop("kinds")
        for kinds_item_data in _kinds:
            kinds_item = check_webhook_create_kinds_item(kinds_item_data)

            kinds.append(kinds_item)

        description = d.pop("description", UNSET)

        webhook_create = cls(
            url=url,
            kinds=kinds,
            description=description,
        )

        return webhook_create

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.import_out_state import ImportOutState, check_import_out_state

if TYPE_CHECKING:
    from ..models.import_out_error_type_0 import ImportOutErrorType0


T = TypeVar("T", bound="ImportOut")


@_attrs_define
class ImportOut:
    """A file that is fetched, by a run of the same id; once it is there, so are asset and run.

    Attributes:
        id (UUID): Also the id of the run that fetches it: cancel and retry that.
        source (str): Where the file is, without the query.
        name (None | str):
        recipe (None | str):
        brand_id (None | UUID): The brand that was named; null is the default one.
        state (ImportOutState):
        progress (float):
        asset_id (None | UUID):
        run_id (None | UUID): The run on the asset.
        error (ImportOutErrorType0 | None):
        created_at (datetime.datetime):
        finished_at (datetime.datetime | None):
    """

    id: UUID
    source: str
    name: None | str
    recipe: None | str
    brand_id: None | UUID
    state: ImportOutState
    progress: float
    asset_id: None | UUID
    run_id: None | UUID
    error: ImportOutErrorType0 | None
    created_at: datetime.datetime
    finished_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.import_out_error_type_0 import ImportOutErrorType0  # noqa: PLC0415

        id = str(self.id)

        source = self.source

        name: None | str
        name = self.name

        recipe: None | str
        recipe = self.recipe

        brand_id: None | str
        if isinstance(self.brand_id, UUID):
            brand_id = str(self.brand_id)
        else:
            brand_id = self.brand_id

        state: str = self.state

        progress = self.progress

        asset_id: None | str
        if isinstance(self.asset_id, UUID):
            asset_id = str(self.asset_id)
        else:
            asset_id = self.asset_id

        run_id: None | str
        if isinstance(self.run_id, UUID):
            run_id = str(self.run_id)
        else:
            run_id = self.run_id

        error: dict[str, Any] | None
        if isinstance(self.error, ImportOutErrorType0):
            error = self.error.to_dict()
        else:
            error = self.error

        created_at = self.created_at.isoformat()

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "source": source,
                "name": name,
                "recipe": recipe,
                "brand_id": brand_id,
                "state": state,
                "progress": progress,
                "asset_id": asset_id,
                "run_id": run_id,
                "error": error,
                "created_at": created_at,
                "finished_at": finished_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.import_out_error_type_0 import ImportOutErrorType0  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        source = d.pop("source")

        def _parse_name(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        name = _parse_name(d.pop("name"))

        def _parse_recipe(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        recipe = _parse_recipe(d.pop("recipe"))

        def _parse_brand_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                brand_id_type_0 = UUID(data)

                return brand_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        brand_id = _parse_brand_id(d.pop("brand_id"))

        state = check_import_out_state(d.pop("state"))

        progress = d.pop("progress")

        def _parse_asset_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                asset_id_type_0 = UUID(data)

                return asset_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        asset_id = _parse_asset_id(d.pop("asset_id"))

        def _parse_run_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                run_id_type_0 = UUID(data)

                return run_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        run_id = _parse_run_id(d.pop("run_id"))

        def _parse_error(data: object) -> ImportOutErrorType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = ImportOutErrorType0.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ImportOutErrorType0 | None, data)

        error = _parse_error(d.pop("error"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        import_out = cls(
            id=id,
            source=source,
            name=name,
            recipe=recipe,
            brand_id=brand_id,
            state=state,
            progress=progress,
            asset_id=asset_id,
            run_id=run_id,
            error=error,
            created_at=created_at,
            finished_at=finished_at,
        )

        import_out.additional_properties = d
        return import_out

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

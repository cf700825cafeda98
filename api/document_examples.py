"""Examples in the document: each is told once, by the schema that it is one of.

A schema that tells none gets one that is put together of its parts', where all of them tell one.
"""

from collections.abc import Iterable
from typing import Any, Final

from api import problem_examples
from api.problem_codes import CODES

_SCHEMAS: Final = "#/components/schemas/"
# Nothing to show; None is an example of what may be null.
_NOTHING: Final = object()


def add(document: dict[str, Any]) -> None:
    """Have each schema, each body that is none, and each problem show what it looks like."""
    components = document["components"]
    composer = _Composer(components["schemas"])
    for name in components["schemas"]:
        composer.of_component(name)
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in _contents(operation):
                composer.of_content(content)
    components["examples"] = {
        one.code: {"summary": one.meaning, "value": problem_examples.example(one.code)}
        for one in CODES
        if one.status is not None
    }


def _contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    holders = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [content for one in holders for content in one.get("content", {}).values()]


class _Composer:
    """Puts examples together; state: the document's schemas, which get what is found."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def of_component(self, name: str) -> Any:
        """The example of a named schema, which keeps it."""
        schema = self._schemas[name]
        if "properties" in schema:
            told = schema.get("examples", [{}])[0]
            found = self._of_object(schema, told) if told or "examples" not in schema else told
        else:
            found = self._of(schema)
        if found is not _NOTHING:
            schema["examples"] = [found]
        return found

    def of_content(self, content: dict[str, Any]) -> None:
        """Give a body its example, unless its schema has a name, and so one of its own."""
        schema = content.get("schema", {})
        if not {"example", "examples"} & content.keys() and "$ref" not in schema:
            found = self._of(schema)
            if found is not _NOTHING:
                content["example"] = found

    def _of(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self.of_component(schema["$ref"].removeprefix(_SCHEMAS))
        if "examples" in schema:
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        found = self._of_any(schema.get("anyOf", ()))
        if found is not _NOTHING:
            return found
        if "default" in schema:
            return schema["default"]
        if schema.get("type") == "array":
            found = self._of(schema.get("items", {}))
            return found if found is _NOTHING else [found]
        if "properties" in schema:
            return self._of_object(schema, {})
        return None if schema.get("type") == "null" else _NOTHING

    def _of_any(self, choices: Iterable[dict[str, Any]]) -> Any:
        """The first that is something; None where that is all there is."""
        found = [one for one in map(self._of, choices) if one is not _NOTHING]
        return next((one for one in found if one is not None), None if found else _NOTHING)

    def _of_object(self, schema: dict[str, Any], told: dict[str, Any]) -> Any:
        """What is told, with its parts' where it leaves out what is required; the parts' alone."""
        made = dict(told)
        for name, part in schema["properties"].items():
            if name not in told and (not told or name in schema.get("required", ())):
                made[name] = self._of(part)
        if any(made[name] is _NOTHING for name in schema.get("required", ())):
            return _NOTHING
        return {name: made[name] for name in made if made[name] is not _NOTHING}

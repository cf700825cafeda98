"""The JSON schema of a pydantic model as all providers take it, and answers held to the model.

Providers know different parts of JSON Schema and refuse the rest. What all of them know is sent;
the other rules go into the description, where a model reads them, and the answer is held to all of
them here.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from ai.text.errors import Unfit

# https://platform.openai.com/docs/guides/structured-outputs, …/build-with-claude/structured-outputs
# and https://ai.google.dev/gemini-api/docs/structured-output: what stands in all three.
_KEPT: Final = frozenset({"type", "enum", "description", "required", "additionalProperties"})
_TOLD: Final[Mapping[str, str]] = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "pattern": "must match the regular expression {}",
    "format": "format: {}",
}
_MOST_ERRORS: Final = 8


def wire_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema that is sent: objects closed, every property required.

    Raises ValueError for maps of any keys, which not every provider can be held to.
    """
    found = _node(model.model_json_schema(by_alias=True))
    assert isinstance(found, dict)
    return found


def _node(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}  # OpenAI takes nothing beside it
    if node.get("type") == "object" and "properties" not in node:
        raise ValueError("a shape names its fields: it has no maps of any keys")
    made = {key: value for key, value in node.items() if key in _KEPT}
    if "const" in node:
        made["enum"] = [node["const"]]
    if "type" not in made and "enum" in made:
        made["type"] = "string"
    made |= _parts(node)
    if node.get("type") == "object":
        made["additionalProperties"] = False
        made["properties"] = made.get("properties", {})
        made["required"] = list(made["properties"])
    told = [words.format(node[key]) for key, words in _TOLD.items() if key in node]
    if told:
        made["description"] = "; ".join(filter(None, (made.get("description"), *told)))
    return made


def _parts(node: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key in ("$defs", "properties"):
        if key in node:
            made[key] = {name: _node(part) for name, part in node[key].items()}
    if "items" in node:
        made["items"] = _node(node["items"])
    for key in ("anyOf", "oneOf"):
        if key in node:
            made["anyOf"] = [_node(part) for part in node[key]]
    return made


def fitted(text: str, model: type[BaseModel]) -> BaseModel:
    """The answer as an instance; raises Unfit, whose message names rules and repeats no value."""
    try:
        return model.model_validate_json(_bare(text), strict=False)
    except ValidationError as error:
        raise Unfit(complaint(error)) from None


def arguments_of(text: str, model: type[BaseModel], name: str) -> dict[str, Any]:
    """A call's arguments, valid for its model, as JSON values; raises Unfit."""
    try:
        model.model_validate_json(text or "{}")
    except ValidationError as error:
        raise Unfit(f"the arguments for {name} are wrong: {complaint(error)}") from None
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def complaint(error: ValidationError) -> str:
    """Which fields break which rules, without what stands in them."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [
        f"{'.'.join(str(part) for part in each['loc']) or 'the answer'}: {each['msg']}"
        for each in errors[:_MOST_ERRORS]
    ]
    return "; ".join(lines)


def _bare(text: str) -> str:
    """Without the code fence that local models like to put around JSON."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and "\n" in bare:
        bare = bare.partition("\n")[2][:-3]
    return bare.strip()

"""The document of the API, committed or made, read with its references followed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from api.app import create_app

ROOT: Final = Path(__file__).parents[2]
COMMITTED: Final = ROOT / "docs" / "openapi.json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document."""

    method: str
    path: str
    said: dict[str, Any]
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """Its answers, with what they refer to."""
        found = self.said["responses"]
        return {status: follow(self.document, one) for status, one in found.items()}

    def bodies(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """What it takes and answers: what it is to the operation, its type, and the content."""
        holders = {"request": self.said.get("requestBody", {}), **self.answers}
        for which, holder in holders.items():
            for kind, content in holder.get("content", {}).items():
                yield f"{self.name} {which}", kind, content


def operations(document: dict[str, Any]) -> list[Operation]:
    """All of a document's."""
    return [
        Operation(method, path, said, document)
        for path, item in document["paths"].items()
        for method, said in item.items()
    ]


def follow(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of a document, or what it refers to."""
    while "$ref" in part:
        found: Any = document
        for word in part["$ref"].removeprefix("#/").split("/"):
            found = found[word]
        part = found
    return part


@cache
def made() -> dict[str, Any]:
    """What the application makes, once for all who read it. Not to be changed."""
    return create_app().openapi()


def committed() -> dict[str, Any]:
    """`docs/openapi.json`."""
    found: dict[str, Any] = json.loads(COMMITTED.read_text("utf-8"))
    return found

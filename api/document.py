"""The document of the API: what FastAPI knows of the routes, and what it does not know.

`docs/openapi.json` is made of it: `python -m api.document > docs/openapi.json`, or `make clients`.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import credentials, document_examples, document_words
from api.access import PERMISSION
from api.problems import MEDIA_TYPE, Problem, documented, shown

_KEY: Final = "idempotency-key"
_REPLAYED: Final[dict[str, Any]] = {
    "Idempotent-Replayed": {
        "description": "`true` where this was answered before, to the same Idempotency-Key.",
        "schema": {"type": "string"},
    }
}
_CHALLENGE: Final[dict[str, Any]] = {
    "WWW-Authenticate": {"description": "What is to be shown.", "schema": {"type": "string"}}
}


# As api/limits.py says it of 429.
_LATER: Final[dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds until it may be asked again.",
        "schema": {"type": "string"},
    }
}


def operation_id(route: APIRoute) -> str:
    """The function's name; what it answers to HEAD as well as to GET is an operation of its own."""
    return f"head_{route.name.removeprefix('get_')}" if _is_second(route) else route.name


def _is_second(route: APIRoute) -> bool:
    return route.methods == {"HEAD"} and route.name.startswith("get_")


def install(app: FastAPI, *further: Callable[[dict[str, Any]], None]) -> None:
    """Have the application give this document, to which `further` adds; made when it is wanted."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _made(app, further)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _made(app: FastAPI, further: tuple[Callable[[dict[str, Any]], None], ...]) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, routes=app.routes, **document_words.INFO
    )
    ours = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components = made.setdefault("components", {})
    components["schemas"] |= ours.pop("$defs")
    components["schemas"][Problem.__name__] = ours
    _mend(made)
    for add in further:
        add(made)
    for path, operations in made["paths"].items():
        for operation in operations.values():
            operation["security"] = document_words.security(path, operation.get(PERMISSION))
            _add_headers(operation)
    components["securitySchemes"] = document_words.schemes(credentials.cookie.model.name)
    document_examples.add(made)
    _share(made)
    made["tags"] = _tags(made)
    components["schemas"] = dict(sorted(components["schemas"].items()))
    return made


def _mend(document: dict[str, Any]) -> None:
    """Take out what FastAPI says by itself and is not so; put in what an Idempotency-Key brings."""
    for operations in document["paths"].values():
        for operation in operations.values():
            refused = operation["responses"].get("422", {}).get("content", {})
            if "application/json" in refused:  # it would answer so, but we have problems
                operation["responses"]["422"] = documented(422)[422]
            if _takes_key(operation):
                for status, answer in documented(409, 422).items():
                    operation["responses"].setdefault(str(status), answer)
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                if "enum" in schema and schema.get("default") not in schema["enum"]:
                    schema.pop("default", None)  # it stands for what was not sent
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)


def _takes_key(operation: dict[str, Any]) -> bool:
    return any(one["name"].lower() == _KEY for one in operation.get("parameters", ()))


def _add_headers(operation: dict[str, Any]) -> None:
    """Say of answers what no route says: which are repeated, what 401 asks for, and when again."""
    keyed = _takes_key(operation)
    answers = operation["responses"]
    for status, answer in answers.items():
        further: dict[str, Any] = {}
        if keyed and status.startswith("2"):
            further = _REPLAYED
        elif status == "401":
            further = _CHALLENGE
        elif (status == "503" and MEDIA_TYPE in answer["content"]) or (keyed and status == "409"):
            further = _LATER
        if further:
            answers[status] = {**answer, "headers": {**answer.get("headers", {}), **further}}
    if keyed:
        for status, code in (("409", "idempotency_key_in_use"), ("422", "idempotency_key_reused")):
            content = answers[status]["content"][MEDIA_TYPE]
            content = {**content, "examples": {**content["examples"], **shown(code)}}
            answers[status] = {**answers[status], "content": {MEDIA_TYPE: content}}


def _share(document: dict[str, Any]) -> None:
    """Tell each header and each problem once: operations refer to it by what it is."""
    headers: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            found = operation["responses"]
            for status, answer in found.items():
                told = dict(answer)
                if "headers" in answer:
                    told["headers"] = _shared(headers, answer["headers"])
                if MEDIA_TYPE in answer.get("content", {}):
                    told = _shared(answers, {_name(answer): told}, "responses")[_name(answer)]
                found[status] = told
    document["components"]["headers"] = dict(sorted(headers.items()))
    document["components"]["responses"] = dict(sorted(answers.items()))


def _shared(known: dict[str, Any], found: dict[str, Any], kind: str = "headers") -> dict[str, Any]:
    """References to what was found, by its names; what another has under a name stays inline."""
    return {
        name: {"$ref": f"#/components/{kind}/{name}"}
        if "$ref" in one or known.setdefault(name, one) == one
        else one
        for name, one in found.items()
    }


def _name(answer: dict[str, Any]) -> str:
    """What a problem's answer is called: by its codes, and by what its headers say."""
    codes = answer["content"][MEDIA_TYPE]["examples"]
    words = "Or".join(code.title().replace("_", "") for code in codes)
    return words if "RateLimit" in answer.get("headers", {}) else f"{words}Uncounted"


def _tags(document: dict[str, Any]) -> list[dict[str, str]]:
    """Those that operations have, described."""
    used = {
        tag
        for operations in document["paths"].values()
        for operation in operations.values()
        for tag in operation.get("tags", ())
    }
    known = [name for name in document_words.TAGS if name in used]
    return [
        {"name": name, "description": document_words.TAGS.get(name, "")}
        for name in (*known, *sorted(used.difference(known)))
    ]


def render(document: dict[str, Any]) -> str:
    """A document as it is kept in `docs/openapi.json`."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    import sys

    from api.app import create_app

    sys.stdout.write(render(create_app().openapi()))

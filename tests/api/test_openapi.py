"""The document is whole, is the one that is committed, and shows what everything looks like."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from api.access import PERMISSION
from api.app import create_app
from api.document import render
from api.problem_codes import CODES
from core.settings import get_settings
from services.permissions import FOR_PEOPLE
from tests.api.documents import COMMITTED, Operation, follow, made, operations

DOCUMENT = made()
OPERATIONS = operations(DOCUMENT)
PROBLEM = "application/problem+json"
AGAIN = "run `make clients` and commit what it writes"

checker = FormatChecker()


@checker.checks("date-time", raises=ValueError)
def is_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


def test_the_committed_document_is_the_applications() -> None:
    kept, made = COMMITTED.read_text("utf-8"), render(DOCUMENT)
    if kept != made:
        pairs = zip(kept.splitlines(), made.splitlines(), strict=False)
        first = next((pair for pair in pairs if pair[0] != pair[1]), ("…", "…"))
        pytest.fail(f"docs/openapi.json has {first[0]!r}, the code {first[1]!r}: {AGAIN}")


def test_the_document_is_the_same_whatever_the_settings_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "PUBLIC_URL": "https://media.example",
        "ALLOWED_ORIGINS": "https://app.example",
        "RATE_LIMITS": '{"user": 7}',
        "UPLOAD_BYTES": "1000",
        "METRICS_TOKEN": "a token of the tests",
    }.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        assert get_settings().public_url == "https://media.example"
        assert render(create_app().openapi()) == COMMITTED.read_text("utf-8")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_every_operation_has_a_name_of_its_own_that_a_program_can_use() -> None:
    names = [one.said["operationId"] for one in OPERATIONS]
    assert len(names) > 100
    assert len(names) == len(set(names))
    assert [one for one in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", one)] == []


def test_every_tag_is_described_and_every_operation_has_one() -> None:
    nameless = [one["name"] for one in DOCUMENT["tags"] if not one["description"]]
    assert nameless == [], f"say in api/document_words.py what {nameless} are"
    assert all(len(one.said["tags"]) == 1 for one in OPERATIONS)


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.said["operationId"])
def test_what_is_sent_and_answered_has_an_example_that_fits_its_schema(one: Operation) -> None:
    looked = 0
    for which, kind, content in one.bodies():
        schema = content["schema"]
        if not kind.endswith("json") or kind.endswith("ndjson") or schema.get("format") == "binary":
            continue
        examples = list(_examples(content))
        name = schema.get("$ref", "its schema").rpartition("/")[2]
        assert examples, (
            f"{which}: {name} shows no example: give it"
            " `json_schema_extra=example(…)` of api/schemas/examples.py, or its fields `examples`"
        )
        validator = Draft202012Validator(
            {**schema, "components": DOCUMENT["components"]}, format_checker=checker
        )
        for example in examples:
            wrong = [f"{flaw.json_path}: {flaw.message}" for flaw in validator.iter_errors(example)]
            assert wrong == [], f"{which}: the example of {name} does not fit"
            looked += 1
    assert looked > 0


def _examples(content: dict[str, Any]) -> Iterator[Any]:
    """Those of a body; where it tells none, its schema's."""
    if "example" in content:
        yield content["example"]
    for one in content.get("examples", {}).values():
        yield follow(DOCUMENT, one)["value"]
    if not {"example", "examples"} & content.keys():
        yield from follow(DOCUMENT, content["schema"]).get("examples", ())


def test_every_problem_shows_its_own_type_title_and_status() -> None:
    known = {one.code: one.status for one in CODES}
    seen = set()
    for one in OPERATIONS:
        for status, answer in one.answers.items():
            if status.startswith(("4", "5")) and status + one.path != "503/readyz":
                told = answer["content"][PROBLEM]["examples"]
                for code, where in told.items():
                    shown = follow(DOCUMENT, where)["value"]
                    assert shown["type"] == f"urn:brand-automator:problem:{code}"
                    assert shown["title"] == answer["description"]
                    assert shown["status"] == known[code] == int(status)
                    seen.add(code)
    assert seen >= {"not_found", "wrong_code", "quota_exceeded", "idempotency_key_reused"}


def test_what_has_to_be_shown_is_what_the_permission_asks_for() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    for one in OPERATIONS:
        asked = {name for way in one.said["security"] for name in way}
        assert asked <= schemes.keys()
        permission = one.said[PERMISSION]
        if permission == "public":
            assert asked <= {"metrics_token"}, one.name
            continue
        people = permission == "person" or permission in FOR_PEOPLE
        assert asked == {"access_token", "cookie"} | (set() if people else {"api_key"}), one.name


def test_a_name_that_is_no_scheme_or_default_is_not_left_over() -> None:
    text = COMMITTED.read_text("utf-8")
    assert "HTTPValidationError" not in text
    references = set(re.findall(r'"#/(components/\w+/[^"]+)"', text))
    assert len(references) > 100
    for reference in references:
        assert follow(DOCUMENT, {"$ref": f"#/{reference}"})
    schemas = {one.rpartition("/")[2] for one in references if "/schemas/" in one}
    assert DOCUMENT["components"]["schemas"].keys() == schemas


def test_what_takes_an_idempotency_key_says_what_becomes_of_it() -> None:
    keyed = [
        one
        for one in OPERATIONS
        if any(given["name"] == "idempotency-key" for given in one.said.get("parameters", ()))
    ]
    assert len(keyed) > 10
    for one in keyed:
        good = next(answer for status, answer in one.answers.items() if status[0] == "2")
        assert "Idempotent-Replayed" in good["headers"], one.name
        assert "idempotency_key_in_use" in one.answers["409"]["content"][PROBLEM]["examples"]
        assert "idempotency_key_reused" in one.answers["422"]["content"][PROBLEM]["examples"]


def test_what_has_a_tag_says_so_and_what_needs_one_too() -> None:
    conditional = {
        one.said["operationId"]
        for one in OPERATIONS
        if any(given["name"] == "if-none-match" for given in one.said.get("parameters", ()))
    }
    assert {"get_asset", "get_tenant", "get_webhook"} <= conditional
    for one in OPERATIONS:
        if one.said["operationId"] in conditional:
            assert "ETag" in one.answers["200"]["headers"]
            assert "304" in one.answers
        if "428" in one.answers:
            assert "412" in one.answers, one.name
            assert "ETag" in one.answers["200"]["headers"], one.name


def test_what_is_new_says_where_it_is() -> None:
    located = {
        one.said["operationId"]
        for one in OPERATIONS
        if any("Location" in answer.get("headers", {}) for answer in one.answers.values())
    }
    assert located >= {
        "create_upload", "create_direct_upload", "create_import", "create_webhook", "create_key",
        "create_brand", "create_review", "create_tenant_export",
    }  # fmt: skip
    for one in OPERATIONS:
        if "503" in one.answers and one.path != "/readyz":
            assert "Retry-After" in one.answers["503"]["headers"], one.name


def test_every_list_that_goes_on_says_how() -> None:
    pages = {
        name
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if {"items", "next"} <= schema.get("properties", {}).keys()
    }
    assert len(pages) > 8
    for one in OPERATIONS:
        shown = one.answers.get("200", {}).get("content", {}).get("application/json", {})
        if shown.get("schema", {}).get("$ref", "").rpartition("/")[2] in pages:
            names = {given["name"] for given in one.said["parameters"]}
            assert {"limit", "cursor"} <= names, one.name

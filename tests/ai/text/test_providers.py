"""Every provider gives text, values, calls of tools and streams, through its real SDK."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from ai.text import (
    Assistant,
    Delta,
    Finished,
    Image,
    Request,
    Text,
    TextClient,
    Tool,
    ToolResult,
    Untrusted,
    User,
    ask,
)
from core.logging import configure_logging
from tests.ai.text.shapes import Place, Words, png
from tests.language_models import KEY, NAMES, LanguageModels

SPECS = Path(__file__).parents[4] / "shared" / "specs"
TOOL = Tool("weather", "The weather of a city.", Place)
SAID = '{"title": "A red dot", "tags": ["dot"]}'


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def client(models: LanguageModels, name: str) -> Iterator[TextClient]:
    made = TextClient([models.provider(name)])
    yield made
    made.close()


def test_a_text_comes_with_its_tokens_and_its_cost(client: TextClient, name: str) -> None:
    answer = client.answer(ask("Be brief.", "Hello.", Untrusted("word " * 50, "transcript")))
    assert "mock response" in answer.text
    assert answer.provider == name
    assert answer.usage.input > 50
    assert 0 < answer.usage.output < 50
    assert not answer.usage.estimated
    assert answer.cost is not None
    assert (answer.cost > 0) == (name != "local")
    assert [attempt.outcome for attempt in answer.attempts] == ["answered"]


def test_a_value_is_held_to_its_schema_and_a_picture_is_looked_at(
    client: TextClient, models: LanguageModels, name: str
) -> None:
    models.plan({"type": "reply", "text": SAID})
    answer = client.answer(ask("Name it.", "What is this?", Image(png()), shape=Words))
    assert answer.value == Words(title="A red dot", tags=["dot"])
    (asked,) = models.requests()
    sent = json.dumps(asked["body"])
    assert "iVBORw0KGgo" in sent
    assert "additionalProperties" in sent
    assert "at most 60 characters" in sent


def test_a_tool_is_called_and_its_result_goes_back_as_material(
    client: TextClient, models: LanguageModels
) -> None:
    request = Request("", (User((Text("Weather in Paris?"),)),), tools=(TOOL,))
    asked = client.answer(request)
    (call,) = asked.calls
    assert call.name == "weather"
    assert Place.model_validate(call.arguments).city
    turns = (*request.messages, Assistant(asked.text, asked.calls), ToolResult(call, "21 degrees"))
    answer = client.answer(replace(request, messages=turns))
    assert answer.calls == ()
    assert "mock response" in answer.text
    assert "21 degrees" in json.dumps(models.requests()[-1]["body"])


def test_a_stream_comes_in_pieces_and_ends_whole(client: TextClient) -> None:
    *deltas, last = client.stream(ask("", "Hello."))
    assert isinstance(last, Finished)
    assert len(deltas) > 2
    assert "".join(each.text for each in deltas if isinstance(each, Delta)) == last.answer.text


def test_the_key_is_in_no_message_and_not_in_the_body(
    client: TextClient, models: LanguageModels, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    models.plan({"type": "fail", "status": 503, "retry_after": 0.01})
    answer = client.answer(ask("", "Hello."))
    assert len(answer.attempts) == 2
    assert KEY not in caplog.text
    assert KEY not in repr(client)
    assert KEY not in json.dumps(models.requests())


def test_a_log_of_everything_has_nothing_that_was_said(
    client: TextClient, models: LanguageModels
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(level="DEBUG", stream=stream)
    try:
        models.plan({"type": "reply", "text": "so that is the answer", "times": 2})
        models.plan({"type": "fail", "status": 429, "retry_after": 0.01})
        models.plan({"type": "stream_fault", "kind": "malformed", "after_chunks": 3})
        client.answer(ask("the task", "the question", Untrusted("the material"), seconds=10))
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    logged = stream.getvalue()
    assert logged.count("text.attempt_failed") == 2
    for said in ("the task", "the question", "the material", "the answer", KEY):
        assert said not in logged


def requests_of_all_kinds() -> list[Request]:
    """What our requests can look like."""
    asked = User((Text("What is this?"), Untrusted("a transcript"), Image(png())))
    plain = Request("Be brief.", (asked,), temperature=0.2)
    return [plain, replace(plain, system="", shape=Words), replace(plain, tools=(TOOL,))]


def validator(file: str, schema: str) -> Draft202012Validator:
    """Of a request's body; what the schema does not name is wrong."""
    path = SPECS / file
    if not path.exists():
        pytest.skip(f"the vendors' specs are not here: {path}")
    resource = DRAFT202012.create_resource(json.loads(path.read_bytes()))
    registry: Registry[Any] = Registry().with_resource("urn:spec", resource)
    whole = {"$ref": f"urn:spec#/components/schemas/{schema}", "unevaluatedProperties": False}
    return Draft202012Validator(whole, registry=registry)


BODIES = {
    "openai": ("openai/openapi.json", "CreateChatCompletionRequest"),
    "local": ("openai/openapi.json", "CreateChatCompletionRequest"),
    "anthropic": ("anthropic/openapi.json", "CreateMessageParams"),
    "google": ("gemini/gemini-v1beta.openapi.json", "GenerateContentRequest"),
}


def test_every_request_is_as_the_vendor_specifies_it(
    client: TextClient, models: LanguageModels, name: str
) -> None:
    valid = validator(*BODIES[name])
    for request in requests_of_all_kinds():
        reply = (
            {"type": "reply", "text": SAID}
            if not request.tools
            else {"type": "delay", "seconds": 0}
        )
        models.plan(reply)
        answer = client.answer(request)
        if answer.calls:
            (call,) = answer.calls
            turns = (*request.messages, Assistant("So.", answer.calls), ToolResult(call, "fine"))
            client.answer(replace(request, messages=turns))
    models.plan({"type": "reply", "text": '{"title": 3}'})
    models.plan({"type": "reply", "text": SAID})
    client.answer(ask("", "Again.", shape=Words))
    bodies = [asked["body"] for asked in models.requests()]
    assert len(bodies) == 6
    for body in bodies:
        body.pop("alt", None)
        assert [error.message for error in valid.iter_errors(body)] == []
        assert not valid.is_valid({**body, "mesages": []})
        assert not valid.is_valid({**body, "contents" if name == "google" else "messages": "text"})

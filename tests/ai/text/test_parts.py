"""The parts of a call: schemas, prices, budgets, breakers, memory, pauses, settings."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, SecretStr

from ai.text import (
    BudgetExceeded,
    Image,
    MemoryStore,
    NoAnswer,
    Price,
    ProcessBudget,
    Spending,
    TextClient,
    Unanswerable,
    Untrusted,
    Usage,
    ask,
    client_from,
)
from ai.text.breaker import FAILURES, FIRST_SECONDS, MOST_SECONDS, Breaker
from ai.text.prices import PRICES, cost_of, price_of
from ai.text.providers.anthropic import Anthropic
from ai.text.providers.compatible import Compatible
from ai.text.providers.google import Google
from ai.text.providers.openai import OpenAI
from ai.text.schema import wire_schema
from ai.text.types import MOST_IMAGE_BYTES
from ai.text.wire import retry_after
from core.errors import Misconfigured, Rejected
from core.settings import Settings, get_settings
from tests.ai.text.shapes import png


class Mood(StrEnum):
    """How it sounds."""

    CALM = "calm"
    LOUD = "loud"


class Line(BaseModel):
    """One line."""

    text: str = Field(min_length=1, max_length=40, pattern="^[A-Z]")
    mood: Mood
    kind: Literal["a"] = "a"
    at: float | None = Field(default=None, ge=0)


class Page(BaseModel):
    """Lines."""

    lines: list[Line] = Field(min_length=1, max_length=3)
    best: Line
    score: int = Field(default=5, ge=0, le=10)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            for part in value.values() if key in ("properties", "$defs") else [value]:
                yield from nodes(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from nodes(part)


def test_a_schema_has_only_what_all_providers_take() -> None:
    schema = wire_schema(Page)
    Draft202012Validator.check_schema(schema)
    known = {"type", "enum", "description", "required", "additionalProperties", "$ref", "$defs",
             "properties", "items", "anyOf"}  # fmt: skip
    for node in nodes(schema):
        assert set(node) <= known
        assert "$ref" not in node or set(node) == {"$ref"}
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
    line = schema["$defs"]["Line"]["properties"]
    assert line["text"]["description"] == (
        "at least 1 characters; at most 40 characters; must match the regular expression ^[A-Z]"
    )
    assert line["kind"] == {"type": "string", "enum": ["a"]}
    assert schema["properties"]["lines"]["description"] == "at least 1 items; at most 3 items"
    valid = Draft202012Validator(schema)
    good = {"text": "A", "mood": "calm", "kind": "a", "at": None}
    assert valid.is_valid({"lines": [good], "best": good, "score": 3})
    assert not valid.is_valid({"lines": [good], "best": good, "score": 3, "more": 1})
    assert not valid.is_valid({"lines": [good], "best": good})


def test_a_map_of_any_keys_is_no_shape() -> None:
    class Loose(BaseModel):
        counts: dict[str, int]

    with pytest.raises(ValueError, match="maps"):
        wire_schema(Loose)


def test_a_cost_is_exact_and_an_unknown_price_is_none() -> None:
    price = price_of("anthropic", "claude-haiku-4-5")
    assert price is not None
    assert price.listed is not None
    assert cost_of(price, Usage(1_000_000, 0)) == 1
    assert cost_of(price, Usage(1_000_000, 1_000_000, cached=1_000_000)) == Decimal("5.10")
    assert cost_of(price_of("openai", "gpt-5.4-mini"), Usage(3, 7)) == Decimal("0.00003375")
    assert price_of("openai", "gpt-99") is None
    assert cost_of(None, Usage(1, 0)) is None
    assert cost_of(None, Usage()) == 0
    assert cost_of(price_of("local", "anything"), Usage(10**9, 10**9)) == 0
    own = {("openai", "gpt-99"): Price(Decimal(1), Decimal(2))}
    assert cost_of(price_of("openai", "gpt-99", own), Usage(500_000, 500_000)) == Decimal("1.5")
    assert all(each.listed and 0 < each.input < each.output for each in PRICES.values())


def test_a_budget_holds_for_many_threads() -> None:
    budget = ProcessBudget(tokens=1000)
    passed: list[int] = []

    def spend() -> None:
        for _ in range(50):
            try:
                held = budget.hold("t", Spending(10, Decimal(0)))
            except BudgetExceeded:
                continue
            budget.settle(held, Spending(7, Decimal(0)))
            passed.append(7)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.used("t").tokens == sum(passed) <= 1000
    assert sum(passed) > 990 - 8 * 10


def test_a_breaker_opens_probes_and_closes() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES - 1):
        assert breaker.enter()
        breaker.failed()
    assert breaker.enter()
    breaker.succeeded()
    for _ in range(FAILURES):
        assert breaker.enter()
        breaker.failed()
    assert breaker.is_open
    assert not breaker.enter()
    assert 0.8 * FIRST_SECONDS <= breaker.ready_at() <= 1.2 * FIRST_SECONDS
    now[0] = breaker.ready_at()
    assert breaker.enter()
    assert not breaker.enter()
    breaker.failed()
    assert breaker.ready_at() - now[0] >= 2 * 0.8 * FIRST_SECONDS
    for _ in range(20):
        now[0] = breaker.ready_at()
        assert breaker.enter()
        breaker.failed()
    assert breaker.ready_at() - now[0] <= 1.2 * MOST_SECONDS
    now[0] = breaker.ready_at()
    assert breaker.enter()
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.enter()
    assert breaker.enter()
    breaker.unknown(pause=7.0)
    assert breaker.ready_at() == now[0] + 7
    assert not breaker.enter()


def test_what_is_remembered_is_bounded_and_ages() -> None:
    now = [0.0]
    store = MemoryStore(entries=3, size=1000, seconds=10, now=lambda: now[0])
    for key in "abc":
        store.put(key, key.encode())
    assert store.get("a") == b"a"
    store.put("d", b"d")
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]
    store.put("big", b"x" * 101)
    assert store.get("big") is None
    wide = MemoryStore(entries=100, size=1000, seconds=10, now=lambda: now[0])
    for number in range(20):
        wide.put(str(number), b"x" * 100)
    assert sum(wide.get(str(number)) is not None for number in range(20)) == 10
    now[0] = 11
    assert store.get("a") is None


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "3", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "999999999"}, 86400.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon", "retry-after-ms": "nan"}, None),
        ({"retry-after": "9" * 5000}, None),
    ],
)
def test_a_pause_is_read_as_http_says(headers: dict[str, str], after: float | None) -> None:
    assert retry_after(headers, now=60.0) == after


def test_a_picture_is_known_by_its_bytes_and_bounded() -> None:
    assert Image(png()).media_type == "image/png"
    assert Image(b"RIFF....WEBPVP8 ").media_type == "image/webp"
    for data in (b"<svg/>", b"", b"BM", png()[:4]):
        with pytest.raises(Rejected):
            Image(data)
    with pytest.raises(Rejected):
        Image(png() + bytes(MOST_IMAGE_BYTES))
    with pytest.raises(ValueError, match="no name"):
        Untrusted("x", "a >>> b")


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A small server; its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Endless(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * (1 << 20))
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_an_endless_answer_ends_soon() -> None:
    with serving(_Endless) as url:
        client = TextClient([Compatible("a-model", url)])
        with pytest.raises(NoAnswer) as caught:
            client.answer(ask("", "Hello.", seconds=10))
        assert {each.outcome for each in caught.value.attempts} == {"broken"}
        client.close()


class _Telltale(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        names = ("authorization", "x-api-key", "x-goog-api-key")
        told = next(self.headers[name] for name in names if name in self.headers)
        body = json.dumps({"error": {"code": 400, "message": f"bad: {told}"}}).encode()
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("made", [OpenAI, Anthropic, Google])
def test_a_server_that_repeats_the_key_tells_nobody(
    made: type[OpenAI | Anthropic | Google], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_Telltale) as url:
        client = TextClient([made("a-model", "a-key-of-no-form", url)])
        with pytest.raises(Unanswerable) as caught:
            client.answer(ask("", "Hello.", seconds=10))
        client.close()
    said = f"{caught.value} {caught.value.detail} {caught.value.attempts} {capsys.readouterr()}"
    assert "bad: " in said
    assert "[redacted: known secret]" in said
    assert "a-key-of-no-form" not in said


def test_settings_make_the_providers_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client_from(Settings()).providers == []
    keys: dict[str, Any] = {
        "openai_api_key": SecretStr("sk-o"),
        "anthropic_api_key": SecretStr("sk-a"),
        "metrics_token": SecretStr("a-metrics-token"),
    }
    client = client_from(Settings(**keys))
    assert [each.name for each in client.providers] == ["openai", "anthropic"]
    assert set(client.secrets) >= {"sk-o", "sk-a", "a-metrics-token"}
    assert "sk-o" not in repr(client)
    monkeypatch.setenv("TEXT_MODELS", "local/qwen3:8b, anthropic/claude-haiku-4-5")
    monkeypatch.setenv("LOCAL_TEXT_URL", "http://127.0.0.1:11434/v1/")
    monkeypatch.setenv("TEXT_PRICES", '{"anthropic/claude-haiku-4-5": [2, 10.5]}')
    client = client_from(Settings(**keys))
    found = [(each.name, each.model, each.address) for each in client.providers]
    assert found[0] == ("local", "qwen3:8b", "http://127.0.0.1:11434/v1")
    assert found[1][:2] == ("anthropic", "claude-haiku-4-5")
    assert client.prices["anthropic", "claude-haiku-4-5"].output == Decimal("10.5")
    monkeypatch.setenv("TEXT_MODELS", "google/gemini-2.5-flash")
    with pytest.raises(Misconfigured, match="TEXT_MODELS names google/gemini"):
        client_from(Settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEXT_MODELS", "hunter2"),
        ("TEXT_MODELS", "openai/"),
        ("TEXT_PRICES", '{"a": ["hunter2", 1]}'),
        ("TEXT_PRICES", '{"a": [-1, 1]}'),
        ("OPENAI_BASE_URL", "https://me:hunter2@host"),
        ("LOCAL_TEXT_URL", "hunter2"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(Misconfigured, match=name) as caught:
        get_settings()
    assert "hunter2" not in str(caught.value)
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_client_is_made_without_an_sdk() -> None:
    code = (
        "import sys; from ai.text import client_from; from core.settings import Settings;"
        "client = client_from(Settings(openai_api_key='k', anthropic_api_key='k',"
        " gemini_api_key='k'));"
        "assert len(client.providers) == 3;"
        "heavy = {'openai', 'anthropic', 'google.genai', 'httpx2', 'redis', 'sqlalchemy'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

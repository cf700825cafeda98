"""Logs: what they say, and what they never say."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core.logging import configure_logging, get_logger, log_context


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(as_json=True, stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_entry_carries_the_context_in_which_it_was_written(logged: io.StringIO) -> None:
    with log_context(run="r1", stage="probe"):
        get_logger("here").info("claimed", attempt=2)
    get_logger("here").info("idle")
    first, second = entries(logged)
    assert (first["run"], first["stage"], first["attempt"]) == ("r1", "probe", 2)
    assert (first["event"], first["level"], first["logger"]) == ("claimed", "info", "here")
    assert "run" not in second


def test_the_standard_library_is_heard_in_the_same_form(logged: io.StringIO) -> None:
    with log_context(run="r1"):
        logging.getLogger("theirs").warning("%s is late", "the train")
    (entry,) = entries(logged)
    assert (entry["event"], entry["level"], entry["run"]) == ("the train is late", "warning", "r1")


def test_an_exception_is_one_entry(logged: io.StringIO) -> None:
    try:
        raise ValueError("a reason with postgresql://someone:hunter2@host/db inside")
    except ValueError:
        get_logger("here").exception("failed")
    (entry,) = entries(logged)
    assert "ValueError" in str(entry["exception"])
    assert "hunter2" not in logged.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        {"password": "hunter2"},
        {"headers": {"Authorization": "Bearer hunter2"}},
        {"api_key": "hunter2"},
        {"text": "postgresql://user:hunter2@/db?host=/run"},
        {"text": "redis://:hunter2@localhost/0"},
        {"text": "sent Authorization: Bearer hunter2"},
        {"items": ["https://host/path?a=1&token=hunter2&b=2"]},
        {"error": ValueError("amqp://a:hunter2@host")},
        {"path": "GET /v1/media/hunter2/stream/master.m3u8"},
        {"to": "https://store/file?X-Goog-Date=1&X-Goog-Signature=hunter2"},
        {"text": "GET /v1/media/hunter2.hunter2-hunter2/main.m3u8"},
    ],
)
def test_a_secret_is_never_logged(logged: io.StringIO, secret: dict[str, object]) -> None:
    get_logger("here").info("something", **secret)
    assert "hunter2" not in logged.getvalue()
    assert "•••" in logged.getvalue() or "\\u2022" in logged.getvalue()


def test_addresses_without_a_secret_stay_readable(logged: io.StringIO) -> None:
    get_logger("here").info("at http://127.0.0.1:8000/docs", tokens=12)
    (entry,) = entries(logged)
    assert (entry["event"], entry["tokens"]) == ("at http://127.0.0.1:8000/docs", 12)


def test_the_address_of_a_session_is_hidden_wherever_it_stands(logged: io.StringIO) -> None:
    logging.getLogger("theirs").warning("%s", "PUT https://host/upload?name=a&upload_id=hunter2")
    get_logger("here").warning("x", url="https://host/a?X-Goog-Signature=hunter2&b=1")
    logging.getLogger("urllib3.connectionpool").debug("PUT /upload?upload_id=hunter2")
    assert len(entries(logged)) == 2
    assert "hunter2" not in logged.getvalue()

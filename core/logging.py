"""Structured logs: JSON for machines, readable lines for people, secrets for nobody."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Final, TextIO, cast

import structlog
from structlog.types import EventDict, Processor

HIDDEN = "•••"
_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token$|authorization|cookie|(api|master)_?key", re.IGNORECASE
)
# The password of an address, a bearer's token, the same as a parameter of an address, what opens a
# signed one, and the secret of an API key; `upload_id` is a session that anybody may write to.
_SECRET_TEXT = re.compile(
    r"(?P<url>\w[\w+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)"
    r"|(?P<bearer>\bbearer\s+)[\w.~+/=-]+"
    r"|(?P<parameter>[?&](?:access_token|token|key|(?:x-goog-)?signature|sig|password|upload_id)=)"
    r"[^\s&\"']+"
    r"|(?P<media>/v1/media/)[^\s/?\"'{]+"
    r"|(?P<key>\bbak_[1-9A-Za-z]{22}_)[1-9A-Za-z]+",
    re.IGNORECASE,
)

# SDKs of language models, and what they speak over: at DEBUG, some log what is sent.
_WITH_BODIES: Final = ("anthropic", "google_genai", "httpcore2", "httpx2", "openai")


def configure_logging(
    *, level: str = "INFO", as_json: bool = False, stream: TextIO | None = None
) -> None:
    """Sends what this process logs, by structlog or by `logging`, to `stream` (stderr).

    Call it once, early; a second call replaces the first.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    target = stream or sys.stderr
    last: list[Processor] = [structlog.processors.format_exc_info, hide_secrets]
    if as_json:
        last.append(structlog.processors.JSONRenderer(default=str))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=target.isatty()))
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    talkers = ("httpx", "httpcore", "urllib3", "amqp", "kombu", "alembic.runtime.migration",
               *_WITH_BODIES)  # fmt: skip
    for talkative in talkers:
        logging.getLogger(talkative).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `get_logger(__name__)`."""
    return structlog.stdlib.get_logger(name)


def log_context(**values: object) -> AbstractContextManager[Mapping[str, Any]]:
    """Adds `values` (a request's id, a run, a stage, an attempt) to what is logged in a block."""
    return cast(
        AbstractContextManager[Mapping[str, Any]], structlog.contextvars.bound_contextvars(**values)
    )


def bind_context(**values: object) -> None:
    """Adds `values` to what is logged from here on in the block of a `log_context`."""
    structlog.contextvars.bind_contextvars(**values)


def forget_context(*names: str) -> None:
    """Takes back what `bind_context` added."""
    structlog.contextvars.unbind_contextvars(*names)


def context_value(name: str) -> object | None:
    """What is added to what is logged here, by its name."""
    return structlog.contextvars.get_contextvars().get(name)


def hide_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Hides values whose names say that they are secret, and secrets within any text."""
    return cast(EventDict, _hidden(event))


@lru_cache(1024)  # the same few names stand in every line
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hidden(value: object) -> object:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_without_secret, value)
    if isinstance(value, MutableMapping):
        return {
            name: HIDDEN if item is not None and _is_secret(str(name)) else _hidden(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hidden(item) for item in value]
    if isinstance(value, int | float | None):
        return value
    return _hidden(str(value))


def _without_secret(match: re.Match[str]) -> str:
    kept = match["url"] or match["bearer"] or match["parameter"] or match["media"]
    kept = kept or match["key"] or ""
    return f"{kept}{HIDDEN}"

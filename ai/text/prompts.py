"""From a request to what is sent: secrets out, material fenced, schemas made."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ai.text.fences import Fence, visible
from ai.text.protocol import Prompt, Turn, WireTool
from ai.text.redaction import redact
from ai.text.schema import wire_schema
from ai.text.types import (
    Assistant,
    Image,
    Message,
    Part,
    Request,
    Text,
    ToolResult,
    Untrusted,
    Usage,
)

# Of English about four, of Chinese about one and a half bytes are a token: this is safe.
_BYTES_PER_TOKEN: Final = 2
_IMAGE_TOKENS: Final = 2000
_TURN_TOKENS: Final = 8
_MOST_REPEATED: Final = 8000


@dataclass(slots=True)
class Preparation:
    """Makes the prompt of one call; state: what was taken out."""

    fence: Fence = field(default_factory=Fence)
    secrets: Collection[str] = ()
    emails: bool = False
    redacted: Counter[str] = field(default_factory=Counter)

    def prompt(self, request: Request) -> Prompt:
        """What is sent for the request."""
        return Prompt(
            system=self._system(request),
            turns=[self._turn(message) for message in request.messages],
            most_tokens=request.most_tokens,
            temperature=request.temperature,
            schema=wire_schema(request.shape) if request.shape is not None else None,
            schema_name=_name(request.shape.__name__) if request.shape is not None else "answer",
            tools=[
                WireTool(tool.name, tool.description, wire_schema(tool.arguments))
                for tool in request.tools
            ],
        )

    def _system(self, request: Request) -> str:
        system = self._clean(request.system)
        return self.fence.rule(system) if _has_material(request) else system

    def _turn(self, message: Message) -> Turn:
        if isinstance(message, ToolResult):
            # What is not seen could part a secret into two halves that nobody knows.
            cleaned = self._clean(visible(message.text))
            fenced = self.fence.around(cleaned, "result of a tool")
            return Turn("tool", (fenced,), result_of=replace(message.call, arguments={}))
        if isinstance(message, Assistant):
            calls = tuple(
                replace(call, arguments=self._values(call.arguments)) for call in message.calls
            )
            return Turn("assistant", (self._clean(message.text),), calls)
        return Turn("user", tuple(self._part(part) for part in message.parts))

    def _part(self, part: Part) -> str | Image:
        if isinstance(part, Image):
            return part
        if isinstance(part, Untrusted):
            return self.fence.around(self._clean(visible(part.text)), part.what)
        return self._clean(part.text)

    def _clean(self, text: str) -> str:
        cleaned, found = redact(text, known=self.secrets, emails=self.emails)
        self.redacted.update(found)
        return cleaned

    def _values(self, value: Mapping[str, Any]) -> dict[str, Any]:
        found = self._value(value)
        assert isinstance(found, dict)
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, Mapping):
            return {key: self._value(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._value(part) for part in value]
        return value


def complaining(prompt: Prompt, text: str, complaint: str) -> Prompt:
    """The prompt with an answer that did not fit, and why."""
    told = (
        f"Your answer does not fit: {complaint}. Answer the whole task again, so that it does, with"
        " nothing but the JSON."
    )
    turns = (*prompt.turns, Turn("assistant", (text[:_MOST_REPEATED],)), Turn("user", (told,)))
    return replace(prompt, turns=turns)


def trusted_texts(request: Request) -> list[str]:
    """What we say ourselves."""
    said = [
        part.text
        for message in request.messages
        if not isinstance(message, Assistant | ToolResult)
        for part in message.parts
        if isinstance(part, Text)
    ]
    return [request.system, *said, *request.known_links]


def material_texts(request: Request) -> list[str]:
    """What files, transcripts and tools say."""
    texts = []
    for message in request.messages:
        if isinstance(message, ToolResult):
            texts.append(visible(message.text))
        elif not isinstance(message, Assistant):
            parts = message.parts
            texts += [visible(part.text) for part in parts if isinstance(part, Untrusted)]
    return texts


def _has_material(request: Request) -> bool:
    return any(
        isinstance(message, ToolResult)
        or (
            not isinstance(message, Assistant)
            and any(isinstance(part, Untrusted | Image) for part in message.parts)
        )
        for message in request.messages
    )


def tokens_of(text: str) -> int:
    """Tokens that a text has at most, but for rare scripts."""
    return len(text.encode()) // _BYTES_PER_TOKEN + 1


def input_tokens(prompt: Prompt) -> int:
    """Tokens that a prompt has at most, by estimate."""
    pictures = sum(isinstance(part, Image) for turn in prompt.turns for part in turn.parts)
    texts = [prompt.system, *(turn.text for turn in prompt.turns)]
    texts += [str(dict(call.arguments)) for turn in prompt.turns for call in turn.calls]
    texts += [str(prompt.schema or ""), *(str(tool) for tool in prompt.tools)]
    turns = (len(prompt.turns) + 1) * _TURN_TOKENS
    return sum(tokens_of(text) for text in texts) + pictures * _IMAGE_TOKENS + turns


def most_usage(prompt: Prompt) -> Usage:
    """What one attempt takes at most."""
    return Usage(input_tokens(prompt), prompt.most_tokens, estimated=True)


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "answer"

"""The one protocol that every provider of text keeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ai.text.types import Chunk, Image, ToolCall


@dataclass(frozen=True, slots=True)
class Turn:
    """A message as it is sent: secrets are out, material is fenced.

    `role` is user, assistant or tool; `result_of` is the call that a tool's turn answers,
    without its arguments.
    """

    role: str
    parts: tuple[str | Image, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    result_of: ToolCall | None = None

    @property
    def text(self) -> str:
        """All of its text."""
        return "\n\n".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class WireTool:
    """A tool with its arguments' JSON schema."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a provider sends; `schema` is the JSON schema of the answer."""

    system: str
    turns: Sequence[Turn]
    most_tokens: int
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    tools: Sequence[WireTool] = ()


class Provider(Protocol):
    """Someone who answers prompts; state: connections, which a fork must not share.

    `name` is the provider's, `model` the one that is asked, at `address`. Text
    is always streamed: only so is a stall seen while there is time to ask somebody else.
    """

    name: str
    model: str
    address: str

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[Chunk]:
        """Deltas, perhaps usage, and one End where the provider said that it was done.

        No wait in it is longer than `seconds`. Raises `ai.text.errors.Failed`; a stream that ends
        without an End was truncated.
        """
        ...

    def close(self) -> None:
        """Give connections back."""
        ...

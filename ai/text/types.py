"""What is asked and what is answered: values that know no provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel

from core.errors import Rejected

MOST_IMAGE_BYTES: Final = 5 << 20
_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """What we or the tenant's people say: the model may take it at its word."""

    text: str


@dataclass(frozen=True, slots=True)
class Untrusted:
    """What came out of a file, a transcript or a page: material, never instructions.

    `what` names it for the model: letters, digits, spaces and hyphens.
    """

    text: str
    what: str = "material"

    def __post_init__(self) -> None:
        if not self.what.replace(" ", "").replace("-", "").isalnum():
            raise ValueError(f"{self.what!r} is no name for material")


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that the model looks at, at most 5 MiB of PNG, JPEG, GIF or WebP.

    Raises Rejected for anything else. A picture is material, too: what is written in it is no
    instruction, and the model is told so.
    """

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) > MOST_IMAGE_BYTES:
            raise Rejected(f"a picture may have {MOST_IMAGE_BYTES} bytes for a language model")
        if self._type() is None:
            raise Rejected("a language model looks at PNG, JPEG, GIF and WebP only")

    @property
    def media_type(self) -> str:
        """By its first bytes."""
        return self._type() or ""

    def _type(self) -> str | None:
        if self.data[:4] == b"RIFF" and self.data[8:12] == b"WEBP":
            return "image/webp"
        return next((name for mark, name in _SIGNATURES if self.data.startswith(mark)), None)


Part = Text | Untrusted | Image


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants done; nothing is done by itself.

    `signature` is a provider's own mark, which goes back to it with the call.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    signature: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """A turn of whoever asks."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Assistant:
    """An earlier turn of the model's."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call: material like any other."""

    call: ToolCall
    text: str


Message = User | Assistant | ToolResult


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the model may ask for; `arguments` is a model whose fields are described."""

    name: str
    description: str
    arguments: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    `system` is ours alone. `shape` is the model that an answer's JSON has to fit. Tokens bound
    what is said, with what is thought where the provider counts it in; `seconds` the whole call
    with all its attempts and pauses. `temperature` is for providers that still take one. `scope`
    parts what is remembered: a tenant's id.
    `known_links` are texts beside the parts whose links and addresses an answer may repeat.
    """

    system: str
    messages: tuple[Message, ...]
    shape: type[BaseModel] | None = None
    tools: tuple[Tool, ...] = ()
    most_tokens: int = 2048
    temperature: float | None = None
    seconds: float = 60.0
    scope: str = ""
    remember: bool = True
    known_links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("a request has a message")
        if len({tool.name for tool in self.tools}) != len(self.tools):
            raise ValueError("two tools have one name")


def ask(
    system: str,
    *parts: Part | str,
    shape: type[BaseModel] | None = None,
    seconds: float = 60.0,
    scope: str = "",
) -> Request:
    """A request of one turn."""
    said = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return Request(system, (User(said),), shape=shape, seconds=seconds, scope=scope)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; `estimated` where it did not get to say.

    `cached` of the input tokens came from the provider's own cache.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one provider: what came of it and what it took.

    `cost` is in US dollars; None where the price is not known.
    """

    provider: str
    model: str
    outcome: str
    seconds: float
    usage: Usage
    cost: Decimal | None
    message: str | None = None


class FlagKind(StrEnum):
    """What is odd about an answer."""

    LINK_FROM_NOWHERE = "link_from_nowhere"
    LINK_FROM_MATERIAL = "link_from_material"
    COMMAND = "command"
    INSTRUCTION_IN_MATERIAL = "instruction_in_material"
    INSTRUCTION_REPEATED = "instruction_repeated"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person should look at; `text` is at most 200 characters of it."""

    kind: FlagKind
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, checked.

    `value` is an instance of the request's shape. `attempts` are all that were made for it, the
    last one gave it; an answer that was remembered has none, and cost nothing. `redacted` counts
    by kind what was taken out before anything was sent.
    """

    text: str
    calls: tuple[ToolCall, ...]
    value: BaseModel | None
    provider: str
    model: str
    usage: Usage
    cost: Decimal | None
    attempts: tuple[Attempt, ...] = ()
    flags: tuple[Flag, ...] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the text, not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """What came so far is void: another attempt begins the text anew."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer, whole and checked."""

    answer: Answer


Event = Delta | Restarted | Finished

Finish = Literal["done", "calls", "length", "declined"]


@dataclass(frozen=True, slots=True)
class WireCall:
    """A call as it came; `arguments` may be no JSON."""

    id: str
    name: str
    arguments: str
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a provider's stream ended; `model` is who really answered."""

    finish: Finish
    usage: Usage | None
    model: str
    calls: tuple[WireCall, ...] = ()
    reason: str = ""


Chunk = Delta | Usage | End

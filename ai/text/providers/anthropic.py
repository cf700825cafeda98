"""Anthropic, by its SDK's messages."""

import base64
from collections.abc import Iterator
from typing import Any, Final

from ai.text import wire
from ai.text.protocol import Prompt, Turn
from ai.text.types import Chunk, Delta, End, Finish, Image, Usage, WireCall

BASE_URL: Final = "https://api.anthropic.com"
_FINISHES: Final[dict[str, Finish]] = {
    "end_turn": "done",
    "stop_sequence": "done",
    "tool_use": "calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "declined",
}


class Anthropic:
    """State: the SDK's client with its connections, made at the first prompt.

    A temperature is not sent: the newer models refuse one, and the SDK has none any more.
    """

    name = "anthropic"

    def __init__(self, model: str, key: str, base_url: str = BASE_URL) -> None:
        """`base_url` is without the API's version."""
        self.model = model
        self.address = base_url
        self._key = key
        self._made: Any = None

    def close(self) -> None:
        """Give the connections back."""
        if self._made is not None:
            self._made.close()
            self._made = None

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[Chunk]:
        """The protocol's."""
        import anthropic

        with wire.translated(anthropic.AnthropicError, key=self._key, read=False):
            events = self._client().messages.create(
                **self.body(prompt), stream=True, timeout=wire.timeout(seconds)
            )
        with wire.translated(anthropic.AnthropicError, key=self._key):
            try:
                yield from _Reading(self.model).chunks(events)
            finally:
                events.close()

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """The request's body, but for `stream`."""
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": prompt.most_tokens,
            "messages": [_message(turn) for turn in prompt.turns],
        }
        if prompt.system:
            body["system"] = prompt.system
        if prompt.schema is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": prompt.schema}}
        if prompt.tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
                for tool in prompt.tools
            ]
        return body

    def _client(self) -> Any:
        with wire.MAKING:
            if self._made is None:
                import anthropic

                self._made = anthropic.Anthropic(
                    api_key=self._key,
                    base_url=self.address,
                    max_retries=0,
                    open_telemetry=False,  # its spans may hold what is said
                    http_client=wire.http_client(),
                )
            return self._made


class _Reading:
    """State: what of a message has come."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._reason: str | None = None
        self._input = self._output = self._cached = 0
        self._calls: dict[int, list[str]] = {}

    def chunks(self, events: Any) -> Iterator[Chunk]:
        for event in events:
            if event.type == "message_start":
                self._started(event.message)
                yield self._usage()
            elif event.type == "content_block_start" and event.content_block.type == "tool_use":
                self._calls[event.index] = [event.content_block.id, event.content_block.name, ""]
            elif event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    yield Delta(event.delta.text)
                elif event.delta.type == "input_json_delta":
                    self._calls[event.index][2] += event.delta.partial_json
            elif event.type == "message_delta":
                self._reason = event.delta.stop_reason or self._reason
                self._output = wire.count(event.usage.output_tokens) or self._output
            elif event.type == "message_stop":
                yield self._end()
                return
        raise wire.truncated("anthropic")

    def _started(self, message: Any) -> None:
        self._model = message.model or self._model
        usage = message.usage
        read = wire.count(getattr(usage, "cache_read_input_tokens", 0))
        written = wire.count(getattr(usage, "cache_creation_input_tokens", 0))
        self._input = wire.count(usage.input_tokens) + read + written
        self._output, self._cached = wire.count(usage.output_tokens), read

    def _usage(self) -> Usage:
        return Usage(self._input, self._output, self._cached)

    def _end(self) -> End:
        if self._reason is None:
            raise wire.truncated("anthropic")
        calls = tuple(
            WireCall(id_, name, arguments or "{}")
            for _, (id_, name, arguments) in sorted(self._calls.items())
        )
        finish = _FINISHES.get(self._reason, "declined")
        return End(finish, self._usage(), self._model, calls, self._reason)


def _message(turn: Turn) -> dict[str, Any]:
    if turn.result_of is not None:
        result = {"type": "tool_result", "tool_use_id": turn.result_of.id, "content": turn.text}
        return {"role": "user", "content": [result]}
    content = [_part(part) for part in turn.parts if part]
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in turn.calls
    ]
    return {"role": turn.role, "content": content}


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part.data).decode()
    source = {"type": "base64", "media_type": part.media_type, "data": data}
    return {"type": "image", "source": source}

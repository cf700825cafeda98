"""OpenAI, by its SDK's chat completions."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from ai.text import wire
from ai.text.protocol import Prompt, Turn
from ai.text.types import Chunk, Delta, End, Finish, Image, ToolCall, Usage, WireCall

BASE_URL: Final = "https://api.openai.com/v1"
_FINISHES: Final[dict[str, Finish]] = {
    "stop": "done",
    "tool_calls": "calls",
    "function_call": "calls",
    "length": "length",
    "content_filter": "declined",
}


class OpenAI:
    """State: the SDK's client with its connections, made at the first prompt."""

    name = "openai"
    tokens_parameter = "max_completion_tokens"

    def __init__(self, model: str, key: str, base_url: str = BASE_URL) -> None:
        """`base_url` ends with the API's version."""
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
        import openai

        with wire.translated(openai.OpenAIError, key=self._key, read=False):
            chunks = self._client().chat.completions.create(
                **self.body(prompt), stream=True, timeout=wire.timeout(seconds)
            )
        with wire.translated(openai.OpenAIError, key=self._key):
            try:
                yield from self._read(chunks)
            finally:
                chunks.close()

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """The request's body, but for `stream`."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [*_system(prompt.system), *(_message(turn) for turn in prompt.turns)],
            self.tokens_parameter: prompt.most_tokens,
            "stream_options": {"include_usage": True},
        }
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if prompt.schema is not None:
            shape = {"name": prompt.schema_name, "schema": prompt.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        if prompt.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.schema,
                        "strict": True,
                    },
                }
                for tool in prompt.tools
            ]
        return body

    def _client(self) -> Any:
        with wire.MAKING:
            if self._made is None:
                import openai

                self._made = openai.OpenAI(
                    api_key=self._key,
                    base_url=self.address,
                    max_retries=0,
                    http_client=wire.http_client(),
                )
            return self._made

    def _read(self, chunks: Any) -> Iterator[Chunk]:
        calls: dict[int, tuple[str, str, str]] = {}
        finish: str | None = None
        usage: Usage | None = None
        model = self.model
        for chunk in chunks:
            model = chunk.model or model
            usage = _usage(chunk.usage) or usage
            for choice in chunk.choices or ():
                finish = choice.finish_reason or finish
                if choice.delta is None:
                    continue
                if choice.delta.content:
                    yield Delta(choice.delta.content)
                for part in choice.delta.tool_calls or ():
                    _add(calls, part)
                if getattr(choice.delta, "refusal", None):
                    finish = "content_filter"
        if finish is None:
            raise wire.truncated(self.name)
        made = tuple(WireCall(*calls[index]) for index in sorted(calls))
        yield End(_FINISHES.get(finish, "declined"), usage, model, made, finish)


def _add(calls: dict[int, tuple[str, str, str]], part: Any) -> None:
    """Put a piece of a call to the others of its index: id, name, arguments."""
    index, function = part.index or 0, part.function
    id_, name, arguments = calls.get(index, ("", "", ""))
    if function is not None:
        name += function.name or ""
        arguments += function.arguments or ""
    calls[index] = part.id or id_, name, arguments


def _usage(usage: Any) -> Usage | None:
    if usage is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    return Usage(
        wire.count(usage.prompt_tokens),
        wire.count(usage.completion_tokens),
        wire.count(getattr(details, "cached_tokens", 0)),
    )


def _system(text: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": text}] if text else []


def _message(turn: Turn) -> dict[str, Any]:
    if turn.result_of is not None:
        return {"role": "tool", "tool_call_id": turn.result_of.id, "content": turn.text}
    if turn.role == "assistant":
        message: dict[str, Any] = {"role": "assistant", "content": turn.text or None}
        if turn.calls:
            message["tool_calls"] = [_call(call) for call in turn.calls]
        return message
    return {"role": "user", "content": [_part(part) for part in turn.parts]}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments))
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{data}"}}

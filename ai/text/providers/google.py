"""Google's Gemini, by its SDK's `generate_content`."""

import json
from collections.abc import Iterator
from typing import Any, Final

from ai.text import wire
from ai.text.errors import Broken
from ai.text.protocol import Prompt, Turn
from ai.text.types import Chunk, Delta, End, Finish, Image, Usage, WireCall

BASE_URL: Final = "https://generativelanguage.googleapis.com"
_VERSION: Final = "v1beta"
_FINISHES: Final[dict[str, Finish]] = {"STOP": "done", "MAX_TOKENS": "length"}
# These are the model's slips: another try may do better.
_SLIPS: Final = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})


class Google:
    """State: the SDK's client with its connections, made at the first prompt."""

    name = "google"

    def __init__(self, model: str, key: str, base_url: str = BASE_URL) -> None:
        """`base_url` is without the API's version."""
        self.model = model
        self.address = base_url
        self._key = key
        self._made: Any = None

    def close(self) -> None:
        """Give the connections back."""
        if self._made is not None:
            client, http = self._made
            client.close()
            http.close()
            self._made = None

    def stream(self, prompt: Prompt, seconds: float) -> Iterator[Chunk]:
        """The protocol's."""
        from google.genai import errors

        known = errors.APIError, errors.UnknownApiResponseError
        with wire.translated(*known, key=self._key):
            config = {**self.config(prompt), "http_options": {"timeout": _milliseconds(seconds)}}
            chunks = self._client().models.generate_content_stream(
                model=self.model,
                contents=[_content(turn) for turn in prompt.turns],
                config=config,
            )
            yield from self._read(chunks)

    def config(self, prompt: Prompt) -> dict[str, Any]:
        """What is asked for beside the contents."""
        config: dict[str, Any] = {
            "max_output_tokens": prompt.most_tokens,
            "automatic_function_calling": {"disable": True},
        }
        if prompt.system:
            config["system_instruction"] = prompt.system
        if prompt.temperature is not None:
            config["temperature"] = prompt.temperature
        if prompt.schema is not None:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = dict(prompt.schema)
        if prompt.tools:
            declarations = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters_json_schema": dict(tool.schema),
                }
                for tool in prompt.tools
            ]
            config["tools"] = [{"function_declarations": declarations}]
        return config

    def _client(self) -> Any:
        with wire.MAKING:
            if self._made is None:
                from google import genai

                http = wire.http_client()
                options = genai.types.HttpOptions(
                    base_url=self.address,
                    api_version=_VERSION,
                    httpx_client=http,
                    retry_options=genai.types.HttpRetryOptions(attempts=1),
                )
                client = genai.Client(api_key=self._key, vertexai=False, http_options=options)
                self._made = client, http
            return self._made[0]

    def _read(self, chunks: Any) -> Iterator[Chunk]:
        calls: list[WireCall] = []
        reason: str | None = None
        usage: Usage | None = None
        model = self.model
        for chunk in chunks:
            model = chunk.model_version or model
            usage = _usage(chunk.usage_metadata) or usage
            if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
                reason = "BLOCKED"
            for candidate in chunk.candidates or ():
                reason = _name(candidate.finish_reason) or reason
                for part in (candidate.content and candidate.content.parts) or ():
                    if part.function_call is not None:
                        calls.append(_made(part, len(calls)))
                    elif part.text and not part.thought:
                        yield Delta(part.text)
        if reason is None:
            raise wire.truncated(self.name)
        if reason in _SLIPS:
            raise Broken("the model's call of a tool makes no sense", detail=reason)
        finish = _FINISHES.get(reason, "declined")
        finish = "calls" if calls and finish == "done" else finish
        yield End(finish, usage, model, tuple(calls), reason)


def _milliseconds(seconds: float) -> int:
    return max(50, int(min(wire.SILENCE_SECONDS, seconds) * 1000))


def _name(reason: Any) -> str | None:
    return None if reason is None else str(getattr(reason, "value", reason))


def _made(part: Any, number: int) -> WireCall:
    call = part.function_call
    arguments = json.dumps(call.args or {})
    return WireCall(call.id or f"call-{number}", call.name or "", arguments, part.thought_signature)


def _usage(usage: Any) -> Usage | None:
    """What is thought is paid for like what is said."""
    if usage is None:
        return None
    said = wire.count(usage.candidates_token_count) + wire.count(usage.thoughts_token_count)
    cached = wire.count(usage.cached_content_token_count)
    return Usage(wire.count(usage.prompt_token_count), said, cached)


def _content(turn: Turn) -> dict[str, Any]:
    if turn.result_of is not None:
        result = {"name": turn.result_of.name, "response": {"output": turn.text}}
        return {"role": "user", "parts": [{"function_response": result}]}
    parts = [_part(part) for part in turn.parts if part]
    for call in turn.calls:
        part: dict[str, Any] = {"function_call": {"name": call.name, "args": dict(call.arguments)}}
        if call.signature is not None:
            part["thought_signature"] = call.signature
        parts.append(part)
    return {"role": "model" if turn.role == "assistant" else "user", "parts": parts}


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part}
    return {"inline_data": {"mime_type": part.media_type, "data": part.data}}

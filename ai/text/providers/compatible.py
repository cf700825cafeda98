"""Whoever speaks as OpenAI does: Ollama, llama.cpp, vLLM, LM Studio, a gateway."""

from typing import Any

from ai.text.protocol import Prompt
from ai.text.providers.openai import OpenAI


class Compatible(OpenAI):
    """An address of the operator's. Its tokens cost nothing unless a price is set."""

    name = "local"
    tokens_parameter = "max_tokens"

    def __init__(self, model: str, base_url: str, key: str | None = None) -> None:
        """Most local servers want no key, and the SDK wants one."""
        super().__init__(model, key or "none", base_url)

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Without `strict` on tools, which some of them do not know."""
        body = super().body(prompt)
        for tool in body.get("tools", ()):
            del tool["function"]["strict"]
        return body

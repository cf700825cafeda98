"""A server in its own process that speaks as three vendors do, and breaks on demand: llmock."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai.text.protocol import Provider
from ai.text.providers.anthropic import Anthropic
from ai.text.providers.compatible import Compatible
from ai.text.providers.google import Google
from ai.text.providers.openai import OpenAI
from core.embedded.processes import spawn

NAMES = ("openai", "anthropic", "google", "local")
KEY = "sk-test-key-that-is-nobodys"
# Its own names of the providers; what is local goes where it takes OpenAI's for.
_THEIRS = {"google": "gemini", "local": "openai"}


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """A running server."""

    url: str

    def provider(self, name: str) -> Provider:
        """A provider of ours that asks it."""
        if name == "openai":
            return OpenAI("gpt-5.4-mini", KEY, f"{self.url}/v1")
        if name == "anthropic":
            return Anthropic("claude-haiku-4-5", KEY, f"{self.url}/anthropic")
        if name == "google":
            return Google("gemini-2.5-flash", KEY, f"{self.url}/gemini")
        return Compatible("llama", f"{self.url}/v1")

    def plan(self, *behaviours: dict[str, Any], provider: str | None = None) -> None:
        """What the next requests meet, those of one provider or all."""
        match = {"provider": _THEIRS.get(provider, provider)} if provider else {}
        made = [
            {**each, "match": {**match, **each.get("match", {})}} if match else each
            for each in behaviours
        ]
        self._ask("/_llmock/scenario", json.dumps({"behaviors": made}).encode())

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last reset, with its body and the fault that it met."""
        found: list[dict[str, Any]] = self._ask("/_llmock/requests")["requests"]
        return found

    def misbehaviour(self) -> list[str]:
        """What the server holds against its client: errors by name."""
        findings = self._ask("/_llmock/verdict")["findings"]
        return [each["code"] for each in findings if each["severity"] == "error"]

    def reset(self) -> None:
        """Forget plans and requests."""
        self._ask("/_llmock/reset", b"")

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, body, timeout=20) as answer:
            return json.load(answer)


@contextmanager
def language_models(folder: Path, options: Sequence[str] = ()) -> Iterator[LanguageModels]:
    """A server on a free port of loopback; its words are the same for every prompt."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("llmock")), "serve", "--port", str(port)]
    command += ["--response-style", "hello", "--log-level", "error", *options]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (folder / "llmock.log").open("wb") as log:
        process = spawn(command, output=log.fileno(), cwd=folder, env=env)
    models = LanguageModels(f"http://127.0.0.1:{port}")
    try:
        _wait(models, process, folder)
        yield models
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(models: LanguageModels, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            models.reset()
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "llmock.log").read_text()) from None
            time.sleep(0.05)
        else:
            return

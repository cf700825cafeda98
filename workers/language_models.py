"""Language models for stages: one client for a process, each call at its tenant's cost."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from core.cancellation import CancelToken
from core.settings import Settings

if TYPE_CHECKING:
    from ai.text import Answer, Budget, Request, TextClient


class LanguageModels:
    """State: the client, made with the first question and after the last fork."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is imported or opened yet."""
        self._settings = settings
        self._made: TextClient | None = None
        self._lock = threading.Lock()

    def asking(
        self, tenant_id: UUID, token: CancelToken, budget: "Budget | None" = None
    ) -> "Callable[[Request], Answer] | None":
        """Who answers a tenant until its stage is cancelled; None where nobody is named to."""
        known = self._settings
        keys = (known.openai_api_key, known.anthropic_api_key, known.gemini_api_key)
        if not (any(keys) or known.text_models):
            return None
        return lambda request: self._client().answer(
            replace(request, scope=str(tenant_id)), token, budget=budget
        )

    def _client(self) -> "TextClient":
        from ai.text import client_from

        with self._lock:
            if self._made is None:
                self._made = client_from(self._settings)
            return self._made

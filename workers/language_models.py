"""Language models for stages: one client for a process, each call at its tenant's cost."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from core.cancellation import CancelToken
from core.database import Database
from core.errors import AutomatorError, QuotaExceeded
from core.logging import get_logger
from core.settings import Settings
from services import text_spending

if TYPE_CHECKING:
    from ai.text import Answer, Request, Spending, TextClient

_log = get_logger(__name__)
_TRIES: Final = 4
_PAUSE_SECONDS: Final = 0.25


class LanguageModels:
    """State: the client, made with the first question and after the last fork."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is imported or opened yet."""
        self._settings = settings
        self._made: TextClient | None = None
        self._lock = threading.Lock()

    def asking(
        self, database: Database, tenant_id: UUID, token: CancelToken
    ) -> "Callable[[Request], Answer] | None":
        """Who answers a tenant until its stage is cancelled; None where nobody is named to."""
        known = self._settings
        keys = (known.openai_api_key, known.anthropic_api_key, known.gemini_api_key)
        if not (any(keys) or known.text_models):
            return None
        budget = TenantBudget(database, known, tenant_id)
        return lambda request: self._client().answer(
            replace(request, scope=str(tenant_id)), token, budget=budget
        )

    def _client(self) -> "TextClient":
        from ai.text import client_from

        with self._lock:
            if self._made is None:
                self._made = client_from(self._settings)
            return self._made


@dataclass(frozen=True, slots=True)
class TenantBudget:
    """What a tenant may spend this month, in its cell: a transaction before and one after."""

    database: Database
    settings: Settings
    tenant_id: UUID

    def hold(self, scope: str, most: "Spending") -> UUID:
        """The protocol's; `scope` is the tenant, and parts only what is remembered."""
        from ai.text import BudgetExceeded

        try:
            with self.database.tenant_scope(self.tenant_id) as session:
                return text_spending.reserve(session, self.settings, most.tokens, most.cost)
        except QuotaExceeded as error:
            raise BudgetExceeded(str(error), members=error.members) from error

    def settle(self, held: UUID, spent: "Spending") -> None:
        """The protocol's. What cannot be told counts as it was held: the answer is not lost."""
        for attempt in range(_TRIES):
            try:
                with self.database.tenant_scope(self.tenant_id) as session:
                    text_spending.settle(session, held, spent.tokens, spent.cost)
            except (SQLAlchemyError, AutomatorError) as error:
                if attempt == _TRIES - 1:
                    reason = str(error).split("\n", 1)[0]
                    _log.warning("what an answer cost could not be told", error=reason)
                else:
                    time.sleep(_PAUSE_SECONDS * 2**attempt)
            else:
                return

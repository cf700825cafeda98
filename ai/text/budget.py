"""A budget stops what might exceed it, before it is sent.

Each attempt holds the most that it may cost, and gives back what it did not. A tenant's monthly
budget is kept in its rows by who has a database (`workers/language_models.py`); here are the
protocol and a budget of one process, which counts for as long as it lives.
"""

import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID, uuid4

from ai.text.errors import BudgetExceeded
from ai.text.types import Usage


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens of both kinds, and their cost in US dollars; None where no price is known."""

    tokens: int
    cost: Decimal | None

    @classmethod
    def of(cls, usage: Usage, cost: Decimal | None) -> "Spending":
        """What usage comes to."""
        return cls(usage.input + usage.output, cost)


class Budget(Protocol):
    """Who decides whether there is enough left; many calls ask at once."""

    def hold(self, scope: str, most: Spending) -> UUID:
        """Set aside the most that an attempt may take, and name it; raises BudgetExceeded."""
        ...

    def settle(self, held: UUID, spent: Spending) -> None:
        """Put what was spent in the place of what was held. Called once for each `hold`."""
        ...


class Unlimited:
    """Nothing is too much."""

    def hold(self, scope: str, most: Spending) -> UUID:
        """Whatever it is."""
        return UUID(int=0)

    def settle(self, held: UUID, spent: Spending) -> None:
        """And whatever it was."""


class ProcessBudget:
    """Limits for each scope, in this process; state: what was spent and what is held.

    With a limit in dollars a model whose price is not known is not asked: nobody could say what is
    left afterwards.
    """

    def __init__(self, *, tokens: int | None = None, dollars: Decimal | None = None) -> None:
        """None is no limit."""
        self._tokens, self._dollars = tokens, dollars
        self._lock = threading.Lock()
        self._used: dict[str, tuple[int, Decimal]] = {}
        self._held: dict[UUID, tuple[str, Spending]] = {}

    def hold(self, scope: str, most: Spending) -> UUID:
        """The protocol's."""
        with self._lock:
            tokens, dollars = self._used.get(scope, (0, Decimal(0)))
            if self._tokens is not None and tokens + most.tokens > self._tokens:
                raise BudgetExceeded(
                    "the budget for language models has too few tokens left",
                    members={"left": max(0, self._tokens - tokens), "wanted": most.tokens},
                )
            if self._dollars is not None:
                self._check_dollars(dollars, most.cost)
            self._used[scope] = tokens + most.tokens, dollars + (most.cost or 0)
            name = uuid4()
            self._held[name] = scope, most
            return name

    def _check_dollars(self, used: Decimal, most: Decimal | None) -> None:
        assert self._dollars is not None
        if most is None:
            raise BudgetExceeded("the model's price is not known, and there is a budget in dollars")
        if used + most > self._dollars:
            raise BudgetExceeded(
                "the budget for language models has too little left",
                members={"left": str(max(Decimal(0), self._dollars - used)), "wanted": str(most)},
            )

    def settle(self, held: UUID, spent: Spending) -> None:
        """The protocol's."""
        with self._lock:
            scope, most = self._held.pop(held)
            tokens, dollars = self._used.get(scope, (0, Decimal(0)))
            self._used[scope] = (
                tokens - most.tokens + spent.tokens,
                dollars - (most.cost or 0) + (spent.cost or 0),
            )

    def used(self, scope: str) -> Spending:
        """What was spent and is held."""
        with self._lock:
            return Spending(*self._used.get(scope, (0, Decimal(0))))

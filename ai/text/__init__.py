"""Text by language models: one protocol, whoever answers.

`client_from(settings)` makes a client, `ask(…)` a request, `client.answer(request)` an answer.
"""

from ai.text.budget import Budget, ProcessBudget, Spending, Unlimited
from ai.text.cache import MemoryStore, Store
from ai.text.client import TextClient
from ai.text.configured import client_from
from ai.text.errors import BudgetExceeded, NoAnswer, Unanswerable
from ai.text.prices import Price
from ai.text.types import (
    Answer,
    Assistant,
    Attempt,
    Delta,
    Event,
    Finished,
    Flag,
    FlagKind,
    Image,
    Request,
    Restarted,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Untrusted,
    Usage,
    User,
    ask,
)

__all__ = [
    "Answer",
    "Assistant",
    "Attempt",
    "Budget",
    "BudgetExceeded",
    "Delta",
    "Event",
    "Finished",
    "Flag",
    "FlagKind",
    "Image",
    "MemoryStore",
    "NoAnswer",
    "Price",
    "ProcessBudget",
    "Request",
    "Restarted",
    "Spending",
    "Store",
    "Text",
    "TextClient",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Unanswerable",
    "Unlimited",
    "Untrusted",
    "Usage",
    "User",
    "ask",
    "client_from",
]

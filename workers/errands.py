"""Stages that are not pure: they reach the network, and record more than artifacts.

They are attempts like any other, with lease, fence and outcome; only their work is another.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from core.cancellation import CancelToken
from core.database import Database
from core.settings import Settings
from core.storage import Storage
from services.ledger import Claim


@dataclass(frozen=True, slots=True)
class Outside:
    """What an errand works with.

    `progress` takes 0 to 1; `watch` says within how many seconds there will be more of it; what is
    in `scratch` is gone afterwards.
    """

    settings: Settings
    storage: Storage
    database: Database
    claim: Claim
    progress: Callable[[float], None]
    watch: Callable[[float], None]
    cancel: CancelToken
    scratch: Path


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: a value, and what else belongs into the transaction that records it."""

    value: BaseModel | None
    record: Callable[[Session], object]


@dataclass(frozen=True, slots=True)
class Errand:
    """One such stage: what it does, and the models of its options and its value.

    Its context is left once the result is recorded, or with the error that prevented it.
    """

    run: Callable[[Outside, Any], AbstractContextManager[Done]]
    options: type[BaseModel]
    result: type[BaseModel] | None = None

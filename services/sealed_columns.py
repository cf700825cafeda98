"""The columns that hold sealed values: the one list by which they are sealed anew."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of a migration branch. In `directory` people's keys seal it, else a tenant's.

    `key` is the table's primary key, which never changes: the value opens in its row alone. Tables
    of a cell have a `tenant_id` beside it. A column that takes over the values of another of its
    table names it in `follows`, and has its context.
    """

    branch: Literal["directory", "cell", "tenant"]
    table: str
    column: str
    key: str = "id"
    follows: str | None = None

    def context(self, key: object) -> str:
        """Where the value of one row is: what to seal it with, and to open it with."""
        return f"{self.branch}.{self.table}.{self.follows or self.column}:{key}"


# Whoever adds a column of the type `models.base.Sealed` names it here; a test looks.
MAIL_VALUES: Final = SealedColumn("directory", "mails", "sealed")
SIGNING_KEY: Final = SealedColumn("directory", "signing_keys", "private", key="kid")
SECOND_FACTOR_SEED: Final = SealedColumn("directory", "second_factors", "seed", key="user_id")
PERSONAL_ANSWER: Final = SealedColumn("directory", "idempotency_keys", "sealed")

TENANTS_ANSWER: Final = SealedColumn("cell", "idempotency_keys", "sealed", key="key")
WEBHOOK_SECRET: Final = SealedColumn("cell", "webhooks", "secret")
OLD_WEBHOOK_SECRET: Final = SealedColumn("cell", "webhooks", "old_secret", follows="secret")

SEALED: Final[tuple[SealedColumn, ...]] = (
    MAIL_VALUES, OLD_WEBHOOK_SECRET, PERSONAL_ANSWER, SECOND_FACTOR_SEED, SIGNING_KEY,
    TENANTS_ANSWER, WEBHOOK_SECRET,
)  # fmt: skip

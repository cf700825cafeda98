"""What language models cost tenants: reserved before they are asked, settled afterwards.

A question's row is there before the question is sent, so that what many ask at once stays within
the month's limits, and what a killed worker asked counts as the most that it may have cost.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.errors import QuotaExceeded
from core.settings import Settings
from models.quota import Quota

_MICRO: Final = Decimal("0.000001")
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(current_user::text, 3))")
_MONTH = text("""
    SELECT m.month, coalesce(sum(s.tokens), 0)::bigint AS tokens,
           coalesce(sum(s.dollars), 0) AS dollars,
           coalesce(sum(s.tokens) FILTER (WHERE s.settled_at IS NULL), 0)::bigint AS held_tokens,
           coalesce(sum(s.dollars) FILTER (WHERE s.settled_at IS NULL), 0) AS held_dollars
      FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month) m
      LEFT JOIN cell.text_spending s ON s.month = m.month
     GROUP BY m.month
""")
_RESERVE = text("""
    INSERT INTO cell.text_spending (tenant_id, tokens, dollars)
    VALUES (substr(current_user::text, 3)::uuid, :tokens, :dollars) RETURNING id
""")
_SETTLE = text("""
    UPDATE cell.text_spending
       SET tokens = :tokens, dollars = :dollars, settled_at = clock_timestamp()
     WHERE id = :id AND settled_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Month:
    """Tokens and US dollars of the present month by UTC; None is no limit.

    What is reserved is a part of what is used: of questions that have no answer yet, or were lost.
    """

    month: date
    most_tokens: int | None
    tokens: int
    reserved_tokens: int
    most_dollars: Decimal | None
    dollars: Decimal
    reserved_dollars: Decimal


def month(session: Session, settings: Settings) -> Month:
    """What the session's tenant has spent this month, and may."""
    row = session.scalar(select(Quota))
    tokens = row.text_tokens if row is not None else None
    dollars = row.text_dollars if row is not None else None
    if dollars is None and settings.text_monthly_dollars is not None:
        dollars = Decimal(str(settings.text_monthly_dollars))
    used = session.execute(_MONTH).one()
    return Month(
        month=used.month,
        most_tokens=tokens if tokens is not None else settings.text_monthly_tokens,
        tokens=used.tokens,
        reserved_tokens=used.held_tokens,
        most_dollars=dollars,
        dollars=used.dollars,
        reserved_dollars=used.held_dollars,
    )


def reserve(session: Session, settings: Settings, tokens: int, dollars: Decimal | None) -> UUID:
    """Set aside in this transaction what one question may take at most; its row's id.

    Raises QuotaExceeded where that is more than is left, and where there is a limit in dollars and
    no price is known.
    """
    session.execute(_TURN)
    now = month(session, settings)
    if now.most_tokens is not None and now.tokens + tokens > now.most_tokens:
        raise QuotaExceeded(
            "this month's tokens for language models do not suffice",
            members={
                "quota": "text_tokens", "limit": now.most_tokens, "used": now.tokens,
                "wanted": tokens,
            },
        )  # fmt: skip
    if now.most_dollars is not None and dollars is None:
        raise QuotaExceeded("the model's price is not known, and there is a limit in dollars")
    if now.most_dollars is not None and now.dollars + (dollars or 0) > now.most_dollars:
        raise QuotaExceeded(
            "this month's money for language models does not suffice",
            members={
                "quota": "text_dollars", "limit": str(now.most_dollars), "used": str(now.dollars),
                "wanted": str(dollars),
            },
        )  # fmt: skip
    values = {"tokens": tokens, "dollars": _rounded(dollars)}
    made: UUID = session.execute(_RESERVE, values).scalar_one()
    return made


def settle(session: Session, reserved: UUID, tokens: int, dollars: Decimal | None) -> None:
    """Put what a question took in the place of what was set aside for it; once."""
    values = {"id": reserved, "tokens": tokens, "dollars": _rounded(dollars)}
    session.execute(_SETTLE, values)


def _rounded(dollars: Decimal | None) -> Decimal | None:
    return None if dollars is None else dollars.quantize(_MICRO, ROUND_UP)

"""A month's limits hold for many workers at once, and count what killed ones asked."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ai.text import Answer, BudgetExceeded, Spending, TextClient, ask
from core.cancellation import CancelToken
from services import tenants, text_spending
from services.installation import Place
from services.text_spending import Month
from tests.ai.text.scripted import Scripted, says
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, workshop
from workers.language_models import LanguageModels, TenantBudget


@pytest.fixture(scope="module")
def shop(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("money")
    with workshop(postgres, "redis://nobody", folder) as made:
        yield made


@pytest.fixture
def place(shop: Workshop) -> Place:
    info = tenants.create(shop.settings, f"t-{uuid4().hex[:12]}")
    return Place(info.id, info.slug, info.name, info.cell)


def budget(shop: Workshop, place: Place) -> TenantBudget:
    return TenantBudget(shop.installation.cell(), shop.settings, place.tenant_id)


def month(shop: Workshop, place: Place) -> Month:
    with shop.installation.tenant_scope(place) as session:
        return text_spending.month(session, shop.settings)


def test_many_who_ask_at_once_stay_within_the_month(shop: Workshop, place: Place) -> None:
    tenants.limit(shop.settings, place.slug, text_dollars=0.05)
    one, most = Spending(1000, Decimal("0.01")), Spending(700, Decimal("0.0071234"))
    gate = threading.Barrier(8)

    def spend(_: int) -> bool:
        gate.wait()
        try:
            held = budget(shop, place).hold("", one)
        except BudgetExceeded:
            return False
        assert month(shop, place).dollars <= Decimal("0.05")
        budget(shop, place).settle(held, most)
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(spend, range(8)))
    assert passed >= 5
    found = month(shop, place)
    assert (found.tokens, found.reserved_tokens) == (700 * passed, 0)
    # A fraction of a millionth is never given away.
    assert found.dollars == passed * Decimal("0.007124")


def test_what_nobody_settled_counts_as_it_was_held_and_nothing_counts_twice(
    shop: Workshop, place: Place
) -> None:
    tenants.limit(shop.settings, place.slug, text_tokens=1000)
    held = budget(shop, place).hold("", Spending(900, None))
    with pytest.raises(BudgetExceeded) as caught:
        budget(shop, place).hold("", Spending(101, None))
    assert caught.value.members == {
        "quota": "text_tokens", "limit": 1000, "used": 900, "wanted": 101,
    }  # fmt: skip
    assert month(shop, place).reserved_tokens == 900
    for tokens in (300, 999):
        budget(shop, place).settle(held, Spending(tokens, None))
    assert (month(shop, place).tokens, month(shop, place).reserved_tokens) == (300, 0)


def test_with_a_limit_in_dollars_a_model_without_a_price_is_not_asked(
    shop: Workshop, place: Place
) -> None:
    tenants.limit(shop.settings, place.slug, text_dollars=5)
    with pytest.raises(BudgetExceeded, match="price is not known"):
        budget(shop, place).hold("", Spending(1, None))


def test_a_stage_asks_at_its_tenants_cost(
    shop: Workshop, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Scripted([says("Hello.", (100, 20))])
    monkeypatch.setattr("ai.text.client_from", lambda _: TextClient([provider]))
    named = shop.settings.model_copy(update={"text_models": ("openai/gpt-5.4-mini",)})
    asking = LanguageModels(named).asking(shop.installation.cell(), place.tenant_id, CancelToken())
    assert asking is not None
    answer = asking(replace(ask("Be brief.", "Hello."), seconds=10))
    assert isinstance(answer, Answer)
    found = month(shop, place)
    assert (found.tokens, found.reserved_tokens) == (120, 0)
    assert found.dollars == Decimal("0.000165")
    assert (
        LanguageModels(shop.settings).asking(
            shop.installation.cell(), place.tenant_id, CancelToken()
        )
        is None
    )


def test_a_tenant_raises_no_limit_and_forgets_no_cost(shop: Workshop, place: Place) -> None:
    budget(shop, place).hold("", Spending(1, None))
    for statement in (
        "UPDATE cell.quotas SET text_tokens = NULL",
        "DELETE FROM cell.text_spending",
        "UPDATE cell.text_spending SET month = '2000-01-01'",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            shop.installation.tenant_scope(place) as session,
        ):
            session.execute(text(statement))

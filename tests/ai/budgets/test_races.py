"""Calls that reserve and settle at the same time, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.ai.budgets import managing, selectors, services
from apps.ai.budgets.problems import BudgetSpent
from apps.ai.contract import Purpose, Usage
from apps.ai.models import BudgetAccount, ModelCall
from apps.common.permissions import Platform
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.ai.budgets.ground import budget_make, model_make, reserve

pytestmark = pytest.mark.usefixtures("committed_db")
CALLS, ROOM = 50, 10
OWNER = Platform()


def at_once(acme: Tenant, work: Callable[[int], Any], count: int = CALLS) -> list[Any]:
    """What each of `count` threads came to that began together: an answer, or the problem that it met."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        try:
            with tenant_context(acme):
                gate.wait()
                return work(number)
        except BudgetSpent as spent:
            return spent
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize("limit", [{"money": Decimal("0.1")}, {"tokens": ROOM * 2_000}])
def test_of_fifty_calls_on_a_budget_for_ten_exactly_ten_leave(acme: Tenant, limit: dict[str, Any]) -> None:
    budget_make(**limit)
    model = model_make()
    came = at_once(acme, lambda _: reserve(model))
    assert sum(isinstance(each, ModelCall) for each in came) == ROOM
    assert sum(isinstance(each, BudgetSpent) for each in came) == CALLS - ROOM
    account = BudgetAccount.objects.get()
    assert (account.reserved_money, account.reserved_tokens) == (Decimal("0.1"), ROOM * 2_000)
    assert ModelCall.objects.count() == ROOM


def test_budgets_that_overlap_are_each_kept_and_nobody_waits_in_a_circle(
    acme: Tenant, member: Callable[..., User]
) -> None:
    """Agents, persons and days cross each other; half of the calls settle while others reserve."""
    people = [member() for _ in range(3)]
    for fields in (
        {"scope": "user"}, {"scope": "agent"}, {"scope": "tenant", "period": "day"}, {"scope": "tenant"},
        {"scope": "agent", "agent_key": "a.1", "period": "day"},
    ):  # fmt: skip
        budget_make(**fields, tokens=20_000)
    model = model_make()

    def work(number: int) -> int:
        purpose = Purpose("explain", agent_key=f"a.{number % 4}", user_id=people[number % 3].pk)
        call = reserve(model, purpose=purpose)
        if number % 2:
            services.settle(call, status=ModelCall.Status.SUCCEEDED, usage=Usage(input=100, output=100))
        return 1

    at_once(acme, work, 24)
    _accounts_hold_what_the_ledger_says()
    for account in BudgetAccount.objects.all():
        assert account.spent_tokens + account.reserved_tokens <= 20_000


def test_a_call_that_is_settled_and_held_for_lost_at_once_is_booked_once(acme: Tenant) -> None:
    budget_make()
    model = model_make()
    calls = [reserve(model) for _ in range(6)]
    ModelCall.objects.update(until=timezone.now() - timedelta(seconds=1))

    def work(number: int) -> None:
        if number % 4 == 3:
            services.calls_lapse()
        else:
            services.settle(
                calls[number % 6], status=ModelCall.Status.SUCCEEDED, usage=Usage(input=100, output=100)
            )  # fmt: skip

    at_once(acme, work, 24)
    assert not ModelCall.objects.filter(status=ModelCall.Status.OPEN).exists()
    _accounts_hold_what_the_ledger_says()


def test_a_budget_may_be_deleted_while_calls_reserve_on_it(acme: Tenant) -> None:
    budget, stays = budget_make(), budget_make(scope="agent")
    model = model_make()

    def work(number: int) -> None:
        if number == 5:
            with transaction.atomic():
                managing.budget_delete(who=OWNER, budget=selectors.budget_get(who=OWNER, id=budget.pk, lock=True))
        else:
            services.settle(reserve(model), status=ModelCall.Status.SUCCEEDED, usage=Usage(input=10))

    at_once(acme, work, 12)
    account = BudgetAccount.objects.get()
    assert (account.budget_id, account.spent_tokens, account.reserved_tokens) == (stays.pk, 110, 0)


def _accounts_hold_what_the_ledger_says() -> None:
    """Every account has reserved what its open calls reserved, and spent what the others took."""
    calls = list(ModelCall.objects.all())
    for account in BudgetAccount.objects.all():
        mine = [call for call in calls if str(account.pk) in call.accounts]
        under_way = [call for call in mine if call.status == ModelCall.Status.OPEN]
        ended = [call for call in mine if call.status != ModelCall.Status.OPEN]
        assert account.reserved_money == sum(call.money for call in under_way)
        assert account.spent_money == sum(call.money for call in ended)
        assert account.spent_tokens == sum(call.tokens_input + call.tokens_output for call in ended)

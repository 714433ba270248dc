"""What a call reserves, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import timezone as zones
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.ai.budgets import periods, services
from apps.ai.budgets.pricing import price_at_most, price_of
from apps.ai.budgets.problems import BudgetSpent
from apps.ai.contract import ModelProblem, Purpose, Usage
from apps.ai.failures import ModelMisconfigured
from apps.ai.models import AiPolicy, Budget, BudgetAccount, LanguageModel, ModelCall
from apps.tenants.models import Tenant
from tests.ai.budgets.ground import budget_make, model_make, reserve

pytestmark = pytest.mark.usefixtures("acme")
DONE = ModelCall.Status.SUCCEEDED


def booked(account: BudgetAccount | None = None) -> tuple[Any, ...]:
    """(reserved money, tokens, spent money, tokens) of an account, or of the only one."""
    row = BudgetAccount.objects.get(**({"pk": account.pk} if account else {}))
    return row.reserved_money, row.reserved_tokens, row.spent_money, row.spent_tokens


def test_what_a_call_may_take_is_reserved_and_counts_in_the_ledger_at_once() -> None:
    budget_make()
    call = reserve(model_make(), masked={"email": 2}, sent={"messages": []})
    assert booked() == (Decimal("0.01"), 2_000, 0, 0)
    row = ModelCall.objects.get()
    assert (row.pk, row.status, row.money, row.tokens_input, row.tokens_output) == (
        call.pk, "open", Decimal("0.01"), 1_000, 1_000,
    )  # fmt: skip
    assert (row.masked, row.sent, row.provider_name, row.model_name) == (
        {"email": 2},
        {"messages": []},
        "Local",
        "small",
    )


def test_what_it_took_is_booked_and_the_rest_given_back() -> None:
    budget_make()
    call = reserve(model_make())
    services.settle(
        call, status=DONE, usage=Usage(input=900, cached=400, output=50), attempts=2, answered={"text": "ok"}
    )
    # 500 x 2 + 400 x 0.5 + 50 x 8, per million
    assert booked() == (0, 0, Decimal("0.0016"), 950)
    row = ModelCall.objects.get()
    assert (row.money, row.tokens_input, row.tokens_cached, row.tokens_output) == (Decimal("0.0016"), 900, 400, 50)
    assert (row.status, row.attempts, row.answered) == (DONE, 2, {"text": "ok"})
    assert row.finished_at is not None


@pytest.mark.parametrize(
    ("problem", "spent"),
    [
        (ModelProblem("cut", was_sent=True), (Decimal("0.01"), 2_000)),
        (ModelProblem("no connection", was_sent=False), (0, 0)),
        (ModelProblem("counted", usage=Usage(input=10, output=10)), (Decimal("0.0001"), 20)),
        (None, (Decimal("0.01"), 2_000)),
    ],
)
def test_what_nobody_counted_took_what_it_reserved_unless_it_was_never_sent(
    problem: ModelProblem | None, spent: tuple[Decimal, int]
) -> None:
    budget_make()
    call = reserve(model_make())
    services.settle(call, status=ModelCall.Status.FAILED, usage=None, problem=problem)
    assert booked() == (0, 0, *spent)
    row = ModelCall.objects.get()
    assert (row.money, row.tokens_input + row.tokens_output) == spent
    assert row.problem_code == (problem.code if problem else "")


def test_a_call_is_settled_once() -> None:
    budget_make()
    call = reserve(model_make())
    services.settle(call, status=DONE, usage=Usage(input=500))
    before = booked()
    services.settle(call, status=ModelCall.Status.FAILED, usage=Usage(input=99_999))
    assert booked() == before
    assert ModelCall.objects.get().status == DONE


def test_a_call_for_which_too_little_is_left_does_not_leave_and_leaves_no_trace() -> None:
    budget_make(money=Decimal("0.025"))
    model = model_make()
    reserve(model)
    reserve(model)
    before = booked()
    with pytest.raises(BudgetSpent) as spent:
        reserve(model)
    assert booked() == before
    assert ModelCall.objects.count() == 2
    told = spent.value
    assert "monthly budget of the organisation is $0.025; $0.005 of it is left" in told.detail
    assert "up to $0.010" in told.detail
    assert "administrator can raise it" in told.remedy
    assert "begins anew on 1 " in told.remedy


def test_a_budget_may_be_spent_to_its_last_part() -> None:
    budget_make(money=Decimal("0.02"), tokens=4_000)
    model = model_make()
    reserve(model)
    reserve(model)
    assert booked()[:2] == (Decimal("0.02"), 4_000)


def test_tokens_are_a_limit_of_their_own_also_where_they_cost_nothing() -> None:
    budget_make(tokens=3_999)
    model = model_make(price_input=0, price_cached=None, price_output=0)
    reserve(model)
    with pytest.raises(BudgetSpent, match=r"3,999 tokens; 1,999 tokens of it is left"):
        reserve(model)


def test_what_costs_nothing_is_not_held_up_by_a_limit_in_money_that_is_overdrawn() -> None:
    budget_make(money=Decimal("0.01"))
    call = reserve(model_make())
    services.settle(call, status=DONE, usage=Usage(input=50_000))  # ten times what was reserved
    assert booked()[2] == Decimal("0.1")
    with pytest.raises(BudgetSpent, match=r"\$0\.00 of it is left"):
        reserve(LanguageModel.objects.get())
    reserve(model_make(name="own", price_input=0, price_cached=0, price_output=0))


def test_a_call_that_the_whole_budget_would_not_pay_is_told_so() -> None:
    budget_make(tokens=1_000)
    with pytest.raises(BudgetSpent) as spent:
        reserve(model_make(), tokens_input=2_000_000_000)
    assert "Ask for less at a time" in spent.value.remedy


def test_a_call_at_a_price_that_cannot_be_is_refused_for_its_price() -> None:
    with pytest.raises(ModelMisconfigured, match="would cost 1,999,999,980"):
        reserve(model_make(price_output=Decimal(99_999_999)), tokens_input=0, tokens_output=20_000_000)
    assert not ModelCall.objects.exists()


def test_every_budget_that_bears_a_call_is_booked(member: Callable[..., User]) -> None:
    ana = member()
    for fields in (
        {"scope": "tenant"}, {"scope": "tenant", "period": "day"}, {"scope": "agent"}, {"scope": "user"},
        {"scope": "agent", "agent_key": "dummy.other"}, {"scope": "user", "user": member()},
    ):  # fmt: skip
        budget_make(**fields)
    call = reserve(model_make(), purpose=Purpose("explain", agent_key="dummy.counter", user_id=ana.pk))
    accounts = BudgetAccount.objects.all()
    assert sorted(account.bearer for account in accounts) == sorted(["", "", "dummy.counter", str(ana.pk)])
    assert set(call.accounts) == {str(account.pk) for account in accounts}
    services.settle(call, status=DONE, usage=Usage(input=100))
    assert {booked(account) for account in accounts} == {(0, 0, Decimal("0.0002"), 100)}


def test_each_agent_has_a_budget_for_itself_unless_it_has_one_of_its_own() -> None:
    every, own = budget_make(scope="agent", tokens=2_000), budget_make(scope="agent", agent_key="a.one", tokens=4_000)
    model = model_make()
    for agent in ("a.one", "a.one", "a.two", "a.three"):
        reserve(model, purpose=Purpose("explain", agent_key=agent))
    for agent in ("a.one", "a.two", "a.three"):
        with pytest.raises(BudgetSpent, match=f"agent {agent}"):
            reserve(model, purpose=Purpose("explain", agent_key=agent))
    assert sorted(every.accounts.values_list("bearer", flat=True)) == ["a.three", "a.two"]
    assert own.accounts.get().reserved_tokens == 4_000


def test_each_person_has_a_budget_for_themselves_unless_they_have_one_of_their_own(member: Callable[..., User]) -> None:
    ana, ben = member(), member()
    budget_make(scope="user", tokens=2_000)
    budget_make(scope="user", user=ben, tokens=4_000)
    model = model_make()
    for user in (ana, ben, ben):
        reserve(model, purpose=Purpose("explain", user_id=user.pk))
    for user in (ana, ben):
        with pytest.raises(BudgetSpent, match="this person"):
            reserve(model, purpose=Purpose("explain", user_id=user.pk))
    reserve(model, purpose=Purpose("explain"))  # of nobody: no person's budget bears it


def test_without_budgets_a_call_is_only_written_down() -> None:
    call = reserve(model_make())
    services.settle(call, status=DONE, usage=Usage(input=1))
    assert (call.accounts, ModelCall.objects.get().money) == ([], Decimal("0.000002"))


def test_a_limit_that_was_changed_holds_for_the_next_call_and_leaves_those_under_way_alone() -> None:
    budget = budget_make(tokens=10_000)
    model = model_make()
    call = reserve(model)
    Budget.objects.filter(pk=budget.pk).update(tokens=1_000)
    with pytest.raises(BudgetSpent):
        reserve(model)
    services.settle(call, status=DONE, usage=Usage(input=500))
    assert booked()[1::2] == (0, 500)
    Budget.objects.filter(pk=budget.pk).update(tokens=2_500)
    reserve(model)


def test_a_call_outlives_the_budget_that_it_was_reserved_on() -> None:
    gone, stays = budget_make(), budget_make(scope="agent")
    call = reserve(model_make())
    gone.delete()
    services.settle(call, status=DONE, usage=Usage(input=100))
    assert booked() == (0, 0, Decimal("0.0002"), 100)
    assert BudgetAccount.objects.get().budget_id == stays.pk
    assert ModelCall.objects.get().status == DONE


def test_a_call_is_settled_in_the_period_in_which_it_was_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    budget_make(tokens=3_000)
    budget_make(period="day", tokens=3_000)
    model = model_make()
    late = datetime(2026, 11, 30, 23, 59, 59, 900_000, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: late)
    call = reserve(model)
    with pytest.raises(BudgetSpent):
        reserve(model)
    monkeypatch.setattr(timezone, "now", lambda: late + timedelta(seconds=1))
    reserve(model)  # a new day, and a new month
    services.settle(call, status=DONE, usage=Usage(input=100))
    rows = BudgetAccount.objects.values_list("starts", "reserved_tokens", "spent_tokens")
    assert sorted(rows) == [
        (date(2026, 11, 1), 0, 100), (date(2026, 11, 30), 0, 100), (date(2026, 12, 1), 2_000, 0),
        (date(2026, 12, 1), 2_000, 0),
    ]  # fmt: skip


def test_days_are_those_of_utc_wherever_the_server_stands() -> None:
    at = datetime(2026, 12, 1, 3, tzinfo=zones(timedelta(hours=9)))
    assert periods.starts_of("day", at) == date(2026, 11, 30)
    assert periods.starts_of("month", at) == date(2026, 11, 1)
    assert periods.anew_after("month", date(2026, 12, 1)) == date(2027, 1, 1)


def test_a_call_that_nobody_ended_counts_as_reserved_and_is_written_down_as_not_known() -> None:
    budget_make(tokens=4_000)
    model = model_make()
    lost = reserve(model, seconds=-1)
    assert booked()[1::2] == (2_000, 0)
    reserve(model)
    assert booked()[1::2] == (2_000, 2_000)
    row = ModelCall.objects.get(pk=lost.pk)
    assert (row.status, row.problem_code, row.money, row.finished_at) == (
        "unknown", services.LOST, Decimal("0.01"), row.until,
    )  # fmt: skip
    with pytest.raises(BudgetSpent):
        reserve(model)


def test_the_end_of_a_call_that_was_held_for_lost_is_put_right_once() -> None:
    budget_make()
    call = reserve(model_make(), seconds=-1)
    assert services.calls_lapse() == 1
    assert services.calls_lapse() == 0
    assert booked() == (0, 0, Decimal("0.01"), 2_000)
    for _ in range(2):
        services.settle(call, status=DONE, usage=Usage(input=100))
        assert booked() == (0, 0, Decimal("0.0002"), 100)
    assert ModelCall.objects.get().status == DONE


def test_the_currency_of_the_organisation_is_kept_with_the_call() -> None:
    AiPolicy.objects.create(currency="EUR")
    budget_make(money=Decimal("0.001"))
    with pytest.raises(BudgetSpent, match=r"€0\.001"):
        reserve(model_make())
    Budget.objects.all().delete()
    assert reserve(LanguageModel.objects.get()).currency == "EUR"


def test_money_is_rounded_up_at_its_last_place_and_the_accounts_hold_what_the_ledger_says() -> None:
    budget_make()
    model = model_make(price_input=Decimal("0.0301"), price_cached=None, price_output=Decimal("0.1003"))
    for used in (1, 3, 7, 11):
        services.settle(reserve(model), status=DONE, usage=Usage(input=used, output=used))
    moneys = ModelCall.objects.values_list("money", flat=True)
    assert sorted(moneys) == [Decimal(each) / 10**8 for each in (14, 40, 92, 144)]
    assert booked()[2] == sum(moneys)


def test_a_price_of_what_was_kept_may_be_the_dearest_and_is_what_is_reserved() -> None:
    model = LanguageModel(price_input=Decimal(1), price_cached=Decimal(3), price_output=Decimal(0))
    assert price_at_most(model, tokens_input=1_000_000, tokens_output=5) == 3
    assert price_of(model, Usage(input=1_000_000, cached=2_000_000)) == 3
    assert price_of(model, Usage(input=-5, cached=-5, output=-5)) == 0


def test_a_reservation_is_refused_inside_a_transaction_which_would_keep_its_locks() -> None:
    model = model_make()
    with transaction.atomic(), transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        reserve(model)


@pytest.mark.parametrize("budgets", [1, 4])
def test_reserving_and_settling_take_as_many_statements_whatever_the_number_of_budgets(
    budgets: int, member: Callable[..., User]
) -> None:
    purpose = Purpose("explain", agent_key="dummy.counter", user_id=member().pk)
    for fields in ({"scope": "tenant"}, {"scope": "agent"}, {"scope": "user"}, {"scope": "user", "period": "day"})[
        :budgets
    ]:
        budget_make(**fields)
    model = model_make()
    reserve(model, purpose=purpose)  # opens the accounts
    with CaptureQueriesContext(connection) as taken:
        call = reserve(model, purpose=purpose)
    assert _statements(taken) == 5  # what stands, budgets, accounts, book, call
    with CaptureQueriesContext(connection) as taken:
        services.settle(call, status=DONE, usage=Usage(input=5))
    assert _statements(taken) == 4  # call, accounts, book, call


def _statements(taken: CaptureQueriesContext) -> int:
    return sum("SAVEPOINT" not in query["sql"] for query in taken.captured_queries)


def test_budgets_of_another_tenant_bear_nothing(globex: Tenant) -> None:
    from apps.tenants.context import tenant_context

    budget_make(tokens=1)
    with tenant_context(globex):
        reserve(model_make())
        assert not BudgetAccount.objects.exists()

"""The page of usage and cost, budgets by form, and what they add to the dashboard."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.ai.budgets import services
from apps.ai.contract import Purpose, Usage
from apps.ai.models import Budget, BudgetAccount, LanguageModel, ModelCall, Provider
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.ai.budgets.ground import budget_make, model_make, reserve

Make = Callable[..., User]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def call_make(*, at: datetime = NOON, tokens: int = 1_000, **fields: Any) -> ModelCall:
    """One that ended, at 0.01 for a thousand tokens."""
    given = {
        "purpose": "explain", "agent_key": "dummy.counter", "provider_name": "Local", "model_name": "small",
        "status": "succeeded", "tokens_input": tokens, "money": Decimal(tokens) / 100_000, "until": at, **fields,
    }  # fmt: skip
    call = ModelCall.objects.create(**given)
    ModelCall.objects.filter(pk=call.pk).update(created_at=at)
    return call


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Friday the 20th of November 2026, for the ledger and for budgets."""
    for place in ("apps.ai.usage.ledger", "apps.ai.usage.shown", "apps.ai.usage.pages", "apps.ai.budgets.selectors"):
        monkeypatch.setattr(f"{place}.timezone.now", lambda: NOON)
    return NOON


@pytest.fixture
def browser(member: Make, client_for: Callable[..., Client]) -> Client:
    return client_for(member("administrator"))


def test_a_page_shows_what_models_cost_and_for_what(browser: Client, today: datetime, member: Make) -> None:
    ana = member(name="Ana Diaz")
    run = AgentRun.objects.create(agent_key="dummy.counter", agent_version="1", input={}, number=7, created_by=ana)
    call_make(tokens=200_000, user=ana, subject_kind="agents.run", subject=run.pk)
    call_make(tokens=50_000, purpose="draft", agent_key="", model_name="large", status="failed")
    call_make(at=NOON - timedelta(days=31), tokens=125_000)
    html = browser.get("/usage/").content.decode()
    for said in ("$2.50", "250,000", "Ana Diaz", "small · Local", "Drafts", "R-7", "1 failed", "Nobody: triggers"):
        assert said in html, said
    assert "100\N{NO-BREAK SPACE}%" in html  # beside 1.25 in the month before
    assert f'href="/runs/{run.number}' in html or "R-7" in html


def test_it_is_narrowed_by_the_query_string_and_widened_again(browser: Client, today: datetime) -> None:
    call_make(tokens=200_000)
    call_make(tokens=50_000, agent_key="other", model_name="large")
    html = browser.get("/usage/", {"model": "Local/large"}).content.decode()
    assert "$0.500" in html
    assert "Model: large · Local" in html
    assert "$2.00" not in html
    assert "No call matches" in browser.get("/usage/", {"agent": "nobody"}).content.decode()


def test_what_a_query_string_has_that_is_not_known_does_not_matter(browser: Client) -> None:
    answer = browser.get("/usage/", {"period": "aeon", "person": "x", "show": "colours"})
    assert answer.status_code == 200
    assert "No model was asked in this period" in answer.content.decode()


@pytest.mark.parametrize(
    ("period", "money"),
    [("month", "$0.010"), ("last-month", "$0.020"), ("7d", "$0.010"), ("30d", "$0.030"), ("90d", "$0.070")],
)
def test_a_period_has_its_days_and_no_others(browser: Client, today: datetime, period: str, money: str) -> None:
    call_make()
    call_make(at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC), tokens=2_000)
    call_make(at=datetime(2026, 9, 1, tzinfo=UTC), tokens=4_000)
    html = browser.get("/usage/", {"period": period}).content.decode()
    assert f'<div class="val num">{money}</div>' in html


def test_tokens_are_shown_where_nothing_costs_anything(browser: Client, today: datetime) -> None:
    call_make(tokens=5_000, money=0)
    html = browser.get("/usage/", {"show": "tokens"}).content.decode()
    assert "5,000 tokens" in html


def test_calls_in_another_currency_are_told_and_not_added_to_the_sum(browser: Client, today: datetime) -> None:
    call_make()
    call_make(currency="EUR", tokens=900_000)
    html = browser.get("/usage/").content.decode()
    assert "1 call of this period was paid in another currency than USD" in html
    assert '<div class="val num">$0.010</div>' in html


def test_a_month_is_forecast_once_there_are_days_enough(browser: Client, today: datetime) -> None:
    for day in range(13):
        call_make(at=NOON - timedelta(days=day + 1), tokens=100_000)
    assert "after 1 more day: it takes 14" in browser.get("/usage/").content.decode()
    call_make(at=NOON - timedelta(days=14), tokens=100_000)
    assert "80% likely" in browser.get("/usage/").content.decode()


def test_the_ledger_goes_down_as_csv_with_what_spreadsheets_would_run_made_inert(
    browser: Client, today: datetime
) -> None:
    call_make(model_name="=cmd()", agent_key="a")
    call_make(model_name="=cmd()", agent_key="a", currency="EUR")
    call_make(agent_key="b")
    answer = browser.get("/usage/usage.csv", {"agent": "a"})
    assert 'filename="usage-2026-11-01-2026-11-20.csv"' in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert len(rows) == 3
    assert rows[1][:4] == ["2026-11-20", "a", "Local", "'=cmd()"]
    assert rows[1][-1] == "0.01000000"


def test_where_no_model_is_connected_the_page_says_analytic_mode(browser: Client) -> None:
    assert "No provider of models is connected." in browser.get("/usage/").content.decode()


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("viewer", 403), ("auditor", 200), ("builder", 200)])
def test_who_may_not_see_usage_does_not(
    member: Make, client_for: Callable[..., Client], role: str, status: int
) -> None:
    assert client_for(member(role)).get("/usage/").status_code == status


def test_a_budget_is_set_changed_and_deleted_by_form(browser: Client) -> None:
    sent = {
        "scope": "tenant",
        "period": "month",
        "money": "250",
        "tokens": "",
        "warn_at": "75",
        "agent": "",
        "person": "",
    }
    assert browser.post("/usage/budgets/new/", sent).status_code == 302
    budget = Budget.objects.get()
    assert (budget.money, budget.tokens) == (Decimal(250), None)
    assert (budget.warn_at, budget.created_by) == (75, User.objects.get())
    page = f"/usage/budgets/{budget.pk}/"
    assert 'value="250"' in browser.get(page).content.decode()
    assert browser.post(page, {"money": "99.5", "tokens": "1000", "warn_at": "80"}).status_code == 302
    budget.refresh_from_db()
    assert (budget.money, budget.tokens) == (Decimal("99.5"), 1_000)
    assert browser.post(f"{page}delete/").status_code == 302
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"money": ""}, "Set a limit in money, in tokens, or both"),
        ({"money": "much"}, "valid decimal"),
        ({"money": "-1"}, "greater than or equal to 0"),
        ({"money": "NaN"}, "finite"),
        ({"scope": "agent", "agent": "nobody"}, "There is no such agent"),
        ({"warn_at": "101"}, "less than or equal to 100"),
        ({"period": "aeon"}, "&#x27;day&#x27; or &#x27;month&#x27;"),
    ],
)
def test_a_budget_that_cannot_be_is_told_where_and_keeps_what_was_entered(
    browser: Client, changed: dict[str, str], told: str
) -> None:
    sent = {"scope": "tenant", "period": "month", "money": "17", "warn_at": "75", **changed}
    answer = browser.post("/usage/budgets/new/", sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert told in html
    assert 'value="75"' in html or "warn_at" in changed
    assert not Budget.objects.exists()


def test_a_budget_of_a_person_who_is_not_there_is_not_found(browser: Client) -> None:
    sent = {"scope": "user", "person": str(uuid4()), "period": "month", "money": "17"}
    answer = browser.post("/usage/budgets/new/", sent)
    assert answer.status_code == 404
    assert "There is no such member" in answer.content.decode()
    assert not Budget.objects.exists()


def test_there_is_one_budget_of_a_bearer_for_a_period(browser: Client) -> None:
    budget_make()
    answer = browser.post("/usage/budgets/new/", {"scope": "tenant", "period": "month", "money": "17"})
    assert answer.status_code == 409
    assert "for the same period already" in answer.content.decode()


def test_what_was_spent_before_in_its_period_counts_for_a_new_budget(browser: Client, member: Make) -> None:
    ana, now = member(), timezone.now()
    call_make(at=now, user=ana)
    call_make(at=now, tokens=3_000, agent_key="dummy.other")
    call_make(at=now, tokens=9_000, currency="EUR")
    call_make(at=now - timedelta(days=40), tokens=7_000)
    for scope in ("tenant", "agent", "user"):
        browser.post("/usage/budgets/new/", {"scope": scope, "period": "month", "money": "17"})
    found = BudgetAccount.objects.values_list("budget__scope", "bearer", "spent_money", "spent_tokens")
    assert sorted(found) == [
        ("agent", "dummy.counter", Decimal("0.01"), 1_000), ("agent", "dummy.other", Decimal("0.03"), 3_000),
        ("tenant", "", Decimal("0.04"), 4_000), ("user", str(ana.pk), Decimal("0.01"), 1_000),
    ]  # fmt: skip


def test_who_may_not_set_budgets_looks_at_them(member: Make, client_for: Callable[..., Client]) -> None:
    auditor, budget = client_for(member("auditor")), budget_make()
    assert "may look at budgets" in auditor.get(f"/usage/budgets/{budget.pk}/").content.decode()
    assert auditor.post(f"/usage/budgets/{budget.pk}/", {"money": "1"}).status_code == 403
    assert auditor.post(f"/usage/budgets/{budget.pk}/delete/").status_code == 403
    assert auditor.get("/usage/budgets/new/").status_code == 403
    assert Budget.objects.get().money == 10


def test_a_budget_of_another_tenant_is_not_found(browser: Client, globex: Tenant) -> None:
    with tenant_context(globex):
        budget = budget_make()
    assert browser.get(f"/usage/budgets/{budget.pk}/").status_code == 404
    assert browser.post(f"/usage/budgets/{budget.pk}/delete/").status_code == 404


def spend(budget: Budget, money: str) -> None:
    BudgetAccount.objects.create(budget=budget, starts=timezone.now().replace(day=1).date(), spent_money=Decimal(money))


@pytest.mark.parametrize(
    ("money", "told"),
    [
        ("10", "Budget spent: Month of the organisation"),
        ("8", "Budget at 80 %: Month of the organisation"),
        ("7.99", ""),
    ],
)
def test_a_budget_that_is_nearly_spent_is_told_on_its_page_and_on_the_dashboard(
    browser: Client, money: str, told: str
) -> None:
    AgentRun.objects.create(agent_key="dummy.counter", agent_version="1", input={}, number=7)
    spend(budget_make(), money)
    for page in ("/usage/", "/"):
        html = browser.get(page).content.decode()
        assert (told in html) if told else ("Budget at" not in html and "Budget spent" not in html), page
    assert "Models this month" in html


def test_a_month_that_will_cost_more_than_its_budget_is_told(browser: Client, today: datetime) -> None:
    for day in range(20):
        call_make(at=NOON - timedelta(days=day), tokens=100_000)
    budget_make(money=Decimal(25))
    html = browser.get("/usage/").content.decode()
    assert "Budget will not last: Month of the organisation" in html
    assert "$30.00 are expected by the end of the month, of $25.00." in html


def test_the_dashboard_says_nothing_of_models_where_none_was_ever_asked(browser: Client) -> None:
    assert "Models this month" not in browser.get("/").content.decode()


def test_a_call_whose_process_was_killed_is_shown_as_what_nobody_knows(browser: Client) -> None:
    reserve(model_make(), seconds=-1)
    html = browser.get("/usage/").content.decode()
    assert "1 with an end not known" in html
    assert "under way" not in html


@pytest.mark.parametrize("more", [1, 6])
def test_the_page_takes_as_many_statements_whatever_there_is(browser: Client, member: Make, more: int) -> None:
    model = model_make()
    for number in range(more):
        run = AgentRun.objects.create(agent_key="dummy.counter", agent_version="1", input={}, number=number + 1)
        ana = member()
        budget_make(scope="user", user=ana)
        purpose = Purpose(f"p{number}", f"a{number}", ana.pk, "agents.run", run.pk)
        services.settle(reserve(model, purpose=purpose), status=ModelCall.Status.SUCCEEDED, usage=Usage(input=9))
    browser.get("/usage/")  # what is remembered between requests is there
    with CaptureQueriesContext(connection) as taken:
        assert browser.get("/usage/").status_code == 200
    assert len(taken) == STATEMENTS, "\n".join(query["sql"][:150] for query in taken.captured_queries)


STATEMENTS = 22


def test_a_model_that_was_deleted_stays_in_the_ledger(browser: Client) -> None:
    call = reserve(model_make())
    services.settle(call, status=ModelCall.Status.SUCCEEDED, usage=Usage(input=500_000))
    LanguageModel.objects.all().delete()
    Provider.objects.all().delete()
    assert "small · Local" in browser.get("/usage/").content.decode()

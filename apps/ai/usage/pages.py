"""Console pages of usage and cost, and of budgets."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from pydantic import ValidationError

from apps.accounts.models import User
from apps.ai.askers import askers_of
from apps.ai.auditing import USAGE_DOWNLOADED
from apps.ai.budgets import managing, selectors
from apps.ai.budgets.managing import BudgetWanted, Limits
from apps.ai.models import Budget
from apps.ai.permissions import BUDGETS_MANAGE, MODELS_VIEW, USAGE_VIEW
from apps.ai.setup.selectors import mode
from apps.ai.usage import ledger
from apps.ai.usage.alerts import alerts_of
from apps.ai.usage.periods import PERIODS
from apps.ai.usage.shown import Looked, expected, usage_shown
from apps.audit.services import record
from apps.common import spreadsheets
from apps.common.errors import InvalidInput, Problem
from apps.common.widgets import Sheet
from apps.console.views import ConsoleView

USAGE = "ai:usage"
_COLUMNS = {
    "day": "Day (UTC)", "agent": "Agent", "provider": "Provider", "model_called": "Model", "person": "Person",
    "purpose": "Purpose", "currency": "Currency", "calls": "Calls", "failed": "Failed", "input": "Input tokens",
    "cached": "of these kept by the provider", "output": "Output tokens", "cost": "Cost",
}  # fmt: skip


class UsagePage(ConsoleView):
    """What models cost, what they will have cost, and what may be spent."""

    permission = USAGE_VIEW
    page_title = "Usage & cost"

    def get(self, request: HttpRequest) -> HttpResponse:
        currency = selectors.currency_now()
        looked = Looked.of(request.GET)
        shown = usage_shown(who=self.who, looked=looked, currency=currency)
        outlook = ledger.usage_outlook(who=self.who, currency=currency)
        states = selectors.budget_states(who=self.who)
        context = {
            "shown": shown,
            "periods": PERIODS.values(),
            "currency": currency,
            "expected": expected(outlook, currency),
            "states": states,
            "alerts": alerts_of(states, outlook, currency),
            "mode": mode(),
            "can_budget": self.who.can(BUDGETS_MANAGE),
            "can_models": self.who.can(MODELS_VIEW),
        }
        return self.page("ai/usage/usage.html", context)


class UsageExport(ConsoleView):
    """The same period and filters as a table for accounts."""

    permission = USAGE_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        looked = Looked.of(request.GET)
        span, _ = looked.period.spans(timezone.now().astimezone(UTC).date())
        rows = ledger.usage_rows(who=self.who, span=span, narrow=looked.narrow)
        cells = [[_cell(row[name]) for name in _COLUMNS] for row in rows]
        with transaction.atomic():
            record(USAGE_DOWNLOADED, who=self.who, first=span.first, last=span.last, rows=len(cells))
        sheet = Sheet(name="usage", columns=list(_COLUMNS.values()), rows=cells)
        response = HttpResponse("".join(spreadsheets.csv_lines(sheet)), content_type="text/csv; charset=utf-8")
        name = f"usage-{span.first}-{span.last}.csv"
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        return response


class BudgetNew(ConsoleView):
    permission = BUDGETS_MANAGE
    page_title = "New budget"

    def get(self, request: HttpRequest) -> HttpResponse:
        given = {name: request.GET.get(name, "") for name in ("scope", "agent", "person", "period")}
        return self._show(
            {"scope": "tenant", "period": "month", "warn_at": "80"} | {k: v for k, v in given.items() if v}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        entered = {name: str(value) for name, value in request.POST.dict().items()}
        try:
            names = ("scope", "agent", "person", "period", "money", "tokens", "warn_at")
            sent = {name: entered[name].strip() for name in names if entered.get(name, "").strip()}
            managing.budget_create(who=self.who, user=self.user, wanted=_read(BudgetWanted, sent))
        except Problem as problem:
            return self._show(entered, problem)
        messages.success(request, "The budget holds for every call from now on.")
        return redirect(USAGE)

    def _show(self, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        context = {
            "entered": entered,
            "currency": selectors.currency_now(),
            "agents": askers_of(self.who).values(),
            "people": User.objects.filter(is_active=True).order_by("name", "email"),
            **_about(problem),
        }
        return self.page("ai/usage/budget_new.html", context, status=problem.status if problem else 200)


class BudgetPage(ConsoleView):
    """One budget: who has spent of it, and its limits."""

    permission = {"GET": USAGE_VIEW, "POST": BUDGETS_MANAGE}

    def get(self, request: HttpRequest, budget: UUID) -> HttpResponse:
        found = selectors.budget_get(who=self.who, id=budget)
        entered = {
            "money": "" if found.money is None else f"{found.money.normalize():f}",
            "tokens": "" if found.tokens is None else str(found.tokens),
            "warn_at": str(found.warn_at),
        }
        return self._show(found, entered)

    def post(self, request: HttpRequest, budget: UUID) -> HttpResponse:
        entered = {name: str(request.POST.get(name, "")).strip() for name in ("money", "tokens", "warn_at")}
        try:
            with transaction.atomic():
                found = selectors.budget_get(who=self.who, id=budget, lock=True)
                wanted = _read(Limits, {name: value for name, value in entered.items() if value})
                managing.budget_change(who=self.who, budget=found, wanted=wanted)
        except InvalidInput as problem:
            return self._show(selectors.budget_get(who=self.who, id=budget), entered, problem)
        messages.success(request, "The limits hold for every call from now on.")
        return redirect(USAGE)

    def _show(self, budget: Budget, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        (state,) = selectors.budget_states(who=self.who, budgets=[budget])
        self.page_title = state.title
        context = {
            "state": state,
            "entered": entered,
            "currency": selectors.currency_now(),
            "can_budget": self.who.can(BUDGETS_MANAGE),
            **_about(problem),
        }
        return self.page("ai/usage/budget.html", context, status=problem.status if problem else 200)


class BudgetDelete(ConsoleView):
    permission = {"POST": BUDGETS_MANAGE}

    def post(self, request: HttpRequest, budget: UUID) -> HttpResponse:
        with transaction.atomic():
            found = selectors.budget_get(who=self.who, id=budget, lock=True)
            managing.budget_delete(who=self.who, budget=found)
        messages.success(request, "The budget is deleted: it holds nothing back any more. What was spent is kept.")
        return redirect(USAGE)


def _read(model: Any, sent: dict[str, Any]) -> Any:
    """What a form sent, as its model. Raises `InvalidInput`."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def _about(problem: Problem | None) -> dict[str, Any]:
    """A problem for a template: what is wrong at which field, and what at none."""
    issues = problem.issues if problem else []
    return {
        "problem": problem,
        "errors": {issue.path: issue.message for issue in issues if issue.path},
        "other_issues": [issue for issue in issues if not issue.path],
    }


def _cell(value: Any) -> Any:
    return "" if value is None else value if isinstance(value, int) else str(value)

"""Budgets of models, over the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.budgets import managing, selectors
from apps.ai.budgets.managing import BudgetWanted, Limits
from apps.ai.budgets.selectors import BudgetState, Spent
from apps.ai.models import Budget
from apps.ai.permissions import BUDGETS_MANAGE, USAGE_VIEW
from apps.common.errors import Conflict
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

_OUT: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566", "scope": "tenant", "agent": "", "person": None, "period": "month",
    "money": "250.000000", "tokens": None, "warn_at": 80,
}  # fmt: skip
_SPENT: dict[str, Any] = {
    "bearer": "", "money": "31.20450000", "tokens": 4100230, "reserved_money": "0.01200000", "reserved_tokens": 2400,
    "percent": 12.5, "level": "fine",
}  # fmt: skip
_STATE: dict[str, Any] = {"starts": "2026-11-01", "anew": "2026-12-01", "currency": "USD", "spent": [_SPENT]}


class BudgetOut(BaseModel):
    """A budget: who bears it, and what may be spent."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    id: UUID
    scope: Literal["tenant", "agent", "user"]
    agent: str = Field(description="Key of the agent; empty with the scope agent: each agent for itself.")
    person: UUID | None = Field(description="Id of the member; null with the scope user: each for themselves.")
    period: Literal["day", "month"]
    money: Decimal | None
    tokens: int | None
    warn_at: int

    @classmethod
    def of(cls, budget: Budget) -> Self:
        same = ("id", "scope", "period", "money", "tokens", "warn_at")
        values = {name: getattr(budget, name) for name in same}
        return cls(**values, agent=budget.agent_key, person=budget.user_id)


class SpentOut(BaseModel):
    """What one bearer has spent in the period that is under way."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SPENT]})

    bearer: str = Field(description="Title of the agent or name of the person; empty: all calls that it bears.")
    money: Decimal
    tokens: int
    reserved_money: Decimal = Field(description="By calls under way, or whose end nobody has told.")
    reserved_tokens: int
    percent: float = Field(description="Of the limit that is nearer, what is reserved included.")
    level: Literal["fine", "warned", "spent"]

    @classmethod
    def of(cls, spent: Spent) -> Self:
        same = ("bearer", "money", "tokens", "reserved_money", "reserved_tokens", "level")
        return cls.model_validate({**{name: getattr(spent, name) for name in same}, "percent": round(spent.share, 2)})


class BudgetStateOut(BaseModel):
    """A budget as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STATE]})

    starts: date
    anew: date = Field(description="When it begins anew, at midnight UTC.")
    currency: str
    spent: list[SpentOut] = Field(description="Of the five who have spent the greatest share.")

    @classmethod
    def of(cls, state: BudgetState, currency: str) -> Self:
        spent = [SpentOut.of(each) for each in state.spent]
        return cls(starts=state.starts, anew=state.anew, currency=currency, spent=spent)


class BudgetList(ApiView):
    permission = {"GET": USAGE_VIEW, "POST": BUDGETS_MANAGE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="budgets_list", tags=["model usage"], parameters=PAGE_PARAMETERS, responses={200: Page[BudgetOut]}
    )
    def get(self, request: Request) -> Response:
        """The budgets of models, newest first."""
        return self.page(selectors.budgets_query(who=self.who), BudgetOut.of)

    @extend_schema(
        operation_id="budget_create",
        tags=["model usage"],
        parameters=[location("the budget", 201)],
        request=BudgetWanted,
        responses={201: BudgetOut},
    )
    def post(self, request: Request) -> Response:
        """Set a budget, for every call from now on; what was spent before in its period counts. 409 where there is
        one of the same bearer and period. Only people may, and no keys."""
        budget = managing.budget_create(who=self.who, user=self.who.user, wanted=self.body(BudgetWanted))
        return self.answer(BudgetOut.of(budget), 201, Location=reverse("ai_api:budget", args=[budget.pk]))


class BudgetOne(ApiView):
    permission = {"GET": USAGE_VIEW, "PUT": BUDGETS_MANAGE, "DELETE": BUDGETS_MANAGE}

    @extend_schema(operation_id="budget_get", tags=["model usage"], responses={200: BudgetOut})
    def get(self, request: Request, budget: UUID) -> Response:
        """One budget."""
        return self.answer(BudgetOut.of(selectors.budget_get(who=self.who, id=budget)))

    @extend_schema(operation_id="budget_change", tags=["model usage"], request=Limits, responses={200: BudgetOut})
    def put(self, request: Request, budget: UUID) -> Response:
        """Set its limits, for every call from now on. Calls under way go on."""
        wanted = self.body(Limits)
        with transaction.atomic():
            found = selectors.budget_get(who=self.who, id=budget, lock=True)
            self.require_match(BudgetOut.of(found))
            return self.answer(BudgetOut.of(managing.budget_change(who=self.who, budget=found, wanted=wanted)))

    @extend_schema(operation_id="budget_delete", tags=["model usage"], responses={204: None})
    def delete(self, request: Request, budget: UUID) -> Response:
        """Delete it: it holds nothing back any more. The ledger keeps what was spent."""
        with transaction.atomic():
            found = selectors.budget_get(who=self.who, id=budget, lock=True)
            self.require_match(BudgetOut.of(found))
            managing.budget_delete(who=self.who, budget=found)
        return Response(status=204)


class BudgetSpentNow(ApiView):
    permission = {"GET": USAGE_VIEW}

    @extend_schema(
        operation_id="budget_state",
        tags=["model usage"],
        responses={200: OpenApiResponse(BudgetStateOut, description="What is spent of it now.")},
    )
    def get(self, request: Request, budget: UUID) -> Response:
        """What is spent and reserved of a budget in the period that is under way."""
        found = selectors.budget_get(who=self.who, id=budget)
        (state,) = selectors.budget_states(who=self.who, budgets=[found])
        return self.answer(BudgetStateOut.of(state, selectors.currency_now()))

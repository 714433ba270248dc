"""Setting budgets: created, changed, deleted, by people alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Sum, Value
from django.utils import timezone
from pydantic import ConfigDict, Field, model_validator

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.askers import askers_of
from apps.ai.budgets import periods, selectors
from apps.ai.models import Budget, BudgetAccount, ModelCall
from apps.ai.permissions import BUDGETS_MANAGE
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.common.schemas import StrictModel

_LIMITS: dict[str, Any] = {"money": "250.00", "tokens": None, "warn_at": 80}
_WANTED: dict[str, Any] = {"scope": "tenant", "agent": "", "person": None, "period": "month", **_LIMITS}


class Limits(StrictModel):
    """What may be spent."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIMITS]})

    money: Decimal | None = Field(
        default=None, ge=0, le=Decimal(10) ** 9, decimal_places=6, max_digits=16,
        description="In the currency of the organisation's prices; null: no limit in money.",
    )  # fmt: skip
    tokens: int | None = Field(default=None, ge=0, le=10**15, description="Null: no limit in tokens.")
    warn_at: int = Field(
        default=80, ge=1, le=100, description="Percent of a limit from which on it is shown among what needs attention."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Limits:
        if self.money is None and self.tokens is None:
            raise ValueError("Set a limit in money, in tokens, or both: a budget without any holds nothing back.")
        return self


class BudgetWanted(Limits):
    """A budget as it is asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WANTED]})

    scope: Literal["tenant", "agent", "user"] = Field(
        description="Who bears it: all calls together, those of an agent, or those of a person."
    )
    agent: str = Field(
        default="", max_length=100, description="Key of the agent, with the scope agent; empty: each agent for itself."
    )
    person: UUID | None = Field(
        default=None, description="Id of the member, with the scope user; null: each person for themselves."
    )
    period: Literal["day", "month"] = Field(description="It begins anew with each day, or month, of UTC.")


def budget_create(*, who: Principal, user: User | None, wanted: BudgetWanted) -> Budget:
    """A budget that holds for every call from now on. What was spent before in its period counts.

    Raises `InvalidInput` for an agent that is not there, `NotFound` for such a person, and `Conflict` where there is
    such a budget.
    """
    demand(who, BUDGETS_MANAGE)
    budget = Budget(
        scope=wanted.scope, agent_key=wanted.agent if wanted.scope == "agent" else "",
        user_id=wanted.person if wanted.scope == "user" else None, period=wanted.period, money=wanted.money,
        tokens=wanted.tokens, warn_at=wanted.warn_at, created_by=user,
    )  # fmt: skip
    issues = []
    if budget.agent_key and budget.agent_key not in askers_of(who):
        issues.append(Issue(path="agent", message="There is no such agent: take its key from the list of agents."))
    if budget.user_id is not None and not User.objects.filter(pk=budget.user_id).exists():
        raise NotFound("There is no such member; nothing was stored.", remedy="Take the id from the list of members.")
    if issues:
        raise InvalidInput("The budget bears nobody who is there; nothing was stored.", issues=issues)
    try:
        with transaction.atomic():
            budget.save()
            BudgetAccount.objects.bulk_create(_of_before(budget))
            record(auditing.BUDGET_MADE, who=who, subject=budget, after=auditing.budget_told(budget))
    except IntegrityError as error:
        raise Conflict(
            "There is a budget of the same bearer for the same period already; nothing was stored.",
            remedy="Change the limits of that one.",
        ) from error
    return budget


def budget_change(*, who: Principal, budget: Budget, wanted: Limits) -> Budget:
    """Other limits, for every call from now on. `budget` is locked, by `budget_get` in the same transaction."""
    demand(who, BUDGETS_MANAGE)
    before = auditing.budget_told(budget)
    budget.money, budget.tokens, budget.warn_at = wanted.money, wanted.tokens, wanted.warn_at
    budget.save(update_fields=["money", "tokens", "warn_at"])
    record(auditing.BUDGET_CHANGED, who=who, subject=budget, before=before, after=auditing.budget_told(budget))
    return budget


def budget_delete(*, who: Principal, budget: Budget) -> None:
    """It bears nothing from now on. `budget` is locked, as for `budget_change`; calls that are under way go on.

    The ledger keeps what was spent. Its accounts are locked in their order first, as those who settle lock them.
    """
    demand(who, BUDGETS_MANAGE)
    list(BudgetAccount.objects.filter(budget=budget).select_for_update().order_by("pk").values_list("pk"))
    record(auditing.BUDGET_DELETED, who=who, subject=budget, before=auditing.budget_told(budget))
    budget.delete()


def _of_before(budget: Budget) -> list[BudgetAccount]:
    """The accounts of a new budget, with what its bearers have spent in the period that is under way."""
    starts = periods.starts_of(budget.period, timezone.now())
    calls = ModelCall.objects.filter(
        created_at__gte=periods.begin_of(starts), currency=selectors.currency_now()
    ).order_by()
    bearer: Any = Value("")
    if budget.scope == Budget.Scope.AGENT:
        bearer = F("agent_key")
        calls = calls.filter(agent_key=budget.agent_key) if budget.agent_key else calls.exclude(agent_key="")
    elif budget.scope == Budget.Scope.USER:
        bearer = F("user_id")
        calls = calls.filter(user=budget.user_id) if budget.user_id else calls.exclude(user=None)
    sums = calls.values(bearer=bearer).annotate(money=Sum("money"), tokens=Sum(F("tokens_input") + F("tokens_output")))
    return [
        BudgetAccount(
            budget=budget, bearer=str(each["bearer"]), starts=starts,
            spent_money=each["money"], spent_tokens=each["tokens"],
        )
        for each in sums if each["money"] is not None
    ]  # fmt: skip

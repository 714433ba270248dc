"""Budgets with what is spent of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.ai.askers import askers_of
from apps.ai.budgets import periods, words
from apps.ai.models import AiPolicy, Budget, BudgetAccount
from apps.ai.permissions import BUDGETS_MANAGE, USAGE_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand

SHOWN: Final = 5
"""Bearers of one budget that are told by name."""


@dataclass(frozen=True)
class Spent:
    """What a bearer of a budget has spent and reserved in the current period."""

    budget: Budget
    bearer: str
    """In words."""
    money: Decimal = Decimal(0)
    tokens: int = 0
    reserved_money: Decimal = Decimal(0)
    reserved_tokens: int = 0

    @property
    def share(self) -> float:
        """Of the limit that is nearer, in percent, what is reserved included; over 100 where it is overdrawn."""
        shares = [0.0]
        if self.budget.money is not None:
            shares.append(_share(self.money + self.reserved_money, self.budget.money))
        if self.budget.tokens is not None:
            shares.append(_share(self.tokens + self.reserved_tokens, self.budget.tokens))
        return max(shares)

    @property
    def level(self) -> str:
        """``spent``, ``warned`` or ``fine``."""
        if self.share >= 100:
            return "spent"
        return "warned" if self.share >= self.budget.warn_at else "fine"


@dataclass(frozen=True)
class BudgetState:
    """A budget as it stands now."""

    budget: Budget
    title: str
    starts: date
    anew: date
    spent: list[Spent] = field(default_factory=list)
    """Of its bearers the first `SHOWN`, who has spent the greatest share first; one at least."""
    bearers: int = 0
    """Who has spent anything."""

    @property
    def worst(self) -> Spent:
        return self.spent[0]


def currency_now() -> str:
    """Of prices and budgets."""
    return AiPolicy.objects.filter(pk=1).values_list("currency", flat=True).first() or AiPolicy().currency


def budgets_query(*, who: Principal) -> QuerySet[Budget]:
    demand(who, USAGE_VIEW)
    return Budget.objects.select_related("user", "created_by")


def budget_get(*, who: Principal, id: UUID, lock: bool = False) -> Budget:
    """Raises `NotFound`. `lock`: to change it; calls that reserve on it wait meanwhile."""
    rows = budgets_query(who=who)
    if lock:
        demand(who, BUDGETS_MANAGE)
        rows = rows.select_for_update(of=("self",))
    budget = rows.filter(pk=id).first()
    if budget is None:
        raise NotFound("There is no such budget.")
    return budget


def budget_states(*, who: Principal, budgets: list[Budget] | None = None) -> list[BudgetState]:
    """All budgets, or these, with what is spent of them now: three statements at most."""
    budgets = list(budgets_query(who=who)) if budgets is None else budgets
    now = timezone.now()
    starts = {budget.pk: periods.starts_of(budget.period, now) for budget in budgets}
    of: dict[UUID, list[BudgetAccount]] = {budget.pk: [] for budget in budgets}
    current = Q(budget__period=Budget.Period.DAY, starts=periods.starts_of(Budget.Period.DAY, now)) | Q(
        budget__period=Budget.Period.MONTH, starts=periods.starts_of(Budget.Period.MONTH, now)
    )
    for account in BudgetAccount.objects.filter(current, budget__in=list(of)) if of else ():
        of[account.budget_id].append(account)
    people = {account.bearer for budget in budgets if budget.scope == "user" for account in of[budget.pk]}
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=people)} if people else {}
    agents = {key: asker.title for key, asker in askers_of(who).items()} if budgets else {}
    return [_state(budget, of[budget.pk], starts[budget.pk], names, agents) for budget in budgets]


def _state(
    budget: Budget, accounts: list[BudgetAccount], starts: date, names: Mapping[str, str], agents: Mapping[str, str]
) -> BudgetState:
    whose = words.bearer_title(
        budget,
        agent=agents.get(budget.agent_key, budget.agent_key),
        person=str(budget.user) if budget.user else "",
    )
    title = f"{budget.get_period_display()} of {whose}"
    found = [
        Spent(
            budget, _bearer(budget, account, names, agents), account.spent_money, account.spent_tokens,
            account.reserved_money, account.reserved_tokens,
        )
        for account in accounts
    ]  # fmt: skip
    found.sort(key=lambda each: (-each.share, each.bearer))
    shown = found[:SHOWN] or [Spent(budget, "")]
    return BudgetState(budget, title, starts, periods.anew_after(budget.period, starts), shown, len(found))


def _bearer(budget: Budget, account: BudgetAccount, names: Mapping[str, str], agents: Mapping[str, str]) -> str:
    if budget.scope == Budget.Scope.AGENT:
        return agents.get(account.bearer, account.bearer)
    return names.get(account.bearer, "a former member") if budget.scope == Budget.Scope.USER else ""


def _share(part: Decimal | int, whole: Decimal | int) -> float:
    """Percent; a limit of nothing is spent by whatever costs something."""
    if whole:
        return float(100 * Decimal(part) / Decimal(whole))
    return 100.0

"""Reserving and settling: what a call may take at most is booked on the budgets that bear it before it leaves, and put
right by what it took once its end is known.

Locks, always in this order, and each of them waits: the call, the budgets by key, their accounts by key. Whoever
reserves holds the budgets, so nobody changes a limit, deletes a budget or opens an account meanwhile. Where a process
was killed, the row of its call stays open; what it reserved keeps counting, so nothing depends on when somebody finds
it: whoever reserves next, of the same tenant, writes down that its outcome is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.ai.budgets import periods, words
from apps.ai.budgets.pricing import price_at_most, price_of
from apps.ai.budgets.problems import BudgetSpent, shortage_of
from apps.ai.contract import ModelProblem, Purpose, Usage
from apps.ai.failures import ModelMisconfigured
from apps.ai.models import AiPolicy, Budget, BudgetAccount, LanguageModel, ModelCall
from apps.common.errors import Problem
from apps.tenants.fields import sealed_for

LOST: Final = "model_call_lost"
"""Problem code of a call whose end nobody wrote down."""
_AT_ONCE: Final = 100
"""Lost calls that are looked after before a reservation."""
_MOST_MONEY: Final = Decimal(10) ** 9
"""In any currency: the ledger has no place for more in one row."""


@dataclass(frozen=True)
class _Booking:
    """What a call takes, or what an account gets."""

    money: Decimal = Decimal(0)
    tokens: int = 0

    def __add__(self, other: _Booking) -> _Booking:
        return _Booking(self.money + other.money, self.tokens + other.tokens)

    def __sub__(self, other: _Booking) -> _Booking:
        return _Booking(self.money - other.money, self.tokens - other.tokens)


def reserve(
    *,
    purpose: Purpose,
    model: LanguageModel,
    tokens_input: int,
    tokens_output: int,
    until: datetime,
    sent: Any = None,
    masked: dict[str, int] | None = None,
) -> ModelCall:
    """Book what a call may take at most, and write it down as under way: committed when this returns.

    `until`: when the call has ended at the latest. Raises `BudgetSpent`, and then nothing is written; `RuntimeError`
    inside a transaction, which would keep others waiting while the model is asked.
    """
    money = price_at_most(model, tokens_input=tokens_input, tokens_output=tokens_output)
    if money >= _MOST_MONEY:
        raise ModelMisconfigured(
            f"By its prices one call of {model.name} would cost {money:,.0f}.", remedy="Mend the prices of the model."
        )
    asked = _Booking(money, tokens_input + tokens_output)
    currency, are_lost = _standing()
    if are_lost:
        calls_lapse()
    with transaction.atomic(durable=True):
        accounts = _booked(purpose, asked, currency)
        return ModelCall.objects.create(
            purpose=purpose.what, agent_key=purpose.agent_key, subject_kind=purpose.subject_kind,
            subject=purpose.subject, user_id=purpose.user_id, model=model, provider_name=model.provider.name,
            model_name=model.name, prompt=purpose.prompt, is_demo=purpose.is_demo, currency=currency,
            reserved_money=money, reserved_tokens=asked.tokens, accounts=[str(each) for each in accounts],
            until=until, sent=sent, masked=masked or {},
            # So it counts wherever calls are added up, also where nobody comes to settle it.
            money=money, tokens_input=tokens_input, tokens_output=tokens_output,
        )  # fmt: skip


def settle(
    call: ModelCall,
    *,
    status: ModelCall.Status,
    usage: Usage | None = None,
    attempts: int = 1,
    first_word_ms: int | None = None,
    answered: Any = None,
    problem: Problem | None = None,
) -> None:
    """Give back what a call reserved, book what it took, and write down how it ended. Once: a second time is nothing.

    Without `usage` it took what it reserved, unless `problem` says that it was never sent. Prices are those that
    `call.model` had when it was reserved. It is booked on the accounts that it was reserved on, whatever the date is
    now; those of budgets that were deleted meanwhile are gone.
    """
    if usage is None and isinstance(problem, ModelProblem):
        usage = problem.usage if problem.usage is not None or problem.was_sent else Usage()
    told = None if problem is None else {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy}
    with transaction.atomic(durable=True):
        row = ModelCall.objects.select_for_update(no_key=True).defer("sent").get(pk=call.pk)
        was_lost = row.status == ModelCall.Status.UNKNOWN and row.problem_code == LOST
        if row.status != ModelCall.Status.OPEN and not was_lost:
            return
        # One that was held for lost has been booked already: then only what it took otherwise is.
        was = _Booking(row.money, row.tokens_input + row.tokens_output)
        if usage is not None:
            row.tokens_input, row.tokens_output = max(usage.input, 0), max(usage.output, 0)
            row.tokens_cached = min(max(usage.cached, 0), row.tokens_input)
            row.money = price_of(call.model, usage) if call.model is not None else row.money
        took = _Booking(row.money, row.tokens_input + row.tokens_output)
        _settle_on_accounts([(row.accounts, _Booking(), took - was) if was_lost else (row.accounts, was, took)])
        ModelCall.objects.filter(pk=row.pk).update(
            status=status, attempts=attempts, tokens_input=row.tokens_input, tokens_cached=row.tokens_cached,
            tokens_output=row.tokens_output, money=row.money, first_word_ms=first_word_ms, finished_at=timezone.now(),
            problem_code=problem.code if problem else "", **sealed_for(row, answered=answered, problem=told),
        )  # fmt: skip


def calls_lapse() -> int:
    """Write down of calls whose time is over, and whose end nobody wrote down, that it is not known. Returns how many.

    They count as they were reserved. Should the end of one be told after all, `settle` puts it right.
    """
    lost = ModelCall.objects.filter(status=ModelCall.Status.OPEN, until__lt=timezone.now()).order_by("until")
    if not lost.exists():
        return 0
    with transaction.atomic(durable=True):
        # Others that are at it have theirs: nobody waits for them.
        calls = list(
            lost.select_for_update(no_key=True, skip_locked=True)
            .only("accounts", "reserved_money", "reserved_tokens")[:_AT_ONCE]
        )  # fmt: skip
        held = ((call.accounts, _Booking(call.reserved_money, call.reserved_tokens)) for call in calls)
        _settle_on_accounts([(accounts, each, each) for accounts, each in held])
        ModelCall.objects.filter(pk__in=[call.pk for call in calls]).update(
            status=ModelCall.Status.UNKNOWN, problem_code=LOST, finished_at=F("until")
        )
    return len(calls)


def _standing() -> tuple[str, bool]:
    """The tenant's currency, and whether there are calls whose time is over. Asked before each call, so in words that
    need no composing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select currency from ai_aipolicy where id = 1),"
            " exists(select from ai_modelcall where status = 'open' and until < %s)",
            [timezone.now()],
        )
        currency, are_lost = cursor.fetchone()
    return currency or AiPolicy().currency, are_lost


def _booked(purpose: Purpose, asked: _Booking, currency: str) -> list[UUID]:
    """Reserve on the accounts of every budget that bears the purpose. Raises `BudgetSpent`."""
    budgets = _bearing(purpose)
    if not budgets:
        return []
    found = _accounts(purpose, budgets)
    for budget, account in found:
        left = (
            None if budget.money is None else budget.money - account.spent_money - account.reserved_money,
            None if budget.tokens is None else budget.tokens - account.spent_tokens - account.reserved_tokens,
        )
        short = shortage_of(
            budget, whose=_whose(budget, purpose), currency=currency, left=left, asked=(asked.money, asked.tokens),
            anew=periods.anew_after(budget.period, account.starts),
        )  # fmt: skip
        if short is not None:
            raise BudgetSpent(short)
    keys = [account.pk for _, account in found]
    BudgetAccount.objects.filter(pk__in=keys).update(
        reserved_money=F("reserved_money") + asked.money, reserved_tokens=F("reserved_tokens") + asked.tokens
    )
    return keys


def _bearing(purpose: Purpose) -> list[Budget]:
    """The budgets that bear a purpose, locked. One of a name stands in for that of everybody with the same period."""
    bears = Q(scope=Budget.Scope.TENANT)
    if purpose.agent_key:
        bears |= Q(scope=Budget.Scope.AGENT, agent_key__in=["", purpose.agent_key])
    if purpose.user_id is not None:
        bears |= Q(scope=Budget.Scope.USER) & (Q(user=None) | Q(user=purpose.user_id))
    found = Budget.objects.filter(bears).select_for_update(no_key=True).order_by("pk")
    nearest: dict[tuple[str, str], Budget] = {}
    for budget in found:
        place = (budget.scope, budget.period)
        if place not in nearest or budget.agent_key or budget.user_id is not None:
            nearest[place] = budget
    return list(nearest.values())


def _accounts(purpose: Purpose, budgets: Sequence[Budget]) -> list[tuple[Budget, BudgetAccount]]:
    """The budgets' accounts of today, locked; those that are not there yet are opened, by nobody else meanwhile."""
    now, wanted, these = timezone.now(), dict[UUID, BudgetAccount](), Q()
    for budget in budgets:
        account = BudgetAccount(
            budget=budget, bearer=_bearer(budget, purpose), starts=periods.starts_of(budget.period, now)
        )
        wanted[budget.pk] = account
        these |= Q(budget=budget, bearer=account.bearer, starts=account.starts)
    for account in BudgetAccount.objects.filter(these).select_for_update(no_key=True).order_by("pk"):
        wanted[account.budget_id] = account
    new = [account for account in wanted.values() if account._state.adding]
    if new:
        BudgetAccount.objects.bulk_create(new)
    return [(budget, wanted[budget.pk]) for budget in budgets]


def _settle_on_accounts(bookings: Iterable[tuple[Sequence[str], _Booking, _Booking]]) -> None:
    """Take what was reserved off the accounts, and add what was spent: (accounts, reserved, spent) for each call."""
    booked = [each for each in bookings if each[0]]
    keys = {key for accounts, _, _ in booked for key in accounts}
    if not keys:
        return
    locked = BudgetAccount.objects.filter(pk__in=keys).select_for_update(no_key=True).order_by("pk")
    held = list(locked.values_list("pk", flat=True))
    if not held:
        return
    for accounts, reserved, spent in booked:
        BudgetAccount.objects.filter(pk__in=accounts).update(
            reserved_money=F("reserved_money") - reserved.money, reserved_tokens=F("reserved_tokens") - reserved.tokens,
            spent_money=F("spent_money") + spent.money, spent_tokens=F("spent_tokens") + spent.tokens,
        )  # fmt: skip


def _bearer(budget: Budget, purpose: Purpose) -> str:
    if budget.scope == Budget.Scope.TENANT:
        return ""
    return purpose.agent_key if budget.scope == Budget.Scope.AGENT else str(purpose.user_id)


def _whose(budget: Budget, purpose: Purpose) -> str:
    """Whom a budget bears, for the person who asked: names of others are not told."""
    return words.bearer_title(budget, agent=purpose.agent_key, person="this person")

"""What the server tells of what models of language cost, as frozen objects. Money is exact."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from orchestrall_client.models import Model


class UsageSums(Model):
    """Of some calls. Tokens and money of calls under way are what they have reserved."""

    calls: int
    money: Decimal
    tokens_input: int
    tokens_output: int
    failed: int
    unknown: int
    open: int
    foreign: int
    """In another currency: `money` leaves them out."""


class UsageLine(UsageSums):
    key: str
    title: str


class MonthForecast(Model):
    """The sum of this month when it is over."""

    expected: Decimal
    low: Decimal
    high: Decimal
    coverage: float
    days: int


class UsageReport(Model):
    """What models took and cost."""

    since: date
    until: date
    currency: str
    by: str
    total: UsageSums
    items: list[UsageLine]
    month: MonthForecast | None


class ModelCall(Model):
    """One call of a model, as the ledger has it."""

    id: UUID
    purpose: str
    agent: str
    person: str | None
    subject_kind: str
    subject: UUID | None
    provider: str
    model: str
    prompt: str
    status: str
    attempts: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    money: Decimal
    currency: str
    masked: dict[str, int]
    problem_code: str
    is_demo: bool
    created_at: datetime
    finished_at: datetime | None


class Budget(Model):
    """What may be spent on models, and who bears it."""

    id: UUID
    scope: str
    agent: str
    person: UUID | None
    period: str
    money: Decimal | None
    tokens: int | None
    warn_at: int


class BudgetSpending(Model):
    """What one bearer of a budget has spent in the period that is under way."""

    bearer: str
    money: Decimal
    tokens: int
    reserved_money: Decimal
    reserved_tokens: int
    percent: float
    level: str


class BudgetState(Model):
    """A budget as it stands."""

    starts: date
    anew: date
    currency: str
    spent: list[BudgetSpending]

"""What models cost, over the API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Self, get_args
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field, model_validator
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.budgets.selectors import currency_now
from apps.ai.models import ModelCall
from apps.ai.permissions import USAGE_VIEW
from apps.ai.usage import ledger
from apps.ai.usage.forecast import COVERAGE, Forecast
from apps.ai.usage.ledger import Totals, UsageFilter
from apps.ai.usage.periods import Span
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

By = Literal["day", "agent", "model", "person", "purpose", "subject"]
LONGEST = 366
"""Days of one question."""
_SUMS: dict[str, Any] = {
    "calls": 42, "money": "3.81200000", "tokens_input": 812000, "tokens_output": 96400, "failed": 1, "unknown": 0,
    "open": 0, "foreign": 0,
}  # fmt: skip
_LINE: dict[str, Any] = {"key": "example.outlier_finder", "title": "Outlier Finder", **_SUMS}
_FORECAST: dict[str, Any] = {"expected": "14.20", "low": "12.90", "high": "15.50", "coverage": 0.8, "days": 40}
_USAGE: dict[str, Any] = {
    "since": "2026-11-01", "until": "2026-11-20", "currency": "USD", "by": "agent", "total": _SUMS, "items": [_LINE],
    "month": _FORECAST,
}  # fmt: skip
_CALL: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566", "purpose": "explain", "agent": "example.outlier_finder",
    "person": "ana@acme.example", "subject_kind": "agents.run", "subject": "0192f3a4-b5c6-7d8e-9f00-112233445577",
    "provider": "Our own", "model": "small-instruct", "prompt": "explain@3", "status": "succeeded", "attempts": 1,
    "tokens_input": 1840, "tokens_cached": 1024, "tokens_output": 212, "money": "0.00538400", "currency": "USD",
    "masked": {"email": 2}, "problem_code": "", "is_demo": False, "created_at": "2026-11-20T16:40:00Z",
    "finished_at": "2026-11-20T16:40:03Z",
}  # fmt: skip


class UsageQuery(StrictModel):
    """What of the ledger is asked for."""

    since: date | None = None
    until: date | None = None
    by: By = "day"
    agent: str = Field(default="", max_length=100)
    model: str = Field(default="", max_length=200)
    person: UUID | None = None
    purpose: str = Field(default="", max_length=40)
    fields: str | None = None

    @model_validator(mode="after")
    def _days(self) -> Self:
        span = self.span
        if span.last < span.first:
            raise ValueError("until: It is before since.")
        if (span.last - span.first).days >= LONGEST:
            raise ValueError(f"since: Ask for {LONGEST} days at most.")
        if span.first.year < 1970 or span.last.year > 9000:
            raise ValueError("since: There was no such day here.")
        return self

    @property
    def span(self) -> Span:
        """The days asked for: of this month until today where nothing else is said."""
        last = self.until or timezone.now().astimezone(UTC).date()
        return Span(self.since or last.replace(day=1), last)

    @property
    def narrow(self) -> UsageFilter:
        return UsageFilter(self.agent, self.model, self.person, self.purpose)


class UsageSums(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_SUMS]})

    calls: int
    money: Decimal = Field(description="Of the calls in the currency of now.")
    tokens_input: int
    tokens_output: int
    failed: int
    unknown: int = Field(description="Calls whose end nobody knows: they count as they were reserved.")
    open: int = Field(description="Calls under way: they count as they are reserved.")
    foreign: int = Field(description="Calls in another currency, which `money` leaves out.")

    @classmethod
    def of(cls, totals: Totals) -> Self:
        return cls.model_validate(vars(totals))


class UsageLine(UsageSums):
    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    key: str = Field(description="The day, the agent's key, provider and model with a slash, the member's id, or such.")
    title: str


class MonthForecast(BaseModel):
    """The sum of this month when it is over, of everything."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FORECAST]})

    expected: Decimal
    low: Decimal
    high: Decimal
    coverage: float = Field(description="How likely it is that the sum lies between `low` and `high`.")
    days: int = Field(description="That it is made from.")

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        moneys = {
            name: Decimal(getattr(forecast, name)).quantize(Decimal("0.01")) for name in ("expected", "low", "high")
        }
        return cls(**moneys, coverage=COVERAGE, days=forecast.days)


class ModelUsage(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_USAGE]})

    since: date
    until: date
    currency: str
    by: By
    total: UsageSums
    items: list[UsageLine] = Field(description="Days in their order; else the dearest first, subjects the first 20.")
    month: MonthForecast | None = Field(description="Null until there are 14 whole days to tell from.")


class LedgerCall(BaseModel):
    """One call of a model, as the ledger has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALL]})

    id: UUID
    purpose: str
    agent: str
    person: str | None = Field(description="Address of the member for whom it was made; null: nobody.")
    subject_kind: str
    subject: UUID | None
    provider: str
    model: str
    prompt: str
    status: Literal["open", "succeeded", "failed", "unknown"]
    attempts: int
    tokens_input: int
    tokens_cached: int
    tokens_output: int
    money: Decimal
    currency: str
    masked: dict[str, int] = Field(description="How many values of each kind were masked before it left.")
    problem_code: str
    is_demo: bool
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, call: ModelCall) -> Self:
        lost = call.status == ModelCall.Status.OPEN and call.until < timezone.now()
        same = set(cls.model_fields) - {"agent", "person", "provider", "model", "status"}
        values = {name: getattr(call, name) for name in same}
        return cls(
            **values, agent=call.agent_key, person=call.user.email if call.user else None,
            provider=call.provider_name, model=call.model_name,
            status=ModelCall.Status.UNKNOWN if lost else call.status,
        )  # fmt: skip


def _parameter(name: str, description: str, schema: dict[str, Any]) -> OpenApiParameter:
    return OpenApiParameter(name, schema, description=description)


_DAY = {"type": "string", "format": "date", "examples": ["2026-11-01"]}
NARROWING = [
    _parameter("since", "First day, of UTC; the first of the month where it is left out.", _DAY),
    _parameter("until", "Last day; today where it is left out. A year at most.", _DAY),
    _parameter("agent", "Only calls for this agent.", {"type": "string", "examples": ["example.outlier_finder"]}),
    _parameter(
        "model", "Only calls of this model: provider and model.",
        {"type": "string", "examples": ["Our own/small-instruct"]},
    ),
    _parameter(
        "person", "Only calls for this member, by id.",
        {"type": "string", "format": "uuid", "examples": ["0192f3a4-b5c6-7d8e-9f00-112233445566"]},
    ),
    _parameter("purpose", "Only calls for this.", {"type": "string", "examples": ["explain"]}),
]  # fmt: skip


class UsageView(ApiView):
    permission = {"GET": USAGE_VIEW}

    @extend_schema(
        operation_id="model_usage_get",
        tags=["model usage"],
        parameters=[
            _parameter("by", "What the sums are of.", {"type": "string", "enum": list(get_args(By)), "default": "day"}),
            *NARROWING,
        ],
        responses={200: ModelUsage},
    )
    def get(self, request: Request) -> Response:
        """What models took and cost, by day, agent, model, person, purpose or what it was for."""
        asked, currency = self.query(UsageQuery), currency_now()
        how: dict[str, Any] = {"who": self.who, "span": asked.span, "narrow": asked.narrow, "currency": currency}
        lines = ledger.BY[asked.by](**how)
        total = UsageSums.of(ledger.usage_totals(**how))
        month = ledger.usage_outlook(who=self.who, currency=currency).money
        items = [UsageLine(key=each.key, title=each.title, **vars(each.totals)) for each in lines]
        return self.answer(
            ModelUsage(
                since=asked.span.first, until=asked.span.last, currency=currency, by=asked.by, total=total,
                items=items, month=MonthForecast.of(month) if month else None,
            )
        )  # fmt: skip


class CallsQuery(UsageQuery):
    """A page of the ledger."""

    cursor: str | None = None
    limit: str | None = None
    order: str | None = None


class CallList(ApiView):
    permission = {"GET": USAGE_VIEW}

    @extend_schema(
        operation_id="model_usage_calls",
        tags=["model usage"],
        parameters=[*NARROWING, *PAGE_PARAMETERS],
        responses={200: Page[LedgerCall]},
    )
    def get(self, request: Request) -> Response:
        """The calls of models, newest first. What was sent and answered is not told here."""
        asked = self.query(CallsQuery)
        return self.page(ledger.calls_query(who=self.who, span=asked.span, narrow=asked.narrow), LedgerCall.of)

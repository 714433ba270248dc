"""The ledger of calls added up: by day, agent, model, person, purpose and what it was for.

A call counts from the moment it is reserved, by what it may take; once it has ended, by what it took. Sums of money are
those of the currency of now; calls in another one are counted, and said to be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.accounts.models import User
from apps.ai.askers import askers_of
from apps.ai.budgets.periods import begin_of
from apps.ai.models import ModelCall
from apps.ai.permissions import USAGE_VIEW
from apps.ai.usage.forecast import LEAST, MOST, Forecast, month_forecast
from apps.ai.usage.periods import Span
from apps.ai.usage.subjects import SUBJECTS, Subject
from apps.common.permissions import Principal, demand

PURPOSES: Final[Mapping[str, str]] = {
    "explain": "Explanations",
    "answer": "Answers to questions",
    "draft": "Drafts",
    "fill": "Requests in words",
    "agent": "Custom agents",
    "test": "Tests of prompts and connections",
}
TOP: Final = 10
"""Lines of a table of shares; the others are one line together."""
SUBJECTS_SHOWN: Final = 20


@dataclass(frozen=True)
class UsageFilter:
    """What the ledger is narrowed to; empty: everything."""

    agent: str = ""
    model: str = ""
    """Provider and model as the ledger has them, with a slash between."""
    person: UUID | None = None
    purpose: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def apply(self, calls: QuerySet[ModelCall]) -> QuerySet[ModelCall]:
        if self.agent:
            calls = calls.filter(agent_key=self.agent)
        if self.model:
            provider, _, model = self.model.partition("/")
            calls = calls.filter(provider_name=provider, model_name=model)
        if self.person is not None:
            calls = calls.filter(user=self.person)
        return calls.filter(purpose=self.purpose) if self.purpose else calls


@dataclass(frozen=True)
class Totals:
    """Of some calls."""

    calls: int = 0
    money: Decimal = Decimal(0)
    tokens_input: int = 0
    tokens_output: int = 0
    failed: int = 0
    unknown: int = 0
    """Whose end is not known: they count as they were reserved."""
    open: int = 0
    foreign: int = 0
    """In another currency: `money` leaves them out."""

    @property
    def tokens(self) -> int:
        return self.tokens_input + self.tokens_output

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True)
class Line:
    """The calls of one day, agent, model, person, purpose or subject."""

    key: str
    title: str
    totals: Totals
    url: str = ""


def calls_query(*, who: Principal, span: Span, narrow: UsageFilter) -> QuerySet[ModelCall]:
    """The calls of some days, newest first."""
    demand(who, USAGE_VIEW)
    begin, end = begin_of(span.first), begin_of(span.last + timedelta(days=1))
    calls = ModelCall.objects.filter(created_at__gte=begin, created_at__lt=end)
    return narrow.apply(calls).select_related("user").defer("sent", "answered", "problem")


def usage_totals(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> Totals:
    (found,) = _sums(calls_query(who=who, span=span, narrow=narrow), (), currency)
    return _totals(found)


def usage_by_day(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    """A line for each day, also for those without calls."""
    calls = calls_query(who=who, span=span, narrow=narrow).annotate(day=TruncDate("created_at", tzinfo=UTC))
    found = {each["day"]: _totals(each) for each in _sums(calls, ("day",), currency)}
    return [Line(day.isoformat(), day.isoformat(), found.get(day, Totals())) for day in span.days]


def usage_by_agent(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    found = _sums(calls_query(who=who, span=span, narrow=narrow), ("agent_key",), currency)
    agents = askers_of(who)
    return [
        _line(each, key, agents[key].title if key in agents else key or "No agent")
        for each in found
        for key in [each["agent_key"]]
    ]


def usage_by_model(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    found = _sums(calls_query(who=who, span=span, narrow=narrow), ("provider_name", "model_name"), currency)
    return [
        _line(each, f"{each['provider_name']}/{each['model_name']}", f"{each['model_name']} · {each['provider_name']}")
        for each in found
    ]


def usage_by_person(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    found = _sums(calls_query(who=who, span=span, narrow=narrow), ("user_id",), currency)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=[each["user_id"] for each in found])}
    return [
        _line(each, str(key or ""), names.get(key, "Nobody: triggers and background work"))
        for each in found
        for key in [each["user_id"]]
    ]


def usage_by_purpose(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    found = _sums(calls_query(who=who, span=span, narrow=narrow), ("purpose",), currency)
    return [_line(each, key := each["purpose"], PURPOSES.get(key, key)) for each in found]


def usage_by_subject(*, who: Principal, span: Span, narrow: UsageFilter, currency: str) -> list[Line]:
    """What cost most of what calls were for, such as runs, with where it is found."""
    calls = calls_query(who=who, span=span, narrow=narrow).exclude(subject=None)
    found = _sums(calls, ("subject_kind", "subject"), currency, most=SUBJECTS_SHOWN)
    named: dict[tuple[str, UUID], Subject] = {}
    for kind in SUBJECTS:
        keys = [each["subject"] for each in found if each["subject_kind"] == kind.kind]
        if keys and who.can(kind.permission):
            named |= {(kind.kind, key): subject for key, subject in kind.subjects(keys).items()}
    return [
        _line(each, f"{key[0]}/{key[1]}", subject.title, subject.url)
        for each in found
        for key in [(each["subject_kind"], each["subject"])]
        for subject in [named.get(key) or Subject(_nameless(key[0]), "")]
    ]


BY: Final = {
    "day": usage_by_day,
    "agent": usage_by_agent,
    "model": usage_by_model,
    "person": usage_by_person,
    "purpose": usage_by_purpose,
    "subject": usage_by_subject,
}


@dataclass(frozen=True)
class Outlook:
    """The month to its end: of everything, and of each agent that has enough days."""

    money: Forecast | None
    tokens: Forecast | None
    agents: Mapping[str, tuple[Forecast | None, Forecast | None]]
    """Money and tokens by agent."""
    missing: int = 0
    """Days that are to pass until there is one; 0: there is, or nothing was ever spent."""


def usage_outlook(*, who: Principal, currency: str) -> Outlook:
    """What this month will have cost: two statements."""
    today = timezone.now().astimezone(UTC).date()
    began = ModelCall.objects.order_by("created_at").values_list("created_at", flat=True).first()
    span = Span(min(today.replace(day=1), today - timedelta(days=MOST)), today)
    calls = calls_query(who=who, span=span, narrow=UsageFilter())
    rows = _sums(calls.annotate(day=TruncDate("created_at", tzinfo=UTC)), ("day", "agent_key"), currency)
    if began is None:
        return Outlook(None, None, {})
    every = _forecasts(rows, began, today)
    agents = {
        key: _forecasts([each for each in rows if each["agent_key"] == key], began, today)
        for key in sorted({each["agent_key"] for each in rows} - {""})
    }
    whole = (today - began.astimezone(UTC).date()).days
    return Outlook(*every, agents, missing=0 if every[0] else max(0, LEAST - whole))


def _forecasts(
    rows: Sequence[Mapping[str, Any]], began: datetime, today: date
) -> tuple[Forecast | None, Forecast | None]:
    """Of money and of tokens."""
    moneys, tokens = dict[date, float](), dict[date, float]()
    for each in rows:
        moneys[each["day"]] = moneys.get(each["day"], 0.0) + float(each["money"] or 0)
        tokens[each["day"]] = tokens.get(each["day"], 0.0) + each["input"] + each["output"]
    first = began.astimezone(UTC).date()
    return month_forecast(moneys, first=first, today=today), month_forecast(tokens, first=first, today=today)


def usage_rows(*, who: Principal, span: Span, narrow: UsageFilter) -> list[dict[str, Any]]:
    """The ledger as a table for accounts: a row for each day, agent, model, person, purpose and currency."""
    calls = calls_query(who=who, span=span, narrow=narrow).select_related(None).defer(None).order_by()
    by = {
        "day": TruncDate("created_at", tzinfo=UTC), "agent": F("agent_key"), "provider": F("provider_name"),
        "model_called": F("model_name"), "person": F("user__email"),
    }  # fmt: skip
    names = (*by, "purpose", "currency")
    sums = calls.annotate(**by).values(*names).annotate(
        calls=Count("id"), failed=Count("id", filter=Q(status=ModelCall.Status.FAILED)),
        input=Sum("tokens_input"), cached=Sum("tokens_cached"), output=Sum("tokens_output"), cost=Sum("money"),
    )  # fmt: skip
    return list(sums.order_by(*names))


def _sums(
    calls: QuerySet[ModelCall], by: Sequence[str], currency: str, most: int | None = None
) -> list[Mapping[str, Any]]:
    """Sums of the calls that have the same values in these columns, the dearest first; without columns one row."""
    lost = Q(status=ModelCall.Status.OPEN, until__lt=timezone.now())
    sums: dict[str, Any] = {
        "calls": Count("id"),
        "money": Sum(Case(When(currency=currency, then=F("money")))),
        "input": Sum("tokens_input", default=0),
        "output": Sum("tokens_output", default=0),
        "failed": Count("id", filter=Q(status=ModelCall.Status.FAILED)),
        "unknown": Count("id", filter=lost | Q(status=ModelCall.Status.UNKNOWN)),
        "open": Count("id", filter=Q(status=ModelCall.Status.OPEN) & ~lost),
        "foreign": Count("id", filter=~Q(currency=currency)),
    }
    calls = calls.select_related(None).defer(None)
    if not by:
        return [calls.order_by().aggregate(**sums)]
    found = calls.order_by().values(*by).annotate(**sums).order_by(F("money").desc(nulls_last=True), "-input", *by)
    return list(found[:most] if most else found)


def _totals(row: Mapping[str, Any]) -> Totals:
    return Totals(
        row["calls"], row["money"] or Decimal(0), row["input"], row["output"], row["failed"], row["unknown"],
        row["open"], row["foreign"],
    )  # fmt: skip


def _line(row: Mapping[str, Any], key: str, title: str, url: str = "") -> Line:
    return Line(key, title, _totals(row), url)


def _nameless(kind: str) -> str:
    known = SUBJECTS.get(kind)
    return f"{known.noun if known else 'Something'} that you may not see, or that is gone"

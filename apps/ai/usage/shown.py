"""The page of usage and cost, made of the ledger: figures, a chart of days, and tables of shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from apps.ai.budgets import words
from apps.ai.usage import ledger
from apps.ai.usage.forecast import COVERAGE, LEAST
from apps.ai.usage.ledger import TOP, Line, Outlook, Totals, UsageFilter
from apps.ai.usage.periods import MONTH, PERIODS, Period, Span
from apps.common import formats
from apps.common.permissions import Principal
from apps.common.widgets import Bar, BarWidget, SeriesLine

Measure = Literal["money", "tokens"]
DIMENSIONS: Final = {"agent": "Agent", "model": "Model", "person": "Person", "purpose": "Purpose"}


@dataclass(frozen=True)
class Looked:
    """What of the ledger somebody looks at: as the query string of the page has it."""

    period: Period
    narrow: UsageFilter
    measure: Measure

    @classmethod
    def of(cls, query: QueryDict) -> Looked:
        """Of what is not known the usual is taken: a link of long ago still shows a page."""
        try:
            person = UUID(str(query["person"])) if query.get("person") else None
        except ValueError:
            person = None
        narrow = UsageFilter(
            query.get("agent", "")[:100], query.get("model", "")[:200], person, query.get("purpose", "")[:40]
        )
        measure: Measure = "tokens" if query.get("show") == "tokens" else "money"
        return cls(PERIODS.get(query.get("period", ""), MONTH), narrow, measure)

    @classmethod
    def of_month(cls) -> Looked:
        """This month's cost, of everything."""
        return cls(MONTH, UsageFilter(), "money")

    @property
    def query(self) -> str:
        """The query string that says it, without what is usual."""
        values = {name: str(getattr(self.narrow, name) or "") for name in DIMENSIONS}
        values |= {"period": self.period.key if self.period is not MONTH else ""}
        values |= {"show": self.measure if self.measure != "money" else ""}
        return urlencode({name: value for name, value in values.items() if value})

    def narrowed(self, dimension: str, value: str) -> str:
        """The query string of the same, narrowed; an empty value widens it again."""
        changed: Any = (UUID(value) if value else None) if dimension == "person" else value
        return replace(self, narrow=replace(self.narrow, **{dimension: changed})).query


@dataclass(frozen=True)
class Share:
    """A line of a table, with its part of the whole."""

    line: Line
    percent: float
    query: str = ""
    """Narrows the page to it; empty: there is nothing to narrow to."""


@dataclass(frozen=True)
class Shares:
    """A table of who or what took how much."""

    key: str
    title: str
    rows: list[Share]
    others: Share | None
    """All lines after the first ones, together."""


@dataclass(frozen=True)
class Shown:
    looked: Looked
    currency: str
    span: Span
    totals: Totals
    change: str
    """How the measure has moved since the period before; empty where nothing was then."""
    trend: str
    chart: BarWidget
    tables: list[Shares]
    subjects: list[Line]
    narrowed: list[tuple[str, str, str]]
    """(what, its value in words, the query string without it) for each filter."""


def usage_shown(*, who: Principal, looked: Looked, currency: str) -> Shown:
    """All that the page shows of a period: a fixed number of statements."""
    now, before = looked.period.spans(timezone.now().astimezone(UTC).date())
    how: dict[str, Any] = {"who": who, "narrow": looked.narrow, "currency": currency}
    days, days_before = ledger.usage_by_day(span=now, **how), ledger.usage_by_day(span=before, **how)
    totals = sum_of(days)
    lines = {name: ledger.BY[name](span=now, **how) for name in DIMENSIONS}
    change, trend = _moved(_figure(totals, looked.measure), _figure(sum_of(days_before), looked.measure))
    return Shown(
        looked, currency, now, totals, change, trend,
        chart=_chart(days, days_before, looked, currency),
        tables=[_shares(name, lines[name], totals, looked) for name in DIMENSIONS],
        subjects=ledger.usage_by_subject(span=now, **how),
        narrowed=list(_narrowed(looked, lines)),
    )  # fmt: skip


def spend_moved(*, who: Principal, looked: Looked, currency: str) -> dict[str, Any]:
    """The totals of a period, and how they have moved: two statements."""
    spans = looked.period.spans(timezone.now().astimezone(UTC).date())
    totals, before = (
        ledger.usage_totals(who=who, span=span, narrow=looked.narrow, currency=currency) for span in spans
    )
    change, trend = _moved(_figure(totals, looked.measure), _figure(before, looked.measure))
    return {"totals": totals, "change": change, "trend": trend}


def sum_of(lines: Sequence[Line]) -> Totals:
    found = Totals()
    for line in lines:
        found = found + line.totals
    return found


def expected(outlook: Outlook, currency: str) -> dict[str, str]:
    """What the month will have cost, in words: its figure, its interval, and from what."""
    forecast = outlook.money
    if forecast is None:
        if not outlook.missing:
            return {"value": formats.NOTHING, "said": "nothing has been spent yet"}
        days = "day" if outlook.missing == 1 else "days"
        return {"value": formats.NOTHING, "said": f"after {outlook.missing} more {days}: it takes {LEAST}"}
    low, high = (words.money(Decimal(each), currency) for each in (forecast.low, forecast.high))
    return {
        "value": words.money(Decimal(forecast.expected), currency),
        "said": f"{low} to {high}, {COVERAGE:.0%} likely",
    }


def _chart(days: Sequence[Line], before: Sequence[Line], looked: Looked, currency: str) -> BarWidget:
    """A bar for each day, with the period before as a line over it, day by day."""
    names = [formats.day(date.fromisoformat(day.key))[:-5] for day in days]
    figures = [float(_figure(day.totals, looked.measure)) for day in days]
    then = [float(_figure(day.totals, looked.measure)) for day in before][: len(days)]
    then_padded: list[float | None] = [*then, *[None] * (len(days) - len(then))]
    unit = f" {currency}" if looked.measure == "money" else " tokens"
    summary = f"{_said(sum_of(days), looked, currency)} in {len(days)} days."
    if any(figures):
        most = max(range(len(days)), key=figures.__getitem__)
        summary += f" Most on {names[most]}: {_said(days[most].totals, looked, currency)}."
    lines = [SeriesLine(name=looked.period.before.capitalize(), style="dashed", values=then_padded)]
    return BarWidget(
        title="By day", heading="Day", periods=names,
        bars=[Bar(name=looked.period.title, values=list(figures))], lines=lines if any(then) else [],
        unit=unit, summary=summary,
    )  # fmt: skip


def _shares(name: str, lines: Sequence[Line], totals: Totals, looked: Looked) -> Shares:
    whole = _figure(totals, looked.measure)
    ordered = sorted(lines, key=lambda line: (-_figure(line.totals, looked.measure), line.title))
    chosen = bool(getattr(looked.narrow, name))

    def share(line: Line) -> Share:
        percent = float(100 * _figure(line.totals, looked.measure) / whole) if whole else 0.0
        return Share(line, percent, looked.narrowed(name, line.key) if line.key and not chosen else "")

    first, rest = ordered[:TOP], ordered[TOP:]
    others = share(Line("", f"{len(rest)} others", sum_of(rest))) if rest else None
    return Shares(name, f"By {DIMENSIONS[name].lower()}", [share(line) for line in first], others)


def _narrowed(looked: Looked, lines: Mapping[str, Sequence[Line]]) -> Any:
    for name, title in DIMENSIONS.items():
        value = str(getattr(looked.narrow, name) or "")
        if value:
            said = next((line.title for line in lines[name] if line.key == value), value)
            yield title, said, looked.narrowed(name, "")


def _figure(totals: Totals, measure: Measure) -> Decimal:
    return totals.money if measure == "money" else Decimal(totals.tokens)


def _said(totals: Totals, looked: Looked, currency: str) -> str:
    if looked.measure == "money":
        return words.money(totals.money, currency)
    return f"{formats.number(totals.tokens)} tokens"


def _moved(now: Decimal, before: Decimal) -> tuple[str, str]:
    """The change in percent, and the icon of its direction."""
    if not before:
        return "", ""
    percent = float(100 * (now - before) / before)
    if abs(percent) < 0.05:
        return "no change", ""
    text = f"{formats.number(abs(percent), 1 if abs(percent) < 100 else 0)}\N{NO-BREAK SPACE}%"
    return text, "trending-up" if percent > 0 else "trending-down"

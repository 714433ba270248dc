"""From a table of text to a panel of series: which column is what, how often, and what is wrong with it.

Three layouts are read: long (item, period, quantity in one row each), wide by row (an item per row, periods as columns,
also V2..Vn without dates), wide by column (a period column and one column per item).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from apps.common.errors import InvalidInput, Issue

from .metrics import Values

if TYPE_CHECKING:
    import polars

Frequency = Literal["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "index"]
Layout = Literal["long", "wide_rows", "wide_columns"]
ROW = "__row__"
MOST_SERIES = 5_000
MOST_ISSUES = 20
FORMATS = {
    "2024-12-31": "%Y-%m-%d", "2024-12-31 23:00": "%Y-%m-%d %H:%M", "2024-12-31 23:00:00": "%Y-%m-%d %H:%M:%S",
    "2024-12-31T23:00:00": "%Y-%m-%dT%H:%M:%S", "2024-12": "%Y-%m", "2024/12/31": "%Y/%m/%d", "31.12.2024": "%d.%m.%Y",
    "12/31/2024": "%m/%d/%Y", "31/12/2024": "%d/%m/%Y", "31-12-2024": "%d-%m-%Y",
}  # fmt: skip
NAMES = {
    "item": ("item", "sku", "product", "article", "series", "unique_id", "item_id", "product_id", "id", "store", "name"),
    "period": ("period", "date", "week", "month", "day", "ds", "time", "timestamp", "datetime", "year"),
    "quantity": ("quantity", "qty", "sales", "demand", "units", "value", "y", "volume", "amount", "sold"),
}
HOURS: dict[Frequency, float] = {
    "hourly": 1, "daily": 24, "weekly": 168, "monthly": 730.5, "quarterly": 2191.5, "yearly": 8766,
}  # fmt: skip


@dataclass(frozen=True)
class Series:
    """One series, oldest value first. `filled` counts the periods that were missing and were taken as zero."""

    item: str
    periods: list[str]
    values: Values
    filled: int = 0


@dataclass(frozen=True)
class Panel:
    series: list[Series]
    layout: Layout
    frequency: Frequency
    roles: dict[str, str]
    choices: dict[str, list[str]] = field(default_factory=dict)
    date_format: str = ""


def read(frame: polars.DataFrame, roles: dict[str, str] | None = None, frequency: str = "auto") -> Panel:
    """The panel in `frame`. Raises `InvalidInput` whose issues name the row and the column.

    A period that a series skips between its first and its last counts as zero demand; so does an empty quantity.
    """
    roles = dict(roles or {})
    columns = [name for name in frame.columns if name != ROW]
    if not frame.height or not columns:
        raise InvalidInput("The table holds no rows.", remedy="Upload a file with a header line and at least one row.")
    for role, name in roles.items():
        if name not in columns:
            message = f"There is no column “{name}” for the {role}. Columns: {', '.join(columns[:12])}."
            raise InvalidInput(message, remedy="Choose one of these columns.", issues=[Issue(message=message, column=name)])
    layout = _layout(frame, columns, roles)
    taken = set(roles.values())
    for role in ("item", "period", "quantity"):
        known = {c.strip().lower().replace(" ", "_"): c for c in columns if c not in taken}
        found = next((known[name] for name in NAMES[role] if name in known), "")
        if role not in roles and found and _wanted(role, layout):
            roles[role] = found
            taken.add(found)
    if layout == "wide_rows":
        roles.setdefault("item", columns[0])
    missing = [role for role in ("item", "period", "quantity") if _wanted(role, layout) and role not in roles]
    if layout == "long" and missing == ["item"]:
        missing = []
    if missing:
        message = f"No column was found for: {', '.join(missing)}. Columns: {', '.join(columns[:12])}."
        raise InvalidInput(message, remedy="Say which column it is, or add it to the file.", issues=[Issue(message=message)])
    cells = list(_cells(frame, columns, layout, roles))
    return _panel(cells, layout, roles, columns, frequency)


@dataclass(frozen=True)
class _Cell:
    item: str
    period: str
    text: str
    row: int
    column: str


def _wanted(role: str, layout: Layout) -> bool:
    return {"long": True, "wide_rows": role == "item", "wide_columns": role == "period"}[layout]


def _layout(frame: polars.DataFrame, columns: list[str], roles: dict[str, str]) -> Layout:
    if "quantity" in roles:
        return "long"
    lower = {c.strip().lower() for c in columns}
    dated = sum(_format_of(c) is not None or bool(re.fullmatch(r"[VvTtwW]?\d+", c)) for c in columns)
    if dated >= max(1, len(columns) - 3) and len(columns) > 1:
        return "wide_rows"
    if lower & set(NAMES["period"]) and not lower & set(NAMES["quantity"]) and len(columns) > 1:
        return "wide_columns"
    return "long"


def _cells(frame: polars.DataFrame, columns: list[str], layout: Layout, roles: dict[str, str]):  # type: ignore[no-untyped-def]
    item, period, quantity = roles.get("item", ""), roles.get("period", ""), roles.get("quantity", "")
    for number, row in enumerate(frame.iter_rows(named=True)):
        line = int(row.get(ROW) or number + 1)
        text = {c: "" if row[c] is None else str(row[c]).strip() for c in columns}
        if layout == "long":
            yield _Cell(text[item] if item else "All", text[period], text[quantity], line, quantity)
        elif layout == "wide_columns":
            yield from (_Cell(c, text[period], text[c], line, c) for c in columns if c != period)
        else:
            ends = [c for c in columns if c != item]
            while ends and not text[ends[-1]]:
                ends.pop()
            yield from (_Cell(text[item], c, text[c], line, c) for c in ends)


def _format_of(text: str) -> str | None:
    for example, pattern in FORMATS.items():
        try:
            datetime.strptime(text, pattern)
        except ValueError:
            continue
        return example
    return None


def _refuse(issues: list[Issue], what: str, remedy: str) -> None:
    if issues:
        raise InvalidInput(f"{what}: {issues[0].message}", remedy=remedy, issues=issues[:MOST_ISSUES])


def _number(text: str) -> float | None:
    try:
        value = float(text or 0)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _panel(cells: list[_Cell], layout: Layout, roles: dict[str, str], columns: list[str], frequency: str) -> Panel:
    bad = [c for c in cells if _number(c.text) is None]
    _refuse(
        [Issue(message=f"Row {c.row}, column “{c.column}”: “{c.text[:40]}” is not a number.", row=c.row, column=c.column)
         for c in bad[:MOST_ISSUES]],
        "Text among the numbers", "Correct these cells, or leave them empty where nothing was sold.",
    )  # fmt: skip
    if len({c.item for c in cells}) > MOST_SERIES:
        raise InvalidInput(
            f"The table holds {len({c.item for c in cells}):,} series; at most {MOST_SERIES:,} are forecast at a time.",
            remedy="Split the file, or check that the item column is the right one.",
        )
    plain = layout == "wide_rows" and all(_format_of(p) is None for p in {c.period for c in cells[:50]})
    style = "" if plain else _one_format(cells, roles)
    groups: dict[str, dict[datetime | int, float]] = {}
    twice: list[Issue] = []
    order = {name: place for place, name in enumerate(columns)}
    parsed: dict[str, datetime | int] = {}
    for c in cells:
        if c.period not in parsed:
            parsed[c.period] = datetime.strptime(c.period, FORMATS[style]) if style else order.get(c.period) or _index(c)
        values = groups.setdefault(c.item, {})
        if parsed[c.period] in values:
            message = f"Row {c.row}: “{c.item}” has the period {c.period} twice."
            twice.append(Issue(message=message, row=c.row, column=roles.get("period")))
        values[parsed[c.period]] = _number(c.text) or 0.0
    _refuse(twice, "Duplicate periods", "Add the rows of a period together, or remove the ones that are too many.")
    chosen: Frequency = frequency if frequency != "auto" else _frequency(groups) if style else "index"  # type: ignore[assignment]
    made = [_series(item, values, chosen, bool(style)) for item, values in groups.items()]
    return Panel(made, layout, chosen, roles, {role: columns for role in roles}, style)


def _index(cell: _Cell) -> int:
    try:
        return int(cell.period)
    except ValueError:
        message = f"Row {cell.row}: “{cell.period[:40]}” is not a period."
        raise InvalidInput(message, remedy="Write dates as 2024-12-31.", issues=[Issue(message=message, row=cell.row)]) from None


def _one_format(cells: list[_Cell], roles: dict[str, str]) -> str:
    """The one date format that reads every period; empty when they are whole numbers."""
    periods = {c.period: c for c in reversed(cells)}
    if all(re.fullmatch(r"-?\d+", p) for p in periods):
        return ""
    best, misses = "", list(periods.values())
    for example, pattern in FORMATS.items():
        missed = [c for p, c in periods.items() if not _reads(p, pattern)]
        if not missed:
            return example
        if len(missed) < len(misses):
            best, misses = example, missed
    column = roles.get("period")
    _refuse(
        [Issue(message=f"Row {c.row}, column “{column}”: “{c.period[:40]}” is not written like {best or 'a date'}.",
               row=c.row, column=column) for c in sorted(misses, key=lambda c: c.row)],
        "Mixed date formats", "Write every date the same way, best as 2024-12-31.",
    )  # fmt: skip
    return best


def _reads(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def _frequency(groups: dict[str, dict[datetime | int, float]]) -> Frequency:
    """The frequency whose length is nearest, by ratio, to the most usual distance between neighbouring periods."""
    gaps = [
        (b - a).total_seconds() / 3600  # type: ignore[operator, union-attr]
        for values in list(groups.values())[:200]
        for a, b in zip(sorted(values), sorted(values)[1:], strict=False)  # type: ignore[type-var]
    ]
    usual = float(np.median(gaps)) if gaps else 168.0
    return min(HOURS, key=lambda name: abs(np.log(HOURS[name] / usual)))


def _place(when: datetime | int, frequency: Frequency) -> int:
    """Number of the period that holds `when`, so that neighbours differ by one."""
    if isinstance(when, int):
        return when
    months = when.year * 12 + when.month - 1
    if frequency in ("monthly", "quarterly", "yearly"):
        return months // {"monthly": 1, "quarterly": 3, "yearly": 12}[frequency]
    hours = int((when - datetime(1970, 1, 1)).total_seconds() // 3600)
    return hours if frequency == "hourly" else hours // 24


def _series(item: str, values: dict[datetime | int, float], frequency: Frequency, dated: bool) -> Series:
    times = sorted(values)  # type: ignore[type-var]
    stride = 7 if frequency == "weekly" and dated else 1
    places = [round((_place(t, frequency) - _place(times[0], frequency)) / stride) for t in times]
    filled = np.zeros(places[-1] + 1)
    np.add.at(filled, places, [values[t] for t in times])
    labels = label_periods(times[0], frequency, len(filled))
    return Series(item, labels, filled, len(filled) - len(set(places)))


def label_periods(start: datetime | int, frequency: Frequency, count: int) -> list[str]:
    """Labels of `count` periods from `start`: ISO dates, or plain numbers where the data has no dates."""
    if isinstance(start, int):
        return [str(start + n) for n in range(count)]
    months = {"monthly": 1, "quarterly": 3, "yearly": 12}.get(frequency)
    if months:
        spots = [start.year * 12 + start.month - 1 + n * months for n in range(count)]
        return [date(s // 12, s % 12 + 1, 1).isoformat() for s in spots]
    each = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}.get(frequency, timedelta(weeks=1))
    moments = [start + n * each for n in range(count)]
    return [m.isoformat(timespec="minutes") if frequency == "hourly" else m.date().isoformat() for m in moments]


def periods_after(last: str, frequency: Frequency, count: int) -> list[str]:
    """Labels of the `count` periods that follow the label `last`."""
    start = int(last) if re.fullmatch(r"-?\d+", last) else datetime.fromisoformat(last)
    return label_periods(start, frequency, count + 1)[1:]

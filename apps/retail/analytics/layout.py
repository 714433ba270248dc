"""Which column of a table is what: its layout, and the columns of item, period and quantity, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from apps.common import numbers
from apps.common.errors import InvalidInput, Issue

from . import periods

if TYPE_CHECKING:
    import polars

Layout = Literal["long", "periods across", "items across"]
AskedLayout = Literal["auto", "long", "periods across", "items across"]
ROW = "__row__"
PLUS = " + "
"""Joins the names of columns that name an item together, as in ``store + sku``."""
LOOK = 1_000
"""Rows that are looked at to tell what a column holds."""
NEAR = 40
"""Columns among which a date is looked for when none has the name of one."""
NAMES = {
    "item": ("item", "sku", "product", "article", "series", "unique_id", "item_id", "product_id", "material", "part",
             "part_number", "id", "store", "name", "key"),
    "period": ("period", "date", "week", "month", "quarter", "day", "ds", "time", "timestamp", "datetime", "year",
               "order_date"),
    "quantity": ("quantity", "qty", "sales", "demand", "units", "value", "y", "volume", "amount", "sold", "target",
                 "units_sold", "unit_sales"),
}  # fmt: skip
ROLES = {"long": ("item", "period", "quantity"), "periods across": ("item",), "items across": ("period",)}


@dataclass
class Plan:
    """How a table is to be read. `roles` names the columns; `why` holds the reason by role and for ``layout``."""

    layout: Layout
    columns: list[str]
    roles: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        """The columns that name an item together; none where the table holds one unnamed series."""
        name = self.roles.get("item", "")
        return [name] if name in self.columns else [part for part in name.split(PLUS) if part]

    @cached_property
    def across(self) -> list[str]:
        """The columns that hold quantities in a wide table: those named like periods where there are such."""
        taken = {*self.items, self.roles.get("period", "")}
        free = [name for name in self.columns if name not in taken]
        if self.layout == "periods across":
            dated = [name for name in free if periods.is_period(name)]
            return dated if len(dated) >= 2 else [name for name in free if is_counted(name)] or free
        return free


def plan(frame: polars.DataFrame, roles: dict[str, str], layout: Layout | Literal["auto"] = "auto") -> Plan:
    """Tell what the columns of `frame` are; `roles` and `layout` overrule. Raises `InvalidInput` naming columns."""
    columns = [name for name in frame.columns if name != ROW]
    known = {role: name for role, name in roles.items() if name}
    _refuse_unknown(known, columns)
    kinds = _Kinds(frame)
    made = (
        _layout(columns, kinds, known) if layout == "auto" else Plan(layout, columns, why={"layout": "As you chose."})
    )
    wanted = ROLES[made.layout]
    for role, name in known.items():
        if role in wanted:
            made.roles[role], made.why[role] = name, "As you chose."
    for role in ("period", "quantity", "item"):
        if role in wanted and role not in made.roles:
            _find(made, role, kinds)
    missing = [role for role in wanted if role not in made.roles and role != "item"]
    if missing:
        message = f"No column was found for the {' and the '.join(missing)}. Columns: {_some(columns)}."
        remedy = "Say which column it is, or add it to the file, with a name in the first row."
        raise InvalidInput(
            message, remedy=remedy, issues=[Issue(path=f"history.columns.{r}", message=message) for r in missing]
        )
    if made.layout == "long" and "item" in made.roles and "item" not in known:
        _widen_item(frame, made, kinds)
    if not made.across and made.layout != "long":
        raise InvalidInput(
            f"The table has no column of quantities beside “{columns[0]}”.",
            remedy="Add a column for each period or item, or use the columns item, period and quantity.",
            issues=[Issue(message="No quantities stand beside this column.", column=columns[0])],
        )
    return made


def is_counted(name: str) -> bool:
    """Whether a column is named by a number, perhaps behind a letter: ``V2``, ``Week 7``, ``13``."""
    return re.fullmatch(r"[A-Za-z_. ]{0,8}\d+", name) is not None


def _refuse_unknown(roles: dict[str, str], columns: list[str]) -> None:
    issues = [
        Issue(
            path=f"history.columns.{role}", message=f"There is no role “{role}”; there are item, period and quantity."
        )
        for role in roles
        if role not in NAMES
    ]
    issues += [
        Issue(path=f"history.columns.{role}", message=f"There is no column “{part}” for the {role}.", column=part)
        for role, name in roles.items()
        for part in ([name] if role != "item" or name in columns else name.split(PLUS))
        if part not in columns
    ]
    if issues:
        raise InvalidInput(
            f"{issues[0].message} Columns: {_some(columns)}.", remedy="Choose one of these columns.", issues=issues[:20]
        )


def _some(columns: list[str]) -> str:
    return ", ".join(columns[:12]) + (f" and {len(columns) - 12:,} more" if len(columns) > 12 else "")


class _Kinds(dict[str, str]):
    """What most cells of a column are, looked at when it is asked for: ``date``, ``number``, ``text`` or ``empty``."""

    def __init__(self, frame: polars.DataFrame) -> None:
        super().__init__()
        self.frame = frame

    def __missing__(self, name: str) -> str:
        self[name] = _kind(self.frame[name].head(LOOK))
        return self[name]


def _kind(cells: polars.Series) -> str:
    if cells.dtype.is_temporal():
        return "date"
    if cells.dtype.is_numeric():
        return "number"
    held = cells.cast(str).str.strip_chars().drop_nulls()
    held = held.filter(held != "").unique(maintain_order=True).head(100)
    if not len(held):
        return "empty"
    if not held.str.contains(r"[^\d.+-]|\d[-.]\d+[-.]|\d-|^\d{6,8}$").any():  # no date could be among them
        return "number"
    found = periods.read(held)
    if found.dated and found.misses.mean() < 0.5 and found.style.frequency != "yearly":  # type: ignore[operator]
        return "date"
    return "number" if numbers.read(held).bad.mean() < 0.5 else "text"  # type: ignore[operator]


def _layout(columns: list[str], kinds: _Kinds, roles: dict[str, str]) -> Plan:
    dated = [name for name in columns if periods.is_period(name)]
    if "quantity" in roles:
        return Plan("long", columns, why={"layout": "A quantity column was chosen."})
    if len(dated) >= 2 and len(dated) >= len(columns) - 6:
        return Plan("periods across", columns, why={"layout": f"Columns are named like periods, “{dated[0]}” first."})
    lower = {_plain(name) for name in columns}
    period = roles.get("period") or next((n for n in columns[:NEAR] if kinds[n] == "date"), "")
    period = period or next((n for n in columns if _plain(n) in NAMES["period"]), "")
    named = bool(lower & set(NAMES["quantity"]))
    counted = [name for name in columns if is_counted(name)]
    if not period and not named and len(counted) >= max(2, len(columns) - 3):
        return Plan(
            "periods across", columns, why={"layout": f"Columns are numbered, “{counted[0]}” first, without dates."}
        )
    others = [name for name in columns if name != period and name != roles.get("item")]
    if (
        period
        and not named
        and not [n for n in others if kinds[n] == "text"]
        and "item" not in roles
        and len(others) > 1
    ):
        return Plan("items across", columns, why={"layout": f"Beside “{period}” there are only columns of numbers."})
    return Plan("long", columns, why={"layout": "One row holds one item, period and quantity."})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _find(made: Plan, role: str, kinds: _Kinds) -> None:
    """Put the column of `role` into the plan, by its name or else by what it holds."""
    free = [name for name in made.columns if name not in made.roles.values()]
    plain = {_plain(name): name for name in reversed(free)}
    named = next((plain[name] for name in NAMES[role] if name in plain), "")
    if role == "period":
        dates = [name for name in free if kinds[name] == "date"]
        if dates and (not named or kinds[named] == "text"):
            made.roles[role], made.why[role] = dates[0], "Its values are dates."
            return
    if made.layout == "periods across" and (periods.is_period(named) or (named and kinds[named] == "number")):
        named = named if _plain(named) in NAMES["item"] and not periods.is_period(named) else ""
    if named:
        made.roles[role], made.why[role] = named, "By its name."
        return
    free = [name for name in free if not periods.is_period(name)]
    if role == "quantity":
        chosen = next((name for name in reversed(free) if kinds[name] == "number"), "")
        why = "Its values are numbers."
    elif role == "item":
        chosen, why = next((name for name in free[:NEAR] if kinds[name] == "text"), ""), "Its values are text."
        if not chosen and made.layout == "periods across":
            chosen, why = next((name for name in free if not is_counted(name)), ""), "It is not named like a period."
    if role != "period" and chosen:
        made.roles[role], made.why[role] = chosen, why


def _widen_item(frame: polars.DataFrame, made: Plan, kinds: _Kinds) -> None:
    """Let a further column name the item where one alone has several values in a period, as store and product do."""
    names, period = made.items, made.roles["period"]
    others = [n for n in made.columns if kinds[n] == "text" and n not in (*names, period, made.roles["quantity"])]
    others += [
        n
        for n in made.columns
        if _plain(n) in NAMES["item"] and n not in (*names, *others, period, made.roles["quantity"])
    ]
    if not others or not frame.select(*names, period).is_duplicated().any():
        return
    for more in ([other] for other in others):
        if not frame.select(*names, *more, period).is_duplicated().any():
            made.roles["item"] = PLUS.join([*more, *names])
            made.why["item"] = f"“{names[0]}” alone has several values in a period; with “{more[0]}” it has one."
            return

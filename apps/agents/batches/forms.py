"""The form of a batch: the file, which column feeds which field, and what all rows share, as entered so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.utils.functional import cached_property

from apps.agents import fields
from apps.agents.batches.columns import Leaf, Match, Matches, cells_read, matches_of
from apps.agents.batches.plans import Check, Item, Plan, plan_check, plan_leaves, ways_of
from apps.agents.contract import Agent
from apps.common.errors import Problem
from apps.common.permissions import Principal
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset

MOST_COLUMNS: Final = fields.MOST_CHOICES
"""Columns of the file that are offered to choose from."""
COLUMN, VALUE, ROLE = "c.", "v.", "r."
"""What the names of values begin with: a field's column, its value for all rows, the column of a table's role."""
LONGEST: Final = 2_000
PREVIEW_CELLS: Final = 12


@dataclass(frozen=True)
class Line:
    """One field of the agent's input, as the form shows it."""

    leaf: Leaf
    column: str
    """The column that feeds it; empty: none."""
    value: str
    """What rows have that say nothing of it."""
    why: str = ""
    is_guess: bool = False

    @property
    def column_name(self) -> str:
        return f"{COLUMN}{self.leaf.path}"

    @property
    def value_name(self) -> str:
        return f"{VALUE}{self.leaf.path}"


@dataclass(frozen=True)
class Role:
    """A role of the agent's table, in which a batch of groups may name a column."""

    name: str
    column: str

    @property
    def field(self) -> str:
        return f"{ROLE}{self.name}"


class BatchForm:
    """`values` are those of the fields as text, by name; `who` asks."""

    def __init__(self, agent: Agent[Any, Any, Any], values: Mapping[str, str], *, who: Principal) -> None:
        self.agent, self.who = agent, who
        self.values = {name: value[:LONGEST] for name, value in values.items()}
        self.problem: Problem | None = None
        self.check: Check | None = None

    @property
    def ways(self) -> list[str]:
        return ways_of(self.agent)

    @property
    def by(self) -> str:
        asked = self.values.get("by", "")
        return asked if asked in self.ways else self.ways[0]

    @cached_property
    def source(self) -> Dataset | None:
        """The chosen dataset; None where none is chosen, or where there is none of this id that this person may see."""
        try:
            return datasets.dataset_get(who=self.who, id=UUID(self.values.get("dataset", "")))
        except (Problem, ValueError):
            return None

    @property
    def columns(self) -> list[str]:
        return [each["name"] for each in self.source.columns][:MOST_COLUMNS] if self.source else []

    @property
    def group(self) -> str:
        chosen = self.values.get("group", "")
        return chosen if chosen in self.columns else ""

    @cached_property
    def matches(self) -> Matches:
        """What is found by name; nothing is, where a file is only parted into groups."""
        return matches_of(self._leaves, self.columns) if self.by == "rows" else Matches()

    @cached_property
    def lines(self) -> list[Line]:
        return [self._line(leaf) for leaf in self._leaves]

    @property
    def fed(self) -> list[Line]:
        """The fields that a column feeds."""
        return [line for line in self.lines if line.column]

    @property
    def roles(self) -> list[Role]:
        return [Role(name, self.values.get(f"{ROLE}{name}", "")) for name in self.agent.table_roles]

    @property
    def noun(self) -> str:
        return "groups" if self.by == "groups" else "rows"

    @property
    def ready(self) -> bool:
        """Whether there is enough to look at the rows."""
        return self.source is not None and (self.by == "rows" or bool(self.group))

    @property
    def entered(self) -> list[tuple[str, str]]:
        """All that the form says, as the names and values that say the same again."""
        if self.source is None:
            return []
        lines = [(line.column_name, line.column) for line in self.lines] if self.by == "rows" else []
        lines += [(line.value_name, line.value) for line in self.lines if line.value]
        if self.by == "groups":
            lines += [("group", self.group), *((role.field, role.column) for role in self.roles if role.column)]
        return [("dataset", str(self.source.pk)), ("by", self.by), *lines]

    def way_url(self, by: str) -> str:
        return "?" + urlencode({"dataset": str(self.source.pk) if self.source else "", "by": by})

    @property
    def rows_url(self) -> str:
        return self.way_url("rows")

    @property
    def groups_url(self) -> str:
        return self.way_url("groups")

    def plan(self) -> Plan:
        """What is asked for. Raises `InvalidInput`, `NotFound` where no dataset is chosen."""
        source = self.source or datasets.dataset_get(who=self.who, id=UUID(int=0))
        columns = {line.leaf.path: line.column for line in self.fed}
        if self.by == "groups":
            columns = {role.name: role.column for role in self.roles if role.column}
        common: dict[str, Any] = {}
        for line in self.lines:
            if line.value:
                common = fields.merge(common, _nested(line.leaf, line.value))
        group = self.group if self.by == "groups" else ""
        return Plan(dataset=source.pk, by=self.by, group=group, columns=columns, common=common)

    def look(self) -> None:
        """Look at every row as soon as there is enough to: keeps what came of it, or what stands against it."""
        if not self.ready or self.source is None:
            return
        try:
            self.check = plan_check(self.agent, self.plan(), datasets.dataset_frame(self.source), who=self.who)
        except Problem as problem:
            self.problem = problem

    @property
    def preview(self) -> dict[str, Any]:
        """The first inputs as the agent gets them: headings, and a row of texts for each."""
        items = self.check.preview if self.check else []
        if self.by == "groups":
            return {"headings": [self.group, "Rows"], "rows": [self._group_row(item) for item in items]}
        fed = self.fed[:PREVIEW_CELLS]
        rows = [[f"{item.row:,}", *(_shown(item.data, line.leaf.path) for line in fed)] for item in items]
        return {"headings": ["Row", *(line.leaf.title for line in fed)], "rows": rows}

    def _group_row(self, item: Item) -> list[str]:
        return [item.label, f"{len(item.data[self.agent.table_field]['rows']):,}"]

    @cached_property
    def _leaves(self) -> list[Leaf]:
        return plan_leaves(self.agent)

    def _line(self, leaf: Leaf) -> Line:
        found = self.matches.columns.get(leaf.path, Match("", ""))
        asked = self.values.get(f"{COLUMN}{leaf.path}")
        value = self.values.get(f"{VALUE}{leaf.path}", self.matches.common.get(leaf.path, "")).strip()
        if asked is None or asked == found.column:
            return Line(leaf, found.column, value, found.why, found.is_guess)
        return Line(leaf, asked if asked in self.columns else "", value)


def _nested(leaf: Leaf, text: str) -> dict[str, Any]:
    """The value that a person wrote for all rows, read as a cell is, in its place."""
    import polars

    nested: dict[str, Any] = {}
    (value,) = cells_read(polars.Series([text]), leaf)
    *parents, last = leaf.path.split(".")
    place = nested
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return nested


def _shown(data: Mapping[str, Any], path: str) -> str:
    found: Any = data
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, list):
        return "; ".join(str(each) for each in found)
    if isinstance(found, float):
        return f"{found:.15g}"
    return "" if found is None else str(found)

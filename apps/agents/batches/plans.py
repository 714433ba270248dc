"""What a batch is to do: its file, which column feeds which field, and the inputs that come of it, looked at first."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from django.utils import timezone
from pydantic import BaseModel, Field

from apps.agents import fields, inputs
from apps.agents.batches.columns import Leaf, cells_read, leaves_of, matches_of
from apps.agents.contract import Agent, RunContext
from apps.common.errors import InvalidInput, Issue, Problem, TooLarge
from apps.common.permissions import Principal
from apps.common.schemas import StrictModel, Table
from apps.datasets.models import Dataset
from apps.datasets.reading.shapes import ROW

if TYPE_CHECKING:
    import polars

MOST_ROWS: Final = 10_000
"""Runs that a batch may have."""
LOOK_SECONDS: Final = 4.0
"""So long an agent looks at the inputs of a batch before it begins; at the other rows it looks on their turn."""
MOST_TOLD: Final = 200
"""Rows that cannot be used, of which it is kept why."""
PREVIEW: Final = 5


class Plan(StrictModel):
    """What is asked of a batch."""

    dataset: UUID = Field(description="Id of the dataset that is the file.")
    by: Literal["rows", "groups"] = Field(
        default="rows", description="`rows`: each row is an input. `groups`: each group of rows is an input's table."
    )
    group: str = Field(default="", max_length=200, description="The column whose values name the groups.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        max_length=500,
        description="Column of the file by field of the input (dotted path); of groups, by role in the agent's table.",
    )
    common: dict[str, Any] = Field(default_factory=dict, description="The part of the input that all rows share.")


@dataclass(frozen=True)
class Item:
    """The input that a row, or a group of rows, makes."""

    row: int
    """Of the file, its header being row 1; of a group its first one."""
    data: dict[str, Any]
    label: str = ""
    """What names the group; empty for a row."""
    fault: str = ""
    """Why there is no input."""


class Refused(BaseModel):
    """A row, or a group of rows, that cannot be used, and why."""

    row: int
    label: str = ""
    issues: list[Issue]


@dataclass
class Check:
    """What came of a look at all inputs."""

    total: int
    looked: int = 0
    """How many of them the agent itself has looked at: it stops after `LOOK_SECONDS`."""
    refused: list[Refused] = field(default_factory=list)
    preview: list[Item] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    """What names each group, by its first row."""

    @property
    def good(self) -> int:
        return self.total - len(self.refused)

    @property
    def issues(self) -> list[Issue]:
        """What is wrong, place by place, with the row it is in."""
        return [issue for each in self.refused[:MOST_TOLD] for issue in each.issues][:MOST_TOLD]


def ways_of(agent: Agent[Any, Any, Any]) -> list[str]:
    """How a file may feed the agent: by `rows`, by `groups`, or either way."""
    return [*([] if agent.table_required else ["rows"]), *(["groups"] if agent.table_field else [])]


def plan_leaves(agent: Agent[Any, Any, Any]) -> list[Leaf]:
    """The fields of the agent's input that a file or a value for all rows may feed."""
    return leaves_of(agent.input_type, skip=[agent.table_field])


def plan_matched(agent: Agent[Any, Any, Any], plan: Plan, dataset: Dataset) -> Plan:
    """The plan with the columns that have the names of fields; names that are only alike are left to people."""
    found = matches_of(plan_leaves(agent), [each["name"] for each in dataset.columns])
    columns = {path: match.column for path, match in found.columns.items() if not match.is_guess}
    common = fields.merge(fields.nest(found.common), plan.common)
    return plan.model_copy(update={"columns": columns, "common": common})


class Inputs:
    """The inputs of a batch in the order of its file. Raises `InvalidInput`, `TooLarge` for a plan that cannot be."""

    def __init__(self, agent: Agent[Any, Any, Any], plan: Plan, frame: polars.DataFrame) -> None:
        self.agent, self.plan, self.frame = agent, plan, frame
        self._demand_sound()
        self._demand_few()  # before the file is taken apart: each group is a table of its own
        self._groups = frame.partition_by(plan.group, maintain_order=True) if plan.by == "groups" else []
        self._values: dict[str, list[Any]] = {}
        if plan.by == "rows":
            leaves = {leaf.path: leaf for leaf in plan_leaves(agent)}
            self._values = {path: cells_read(frame[name], leaves[path]) for path, name in plan.columns.items()}
        self._rows = frame[ROW].to_list()

    def __len__(self) -> int:
        return len(self._groups) if self.plan.by == "groups" else self.frame.height

    def slice(self, start: int, stop: int) -> Iterator[Item]:
        make = self._of_group if self.plan.by == "groups" else self._of_row
        return (make(number) for number in range(start, min(stop, len(self))))

    def _of_row(self, number: int) -> Item:
        own: dict[str, Any] = {}
        for path, values in self._values.items():
            if values[number] is not None:
                _put(own, path, values[number])
        data = fields.merge(copy.deepcopy(self.plan.common), own)
        return Item(self._rows[number], data, fault="" if own else "The row is empty in all columns that are used.")

    def _of_group(self, number: int) -> Item:
        group = self._groups[number]
        name, row = group[self.plan.group][0], int(group[ROW][0])
        # Within a group its column says the same in every row: unless it is told to play a role, it is no part of it.
        rest = group.drop(ROW, *([] if self.plan.group in self.plan.columns.values() else [self.plan.group]))
        rows = [{key: cell for key, cell in each.items() if cell is not None} for each in rest.to_dicts()]
        table = {"rows": rows, **({"columns": self.plan.columns} if self.plan.columns else {})}
        fault = "" if name not in (None, "") else f"Nothing stands in “{self.plan.group}”, which names the groups."
        return Item(row, {**self.plan.common, self.agent.table_field: table}, "" if fault else str(name), fault)

    def _demand_few(self) -> None:
        by_groups = self.plan.by == "groups"
        number = self.frame[self.plan.group].n_unique() if by_groups else self.frame.height
        if number > MOST_ROWS:
            raise TooLarge(
                f"The file has {number:,} {'groups' if by_groups else 'rows'}; a batch takes {MOST_ROWS:,} at most. "
                "Nothing was started.",
                remedy="Split the file, and start a batch on each part.",
            )

    def _demand_sound(self) -> None:
        """Raise `InvalidInput` for what the agent, or the file, does not have."""
        agent, plan, issues = self.agent, self.plan, list[Issue]()
        if plan.by not in ways_of(agent):
            told = f"{agent.title} takes {'a table for each run' if agent.table_required else 'no table'}."
            issues.append(Issue(path="by", message=f"{told} Give `by` as `{ways_of(agent)[0]}`."))
        columns, roles = set(self.frame.columns) - {ROW}, set(agent.table_roles)
        known = roles if plan.by == "groups" else {leaf.path for leaf in plan_leaves(agent)}
        for path, name in plan.columns.items():
            if name not in columns:
                issues.append(Issue(path=f"columns.{path}", message=f"The file has no column “{name}”."))
            elif path not in known and (plan.by == "rows" or roles):
                told = "the table has no such role" if plan.by == "groups" else "the input has no such field"
                issues.append(Issue(path=f"columns.{path}", message=f"Of {agent.title} {told}."))
        if plan.by == "groups" and plan.group not in columns:
            message = f"The file has no column “{plan.group}”." if plan.group else "Name the column of the groups."
            issues.append(Issue(path="group", message=message))
        if plan.by == "rows" and not plan.columns:
            issues.append(Issue(path="columns", message="No column of the file feeds a field of the input."))
        if plan.common.get(agent.table_field) is not None and agent.table_field:
            issues.append(Issue(path=f"common.{agent.table_field}", message="The table comes from the file."))
        if issues:
            raise InvalidInput("The file cannot be used like this; nothing was started.", issues=issues)


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[last] = value


def input_look(
    agent: Agent[Any, Any, Any], item: Item, plan: Plan, load: Callable[[Table], Any], *, inspect: bool = True
) -> BaseModel:
    """The input of an item as the agent's model takes it, looked at by the agent.

    Raises `InvalidInput` with an issue for each place, by its row and, where a column feeds it, by the column's name.
    """
    if item.fault:
        raise InvalidInput(item.fault, issues=[Issue(path=plan.group, message=item.fault, row=item.row)])
    try:
        parsed = inputs.input_parse(agent=agent, data=item.data)
        if inspect:
            agent.inspect(parsed, RunContext(now=timezone.now(), load=load))
    except InvalidInput as problem:
        raise InvalidInput(problem.detail, issues=_placed(problem, item, plan)) from problem
    return parsed


def _placed(problem: InvalidInput, item: Item, plan: Plan) -> list[Issue]:
    told = problem.issues or [Issue(message=problem.detail)]
    if plan.by == "groups":  # its rows are counted within the group: the place is told by the agent's own words
        return [issue.model_copy(update={"row": item.row}) for issue in told]
    return [issue.model_copy(update={"row": item.row, "column": _column(issue.path, plan.columns)}) for issue in told]


def _column(path: str, columns: Mapping[str, str]) -> str | None:
    """The column that feeds the field at a path, or at the nearest place above it."""
    while path:
        if path in columns:
            return columns[path]
        path = path.rpartition(".")[0]
    return None


def plan_check(agent: Agent[Any, Any, Any], plan: Plan, frame: polars.DataFrame, *, who: Principal | None) -> Check:
    """Look at every input that a file makes, without storing anything. Raises as `Inputs` does.

    The agent itself looks at as many as `LOOK_SECONDS` allow, the model at all. `who` asks, as of `input_inspect`.
    """
    every = Inputs(agent, plan, frame)
    check, load = Check(total=len(every)), inputs.loader(inputs.finder(who), shared=True)
    until = time.monotonic() + LOOK_SECONDS
    for number, item in enumerate(every.slice(0, len(every))):
        if number < PREVIEW:
            check.preview.append(item)
        if item.label:
            check.labels[item.row] = item.label
        inspect = time.monotonic() < until
        try:
            input_look(agent, item, plan, load, inspect=inspect)
        except Problem as problem:
            check.refused.append(refusal(item, problem))
        check.looked += inspect
    return check


def refusal(item: Item, problem: Problem) -> Refused:
    issues = problem.issues or [Issue(message=problem.detail, row=item.row)]
    return Refused(row=item.row, label=item.label, issues=issues[:3])

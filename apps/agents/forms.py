"""The form on an agent's page: what a person has entered so far, and what the agent makes of it."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.functional import cached_property

from apps.agents import fields, inputs
from apps.agents.contract import Agent, Example
from apps.common.errors import Issue, Problem
from apps.common.permissions import Principal
from apps.common.schemas import Inspection, Understood
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset

DETECT = "detect"
"""The choice that leaves it to the agent which column plays a role."""
LOOSE = {"mode", "json", "csrfmiddlewaretoken"}
"""Values that say nothing of the input, or too much for an address."""


class InputForm:
    """An input while it is entered: by fields, with a dataset or an example for the agent's table, or as JSON.

    What was entered comes as flat values: dotted paths of the input, and `example`, `json` and `mode`.
    """

    def __init__(self, agent: Agent[Any, Any, Any], values: dict[str, str], *, who: Principal) -> None:
        self.agent = agent
        self.who = who
        self.values = {name: value for name, value in values.items() if value != DETECT}
        self.mode = "json" if values.get("mode") == "json" else "form"
        self.table = agent.table_field
        self.problem: Problem | None = None
        self.inspection = Inspection()

    @property
    def dataset(self) -> str:
        """The id of the chosen dataset."""
        return self.values.get(f"{self.table}.dataset", "") if self.table else ""

    @cached_property
    def source(self) -> Dataset | None:
        """The chosen dataset; None where none is chosen, or where there is none of this id that this person may see."""
        try:
            return datasets.dataset_get(who=self.who, id=UUID(self.dataset)) if self.dataset else None
        except (Problem, ValueError):
            return None

    @property
    def form_url(self) -> str:
        return f"?{self._query()}"

    @property
    def json_url(self) -> str:
        return f"?{self._query(mode='json')}"

    def _query(self, **more: str) -> str:
        """The same input by address, as far as an address holds it."""
        kept = {name: value for name, value in self.values.items() if name not in LOOSE and value}
        return urlencode(kept | more)

    @property
    def example(self) -> Example | None:
        """The example that is started from. A dataset that is chosen takes its place where it has a table."""
        number = self.values.get("example", "")
        if not number.isdecimal() or int(number) >= len(self.agent.examples):
            return None
        example = self.agent.examples[int(number)]
        return None if self.dataset and self.table in example.input else example

    @property
    def ready(self) -> bool:
        """Whether there is enough to look at: a table where the agent needs one. What else is missing, it tells."""
        return not self.agent.table_required or bool(self.dataset) or self.has_sample

    @property
    def has_sample(self) -> bool:
        """Whether the rows of an example stand in for a dataset."""
        return bool(self.example and self.table in self.example.input)

    @property
    def text(self) -> str:
        """The input as JSON to edit: as it was entered, else what the fields hold, else the first example."""
        if "json" in self.values:
            return self.values["json"]
        data, examples = self._of_fields(), self.agent.examples
        if not data:
            return fields.json_text(examples[0].input if examples else {})
        try:  # fields hold text, and the model knows what is a number
            parsed = inputs.input_parse(agent=self.agent, data=data)
        except Problem:
            return fields.json_text(data)
        return fields.json_text(parsed.model_dump(mode="json", exclude_unset=True))

    @property
    def fields(self) -> list[fields.Field]:
        """The scalar fields, less those that the inspection shows with what it detected."""
        shown = {item.path for item in self.understood}
        every = fields.fields_of(self.agent.input_type, skip=[self.table])
        entered = fields.flat(self.example.input) | self.values if self.example else self.values
        return fields.fill([each for each in every if each.name not in shown], entered, self._issues)

    @property
    def understood(self) -> list[Understood]:
        """What was detected. Of a table that could not be read: which column plays which role, for a person to say."""
        return self.inspection.understood or (self._roles() if self.problem and self.source else [])

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field on the page."""
        shown = {each.name for each in self.fields}
        return [issue for issue in self._issues if issue.path not in shown]

    def data(self) -> dict[str, Any]:
        """The input as the agent's model wants it. Raises `InvalidInput` for text that is not a JSON object."""
        return self._of_fields() if self.mode == "form" else fields.json_object(self.values.get("json", ""))

    def look(self) -> None:
        """Have the agent look at the input, as soon as something is entered: keeps what it found, or what is wrong."""
        if self.mode == "json" or not self.ready or not self._of_fields():
            return
        try:
            parsed = inputs.input_parse(agent=self.agent, data=self.data())
            self.inspection = inputs.input_inspect(agent=self.agent, data=parsed, who=self.who)
        except Problem as problem:
            self.problem = problem

    @property
    def _issues(self) -> list[Issue]:
        return self.problem.issues if self.problem else []

    def _of_fields(self) -> dict[str, Any]:
        known = {each.name for each in fields.fields_of(self.agent.input_type, skip=[self.table])}
        own = f"{self.table}." if self.table else "\0"
        entered = {name: value for name, value in self.values.items() if name in known or name.startswith(own)}
        base = copy.deepcopy(self.example.input) if self.example else {}
        return fields.merge(base, fields.nest(entered))

    def _roles(self) -> list[Understood]:
        columns = [each["name"] for each in self.source.columns] if self.source else []
        told = {issue.path.rpartition(".")[2] for issue in self._issues if issue.path.startswith(self._path(""))}
        chosen = {name.removeprefix(self._path("")) for name in self.values if name.startswith(self._path(""))}
        roles = dict.fromkeys([*self.agent.table_roles, *sorted(told | chosen)])
        return [self._role(role, columns[: fields.MOST_CHOICES]) for role in roles]

    def _role(self, role: str, columns: list[str]) -> Understood:
        path = self._path(role)
        value = self.values.get(path, DETECT)
        return Understood(path=path, label=role.capitalize(), value=value, choices=[DETECT, *columns])

    def _path(self, role: str) -> str:
        return f"{self.table}.columns.{role}"

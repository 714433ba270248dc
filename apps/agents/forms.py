"""The form on an agent's page: what a person has entered so far, and what the agent makes of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.functional import cached_property

from apps.agents import inputs
from apps.agents.contract import Agent, Example
from apps.agents.fields import MOST_CHOICES, merge, nest
from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.permissions import Principal
from apps.common.schemas import Inspection, Understood
from apps.console.schemaforms import Field, SchemaForm
from apps.console.schemaforms.texts import json_object, json_text
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset
from apps.datasets.sheets import cells_read

DETECT = "detect"
"""The choice that leaves it to the agent which column plays a role."""
LOOSE = {"mode", "json", "csrfmiddlewaretoken", "_fresh"}
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

    @classmethod
    def again(cls, agent: Agent[Any, Any, Any], data: dict[str, Any], *, who: Principal) -> InputForm:
        """The form on the input of an earlier run: by fields where these hold all of it, else as JSON."""
        form = cls(agent, {}, who=who)
        form._fill(data)
        return form

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

    @cached_property
    def schema(self) -> SchemaForm:
        """The part of the input that is entered by fields: all of it but the agent's table."""
        base = {name: value for name, value in self.example.input.items() if name != self.table} if self.example else {}
        return SchemaForm(self.agent.input_type, self.values, base=base, skip=[self.table])

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
        data, examples = self._of_fields(partly=True), self.agent.examples
        if not data:
            return json_text(examples[0].input if examples else {})
        try:  # the model knows how each value is written
            parsed = inputs.input_parse(agent=self.agent, data=data)
        except Problem:
            return json_text(data)
        return json_text(parsed.model_dump(mode="json", exclude_unset=True))

    @property
    def fields(self) -> list[Field]:
        """The fields, less those that the inspection shows with what it detected."""
        self.schema.refused(self._issues)
        shown = {item.path for item in self.understood if item.choices}
        return [each for each in self.schema.fields if each.name not in shown]

    @property
    def understood(self) -> list[Understood]:
        """What was detected. Of a table that could not be read: which column plays which role, for a person to say."""
        return self.inspection.understood or (self._roles() if self.problem and self.source else [])

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field on the page."""
        if self.mode == "json":
            return self._issues
        self.schema.refused(self._issues)
        shown = {item.path for item in self.understood if item.choices}
        return [*self.schema.other_issues, *(issue for issue in self._issues if issue.path in shown)]

    def data(self) -> dict[str, Any]:
        """The input as the agent's model wants it. Raises `InvalidInput` for text that is no JSON and should be."""
        return self._of_fields() if self.mode == "form" else json_object(self.values.get("json", ""))

    def edit(self, told: str, *, file: Any = None) -> None:
        """Change rows, or how the input is entered, as a button tells: nothing is started.

        Raises `InvalidInput`, `TooLarge` for what cannot be put in.
        """
        if told == "json" and self.mode == "form":
            self.values = {"json": self.text}
            self.mode = "json"
        elif told == "form" and self.mode == "json":
            written = self.values
            data = json_object(written.get("json", "").strip() or "{}")
            self._fill(data)
            if self.mode == "json":
                self.values = written
                raise self._unshown(data)
        elif self.mode == "form":
            self.schema.edit(told, file=file, read_file=cells_read)
            others = {name: text for name, text in self.values.items() if name in LOOSE or name == "example"}
            own = {name: text for name, text in self.values.items() if self.table and name.startswith(f"{self.table}.")}
            self.values = {**others, **own, **self.schema.values()}

    def look(self) -> None:
        """Have the agent look at the input, as soon as something is entered: keeps what it found, or what is wrong."""
        if self.mode == "json" or not self.ready:
            return
        try:
            if not self._of_fields():
                return
            parsed = inputs.input_parse(agent=self.agent, data=self.data())
            self.inspection = inputs.input_inspect(agent=self.agent, data=parsed, who=self.who)
        except Problem as problem:
            self.problem = problem

    @property
    def _issues(self) -> list[Issue]:
        return self.problem.issues if self.problem else []

    def _fill(self, data: dict[str, Any]) -> None:
        """Hold these data by fields where these can, else as JSON."""
        schema = SchemaForm(self.agent.input_type, {}, base=data, skip=[self.table])
        table = data.get(self.table) if self.table else None
        values = schema.values()
        if isinstance(table, dict):
            values |= {f"{self.table}.{path}": text for path, text in _flat(table)}
        kept = InputForm(self.agent, values, who=self.who)
        self.mode = "form" if _same(self.agent, kept._of_fields(partly=True), data) else "json"
        self.values = kept.values if self.mode == "form" else {"json": json_text(data)}
        self.__dict__.pop("schema", None)

    def _unshown(self, data: dict[str, Any]) -> InvalidInput:
        """Why these data stay JSON."""
        try:
            inputs.input_parse(agent=self.agent, data=data)
        except InvalidInput as problem:
            return InvalidInput(
                "The fields show an input that can be used; this one stays as JSON.",
                remedy="Mend these places first.",
                issues=problem.issues,
            )
        return InvalidInput(
            "The fields cannot show all of this input; it stays as JSON.", remedy="Run it from here, as it is."
        )

    def _of_fields(self, *, partly: bool = False) -> dict[str, Any]:
        found = self.schema.data(partly=partly)
        own = f"{self.table}." if self.table else "\0"
        entered = {name: value for name, value in self.values.items() if name.startswith(own)}
        base = {self.table: copy.deepcopy(self.example.input[self.table])} if self.example and self.has_sample else {}
        return merge(base, nest(entered)) | found

    def _roles(self) -> list[Understood]:
        columns = [each["name"] for each in self.source.columns] if self.source else []
        told = {issue.path.rpartition(".")[2] for issue in self._issues if issue.path.startswith(self._path(""))}
        chosen = {name.removeprefix(self._path("")) for name in self.values if name.startswith(self._path(""))}
        roles = dict.fromkeys([*self.agent.table_roles, *sorted(told | chosen)])
        return [self._role(role, columns[:MOST_CHOICES]) for role in roles]

    def _role(self, role: str, columns: list[str]) -> Understood:
        path = self._path(role)
        value = self.values.get(path, DETECT)
        return Understood(path=path, label=role.capitalize(), value=value, choices=[DETECT, *columns])

    def _path(self, role: str) -> str:
        return f"{self.table}.columns.{role}"


def _same(agent: Agent[Any, Any, Any], one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the agent makes the same of two inputs."""
    try:
        parsed = inputs.input_parse(agent=agent, data=other)
        return parsed == inputs.input_parse(agent=agent, data=one)
    except Problem:
        return False


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """What an agent's table is told by, as flat values; rows given inline have none."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield f"{prefix}{name}", value

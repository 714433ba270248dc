"""The form by which a person starts a workflow: one run by fields or as JSON, or many by a table of inputs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from apps.common.errors import InvalidInput, Issue, Problem, TooLarge
from apps.common.permissions import Principal
from apps.console.schemaforms import SchemaForm
from apps.console.schemaforms.texts import json_object, json_text
from apps.datasets.models import Dataset
from apps.datasets.selectors import datasets_recent
from apps.workflows.blueprints import Sample
from apps.workflows.definition import Definition, InputField
from apps.workflows.inputs import inputs_model
from apps.workflows.services import MOST_STARTED

LARGEST_BATCH: Final = 5 * 1024 * 1024
"""Bytes of a table of inputs."""
MODES: Final = [("form", "Form"), ("json", "JSON"), ("batch", "Many runs")]
ROOT: Final = "inputs"


@dataclass
class StartForm:
    """What a person has entered so far. `values` is flat: `inputs.<name>`, `json` and `batch`."""

    definition: Definition
    values: Mapping[str, str]
    who: Principal
    mode: Literal["form", "json", "batch"] = "form"
    problem: Problem | None = None
    samples: list[tuple[Sample, dict[str, Any]]] = field(default_factory=list)
    """Inputs to try it with, of the blueprint that it is made of."""
    chosen: int | None = None
    """The sample that the form begins with: its place among them."""

    @cached_property
    def schema(self) -> SchemaForm:
        """The inputs as fields."""
        offered = [(str(found.pk), found.name) for found in self._datasets()]
        return SchemaForm(
            inputs_model(self.definition),
            self.values,
            root=ROOT,
            base=self._begin,
            offered={f"{ROOT}.{name}": offered for name, each in self._inputs() if each.type == "dataset"},
        )

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field on the page."""
        return self.schema.other_issues if self.mode == "form" else _by_run(self._issues)

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        self.schema.refused(problem.issues)

    @property
    def json(self) -> str:
        """The inputs as JSON to edit: as they were entered, else the examples of the definition."""
        return self.values.get("json") or json_text(self._begin or self._examples())

    @property
    def sample(self) -> str:
        """A table of inputs to begin with."""
        return self.values.get("batch") or _sheet(self._begin or self._examples())

    def data(self) -> list[dict[str, Any]]:
        """The inputs of each run. Raises `InvalidInput`, `TooLarge`."""
        if self.mode == "json":
            return [json_object(self.values.get("json", ""))]
        if self.mode == "batch":
            return batch_read(self.values.get("batch", ""), self.definition)
        return [self.schema.data()]

    @property
    def _begin(self) -> dict[str, Any]:
        """The inputs of the sample that was chosen; empty where none was."""
        there = self.chosen is not None and self.chosen < len(self.samples)
        return self.samples[self.chosen][1] if self.chosen is not None and there else {}

    def _datasets(self) -> list[Dataset]:
        """Those to choose from; none are looked up where no input is one."""
        wanted = any(each.type == "dataset" for _, each in self._inputs())
        return list(datasets_recent(who=self.who)) if wanted else []

    def _examples(self) -> dict[str, Any]:
        found = {name: each.example if each.example is not None else each.default for name, each in self._inputs()}
        return {name: value for name, value in found.items() if value is not None} or dict.fromkeys(
            self.definition.inputs
        )

    def _inputs(self) -> list[tuple[str, InputField]]:
        return list(self.definition.inputs.items())

    @property
    def _issues(self) -> list[Issue]:
        return self.problem.issues if self.problem else []


def batch_read(text: str, definition: Definition) -> list[dict[str, Any]]:
    """The inputs of each run of a text: a JSON list of objects, or CSV with the names of the inputs in its first row.

    An empty cell leaves its input out. Raises `TooLarge`, and `InvalidInput` with an issue for each row that is wrong.
    """
    if len(text.encode(errors="replace")) > LARGEST_BATCH:
        raise TooLarge(f"A table of inputs has {LARGEST_BATCH // 1024**2} MiB at most; nothing was started.")
    rows = _json_rows(text) if text.lstrip().startswith("[") else _csv_rows(text, definition)
    if not rows:
        raise InvalidInput("There is no row of inputs; nothing was started.", remedy="Enter one row for each run.")
    if len(rows) > MOST_STARTED:
        raise TooLarge(
            f"There are {len(rows):,} rows, and {MOST_STARTED:,} runs may be started at once; nothing was started.",
            remedy="Start them in parts.",
        )
    return rows


def _json_rows(text: str) -> list[dict[str, Any]]:
    wrapped = json_object(f'{{"rows": {text}}}')
    rows = wrapped["rows"]
    wrong = [n for n, row in enumerate(rows) if not isinstance(row, dict)]
    if wrong:
        issues = [Issue(path=f"{n}", message="This is no object: names and values between braces.") for n in wrong[:20]]
        raise InvalidInput(f"{len(wrong)} rows are no objects; nothing was started.", issues=issues)
    return list(rows)


def _csv_rows(text: str, definition: Definition) -> list[dict[str, Any]]:
    reader = csv.reader(io.StringIO(text.strip("\n")), strict=True)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InvalidInput(f"Line {reader.line_num} is not CSV: {error}. Nothing was started.") from error
    if not lines:
        return []
    names = [name.strip() for name in lines[0]]
    known = definition.inputs
    strange = [name for name in names if name not in known]
    if strange or len(set(names)) < len(names):
        told = ", ".join(known) or "none"
        issue = Issue(message=f"Its first row names {', '.join(names)}; the inputs of the workflow are {told}.")
        raise InvalidInput("The first row must name inputs, each once; nothing was started.", issues=[issue])
    rows, issues = [], []
    for n, line in enumerate(lines[1:]):
        if len(line) > len(names):
            issues.append(Issue(path=f"{n}", message=f"It has {len(line)} cells, and there are {len(names)} columns."))
            continue
        try:
            rows.append(_values(dict(zip(names, line, strict=False)), known, lambda name, n=n: f"{n}.inputs.{name}"))
        except InvalidInput as problem:
            issues += problem.issues
    if issues:
        raise InvalidInput(f"{len(issues)} rows cannot be read; nothing was started.", issues=issues[:200])
    return rows


def _values(entered: Mapping[str, str], known: Mapping[str, InputField], place: Any) -> dict[str, Any]:
    """Texts as the values that a run takes: what is empty is left out. Raises `InvalidInput`."""
    found: dict[str, Any] = {}
    issues = []
    for name, text in entered.items():
        if text.strip() == "":
            continue
        if known[name].type not in {"list", "object"}:
            found[name] = text if known[name].type in {"text", "choice"} else text.strip()
            continue
        try:
            found[name] = json_object(f'{{"value": {text}}}')["value"]
        except InvalidInput as problem:
            issues.append(Issue(path=place(name), message=problem.detail.removesuffix(" Nothing was started.")))
    if issues:
        raise InvalidInput("Some inputs cannot be read; nothing was started.", issues=issues)
    return found


def _by_run(issues: list[Issue]) -> list[Issue]:
    """Issues of many runs, or of JSON, with their places in words."""
    found = []
    for issue in issues:
        first, _, rest = issue.path.partition(".")
        if first.isdecimal():
            inside = rest.removeprefix(ROOT).strip(".")
            told = f"{inside}: {issue.message}" if inside else issue.message
            found.append(Issue(path=f"Run {int(first) + 1}", message=told))
        else:
            found.append(issue)
    return found


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sheet(row: Mapping[str, Any]) -> str:
    if not row:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row)
    writer.writerow(["" if value is None else _cell(value) for value in row.values()])
    return text.getvalue()

"""The form by which a person starts a workflow: one run by fields or as JSON, or many by a table of inputs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from apps.agents import fields
from apps.agents.fields import Field
from apps.common.errors import InvalidInput, Issue, Problem, TooLarge
from apps.common.permissions import Principal
from apps.datasets.selectors import datasets_recent
from apps.workflows.definition import Definition, InputField
from apps.workflows.inputs import inputs_model
from apps.workflows.services import MOST_STARTED

LARGEST_BATCH: Final = 5 * 1024 * 1024
"""Bytes of a table of inputs."""
MODES: Final = [("form", "Form"), ("json", "JSON"), ("batch", "Many runs")]
_PREFIX: Final = "inputs."
_HELP: Final = {
    "datetime": "With its zone, as 2026-11-25T16:40+01:00.",
    "list": "As JSON: values between brackets.",
    "object": "As JSON: names and values between braces.",
}


@dataclass
class StartForm:
    """What a person has entered so far. `values` is flat: `inputs.<name>`, `json` and `batch`."""

    definition: Definition
    values: Mapping[str, str]
    who: Principal
    mode: Literal["form", "json", "batch"] = "form"
    problem: Problem | None = None
    unread: list[Issue] = field(default_factory=list)

    @property
    def fields(self) -> list[Field]:
        """The fields with what was entered, and with what was wrong."""
        made = fields.fields_of(inputs_model(self.definition), structured=True)
        for each in made:
            self._told(each, self.definition.inputs[each.name])
            each.name = f"{_PREFIX}{each.name}"
        return fields.fill(made, self.values, _by_field(self._issues))

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field on the page."""
        shown = {each.name for each in self.fields} if self.mode == "form" else set()
        return [issue for issue in _by_field(self._issues) if issue.path not in shown]

    @property
    def json(self) -> str:
        """The inputs as JSON to edit: as they were entered, else the examples of the definition."""
        return self.values.get("json") or fields.json_text(self._examples())

    @property
    def sample(self) -> str:
        """A table of inputs to begin with."""
        return self.values.get("batch") or _sheet(self._examples())

    def data(self) -> list[dict[str, Any]]:
        """The inputs of each run. Raises `InvalidInput`, `TooLarge`."""
        if self.mode == "json":
            return [fields.json_object(self.values.get("json", ""))]
        return (
            batch_read(self.values.get("batch", ""), self.definition) if self.mode == "batch" else [self._of_fields()]
        )

    def _of_fields(self) -> dict[str, Any]:
        known = self.definition.inputs
        entered = {name: self.values.get(f"{_PREFIX}{name}", "") for name in known}
        return _values(entered, known, lambda name: f"{_PREFIX}{name}")

    def _told(self, each: Field, told: InputField) -> None:
        each.help = " ".join(filter(None, [told.description, _HELP.get(told.type, "")]))
        each.required = told.required and told.default is None and told.type != "boolean"
        if told.type == "dataset":
            each.kind = "choice"
            each.choices = [(str(found.pk), found.name) for found in datasets_recent(who=self.who)]
        elif told.type == "choice":
            each.kind, each.choices = "choice", [(choice, choice) for choice in told.choices]
        if each.kind == "choice" and told.default is None:
            each.choices = [("", "Choose…" if each.required else "None"), *each.choices]
        if each.value == "" and told.example is not None and told.type != "dataset":
            each.help = f"{each.help} For example {_cell(told.example)}.".strip()

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
    wrapped = fields.json_object(f'{{"rows": {text}}}')
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
            found[name] = fields.json_object(f'{{"value": {text}}}')["value"]
        except InvalidInput as problem:
            issues.append(Issue(path=place(name), message=problem.detail.removesuffix(" Nothing was started.")))
    if issues:
        raise InvalidInput("Some inputs cannot be read; nothing was started.", issues=issues)
    return found


def _by_field(issues: list[Issue]) -> list[Issue]:
    """Issues under the fields that they belong to: what lies deeper in an input is told with its place."""
    found = []
    for issue in issues:
        first, name, *deeper = [*issue.path.split("."), "", ""][:2] + issue.path.split(".")[2:]
        inside = ".".join(part for part in deeper if part)
        if first == "inputs" and inside:
            found.append(Issue(path=f"{_PREFIX}{name}", message=f"{inside}: {issue.message}"))
        elif first.isdecimal():
            rest = ".".join([name, *deeper]).removeprefix("inputs").strip(".")
            told = f"{rest}: {issue.message}" if rest else issue.message
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

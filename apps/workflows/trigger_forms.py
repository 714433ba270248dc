"""The form of a trigger: what a person has entered so far, as the settings that its kind takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from zoneinfo import available_timezones

from pydantic import ValidationError

from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.yamls import text_read, text_write
from apps.workflows.definition import Definition
from apps.workflows.durations import duration_text
from apps.workflows.models import Trigger
from apps.workflows.overview import next_times
from apps.workflows.store import CLOCK
from apps.workflows.triggers import TRIGGER_KINDS, Schedule, settings_of

TIMES_SHOWN: Final = 5
MISSED: Final = [
    ("once", "Start one run for all of them"),
    ("all", "Start a run for each, 100 at most"),
    ("skip", "Leave them out"),
]
ANSWERS: Final = [("now", "At once, with the run's number"), ("when finished", "When the run has ended, with outputs")]
ENDS: Final = [("any", "However it ended"), ("succeeded", "When it succeeded"), ("failed", "When it failed")]
_PLAIN: Final = ("cron", "every", "zone", "missed", "answer", "workflow", "status")
DRAWN: Final = ("schedule", "webhook", "workflow_end")
"""Kinds with fields of their own; the settings of all others are entered as YAML, and checked by their model."""


def zones_offered() -> list[str]:
    """The time zones that people choose from."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


@dataclass
class TriggerForm:
    """`values` are those of the fields, as text; `inputs` is YAML: a line for each input of the run. Kinds without
    fields of their own have `settings`, YAML as well."""

    kind: str
    values: dict[str, str]
    problem: Problem | None = None
    times: list[str] = field(default_factory=list)
    said: str = ""
    """In words, when it starts a run, once that was looked at."""

    @classmethod
    def fresh(cls, kind: str, definition: Definition | None) -> Self:
        """A form to begin with: with the inputs of the workflow that it has to give."""
        wanted = definition.inputs if definition else {}
        given = {name: each.example if each.example is not None else each.default for name, each in wanted.items()}
        common = {"how": "cron", "cron": "0 7 * * MON-FRI", "zone": "UTC", "missed": "once", "answer": "now"}
        return cls(kind, {**common, "status": "any", "inputs": text_write(given) if given else ""})

    @classmethod
    def of(cls, trigger: Trigger) -> Self:
        """The form of one that is there."""
        told = settings_of(trigger.kind, trigger.told)
        values = {name: str(value) for name, value in told.model_dump(mode="json").items() if name in _PLAIN}
        if isinstance(told, Schedule):
            values["how"] = "every" if told.every is not None else "cron"
            values["every"] = duration_text(told.every) if told.every is not None else ""
        if trigger.kind not in DRAWN:
            rest = {name: value for name, value in trigger.told.items() if name != "inputs"}
            values = {"settings": text_write(rest) if rest else ""}
        return cls(trigger.kind, {**values, "inputs": text_write(told.inputs) if told.inputs else ""})

    @property
    def zones(self) -> list[str]:
        return zones_offered()

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by field; that of the settings as a whole is under the field that they are told by."""
        found: dict[str, str] = {}
        for issue in self.problem.issues if self.problem else []:
            name = issue.path.removeprefix("settings").lstrip(".").partition(".")[0]
            place = name or (self.values.get("how", "cron") if self.kind == "schedule" else "inputs")
            where = issue.path.removeprefix("settings.inputs.") if name == "inputs" else ""
            if self.kind not in DRAWN and name != "inputs":
                place, where = "settings", name
            told = f"{where}: {issue.message}" if where and where != "settings.inputs" else issue.message
            found.setdefault(place, told.replace("Value error, ", ""))
        return found

    def settings(self) -> dict[str, Any]:
        """The settings as the kind takes them. Raises `InvalidInput` for YAML that cannot be read."""
        return {**self._plain(), "inputs": self._yaml("inputs")}

    def look(self) -> None:
        """Work out when it would start runs, without storing anything: keeps the times, or what is wrong."""
        try:
            told = TRIGGER_KINDS[self.kind].model_validate(self.settings())
        except ValidationError as error:
            self.problem = InvalidInput.from_pydantic(error, path="settings")
        except Problem as problem:
            self.problem = problem
        else:
            self.said = told.told()
            if isinstance(told, Schedule):
                self.times = next_times(told, told.following(CLOCK.now()), TIMES_SHOWN)

    def _plain(self) -> dict[str, Any]:
        value = self.values.get
        if self.kind == "schedule":
            how = "every" if value("how") == "every" else "cron"
            return {how: value(how, "").strip(), "zone": value("zone", "").strip(), "missed": value("missed", "once")}
        if self.kind == "webhook":
            return {"answer": value("answer", "now")}
        if self.kind == "workflow_end":
            return {"workflow": value("workflow", "").strip(), "status": value("status", "any")}
        return self._yaml("settings")

    def _yaml(self, name: str) -> dict[str, Any]:
        """What is entered in a field as YAML: a line for each value."""
        text, path = self.values.get(name, "").strip(), "settings.inputs" if name == "inputs" else "settings"
        try:
            data = text_read(text) if text else {}
        except InvalidInput as problem:
            issues = [Issue(path=path, message=f"{each.path}: {each.message}") for each in problem.issues]
            raise InvalidInput(f"The {name} cannot be read; nothing was stored.", issues=issues) from problem
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            issue = Issue(path=path, message=f"Write a line for each {name.removesuffix('s')}, as `amount: 5`.")
            raise InvalidInput(f"The {name} cannot be read; nothing was stored.", issues=[issue])
        return dict(data)

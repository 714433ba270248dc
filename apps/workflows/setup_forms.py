"""The form of a guided set-up: what a person has entered so far, as the answers that `setting_up` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.permissions import ROLES, Principal
from apps.console.schemaforms import SchemaForm
from apps.datasets.selectors import datasets_recent
from apps.workflows.blueprints import Blueprint, Sample, sample_inputs, samples_here
from apps.workflows.gallery import roles_of
from apps.workflows.inputs import fields_model
from apps.workflows.setting_up import DECIDERS, SetUp, asked_inputs, values_check
from apps.workflows.trigger_forms import zones_offered

ROOT: Final = "values"
TIMES: Final = {
    "hand": ("When somebody starts it", ""),
    "workdays": ("On working days at 07:00", "0 7 * * MON-FRI"),
    "mondays": ("On Mondays at 07:00", "0 7 * * MON"),
    "months": ("On the first of each month at 07:00", "0 7 1 * *"),
    "own": ("At times of my own", ""),
}
"""When it runs, in words, with the times as `Schedule` takes them."""
VALUES_RUN: Final = "values"
"""What the first run is given: the values of the form, and no sample."""


@dataclass
class SetUpForm:
    """`entered` is flat: `title`, `values.<input>`, `when`, `cron`, `zone`, `with`. `roles` are the chosen ones."""

    blueprint: Blueprint
    entered: Mapping[str, str]
    roles: list[str]
    who: Principal
    base: dict[str, Any] = field(default_factory=dict)
    """Values to begin with, of a sample."""
    problem: Problem | None = None

    @classmethod
    def fresh(cls, blueprint: Blueprint, *, who: Principal, sample: int | None) -> SetUpForm:
        """A form to begin with, filled in with a sample where one is asked for whose data is here."""
        form = cls(blueprint, {"title": blueprint.title, "when": "hand", "zone": "UTC"}, [], who)
        form.roles = form.roles_said
        if sample is not None and sample < len(blueprint.said.samples):
            given = sample_inputs(who=who, blueprint=blueprint, sample=blueprint.said.samples[sample]) or {}
            form.base = {name: value for name, value in given.items() if name in form.asked}
        return form

    @cached_property
    def asked(self) -> dict[str, Any]:
        return asked_inputs(self.blueprint)

    @cached_property
    def schema(self) -> SchemaForm:
        """Tables and settings as fields."""
        tables = [name for name, each in self.asked.items() if each.type == "dataset"]
        offered = [(str(found.pk), found.name) for found in datasets_recent(who=self.who)] if tables else []
        return SchemaForm(
            fields_model(self.asked),
            self.entered,
            root=ROOT,
            base=self.base,
            offered={f"{ROOT}.{name}": offered for name in tables},
        )

    @property
    def roles_said(self) -> list[str]:
        """Who decides as the blueprint says; empty where it asks nobody."""
        return roles_of(self.blueprint.definition)

    @property
    def roles_offered(self) -> list[dict[str, Any]]:
        """The roles that may be asked, each with whether it is chosen."""
        return [{"key": key, "role": ROLES[key], "chosen": key in self.roles} for key in DECIDERS]

    @cached_property
    def samples(self) -> list[tuple[int, Sample]]:
        """The samples whose data is here, with their numbers."""
        here = {sample.title for sample, _ in samples_here(who=self.who, blueprint=self.blueprint)}
        return [(n, each) for n, each in enumerate(self.blueprint.said.samples) if each.title in here]

    @property
    def when(self) -> str:
        return self.entered.get("when", "hand")

    @property
    def times(self) -> list[tuple[str, str]]:
        return [(key, said) for key, (said, _) in TIMES.items()]

    @property
    def zones(self) -> list[str]:
        return zones_offered()

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong with what is no input, by field."""
        found: dict[str, str] = {}
        for issue in self._issues:
            first, _, rest = issue.path.partition(".")
            if first == "schedule" and rest.split(".")[0] == "zone":
                first = "zone"
            found.setdefault(first or "form", issue.message.replace("Value error, ", ""))
        return found

    def answers(self, *, runs_now: bool) -> SetUp:
        """What is entered, as the answers: published and run at once, or a draft. Raises `InvalidInput`."""
        with_ = self.entered.get("with", VALUES_RUN)
        given = {
            "title": self.entered.get("title", "").strip(),
            "values": values_check(self.blueprint.definition, self.schema.data()),
            "roles": self._roles(),
            "schedule": self._schedule(),
            "publish": runs_now,
            "run": runs_now,
            "sample": int(with_) if runs_now and with_.isdecimal() and len(with_) < 4 else None,
        }
        try:
            return SetUp.model_validate(given)
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        told = [each.model_copy(update={"path": _field_of(each.path)}) for each in problem.issues]
        self._issues[:] = told
        self.schema.refused([each for each in told if each.path.startswith(f"{ROOT}.")])

    def __post_init__(self) -> None:
        self._issues: list[Issue] = []

    def _roles(self) -> list[str]:
        """Raises `InvalidInput` where nobody is left who decides."""
        if not self.roles_said:
            return []
        if not self.roles:
            issue = Issue(path="roles", message="Somebody has to decide: choose a role at least.")
            raise InvalidInput("Nobody would be asked; nothing was made.", issues=[issue])
        return self.roles

    def _schedule(self) -> dict[str, str] | None:
        _, cron = TIMES.get(self.when, TIMES["hand"])
        if self.when == "own":
            cron = self.entered.get("cron", "").strip()
            if not cron:
                issue = Issue(path="schedule", message="Write five parts: minute, hour, day, month, weekday.")
                raise InvalidInput("It is not told when it runs; nothing was made.", issues=[issue])
        return {"cron": cron, "zone": self.entered.get("zone", "").strip() or "UTC"} if cron else None


def _field_of(path: str) -> str:
    """Where on the form an issue belongs: inputs of a run and of a definition are its values."""
    for before in ("inputs.", "settings.inputs."):
        if path.startswith(before):
            return f"{ROOT}.{path.removeprefix(before)}"
    return path

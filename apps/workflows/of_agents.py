"""A workflow of one step that is an agent with an input: what "Use in a workflow" and "On a schedule" begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from django.db import transaction
from pydantic import ValidationError

from apps.accounts.models import User
from apps.agents import selectors as agents
from apps.agents.contract import Agent
from apps.common.errors import InvalidInput, Issue, NotFound, Problem
from apps.common.permissions import Principal
from apps.console.schemaforms.texts import json_object
from apps.workflows import defining, starting
from apps.workflows.definition import Definition
from apps.workflows.models import Workflow
from apps.workflows.overview import next_times
from apps.workflows.selectors import names_taken
from apps.workflows.store import CLOCK
from apps.workflows.triggers import Schedule

STEP: Final = "look"
TIMES_SHOWN: Final = 3
OFTEN: Final = [
    ("day", "Every day"),
    ("workday", "Every working day, Monday to Friday"),
    ("week", "Every week"),
    ("month", "Every month, on its first day"),
    ("hour", "Every hour"),
    ("cron", "As a cron expression says"),
]
DAYS: Final = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Given:
    """An agent with the input that a workflow is to give it."""

    agent: Agent[Any, Any, Any]
    data: dict[str, Any]
    told: str
    """Where the input comes from, for people."""


def given_of(*, who: Principal, key: str, query: Mapping[str, str]) -> Given:
    """The agent with what a query names: a `run` of it by number, or an `input` as JSON; else its first example.

    Raises `NotFound` for an agent or a run that is not here, `InvalidInput` for an input that is none.
    """
    agent = agents.agent_get(who=who, key=key)
    number = query.get("run", "")
    if number:
        run = agents.run_get(who=who, number=int(number) if number.isdecimal() and len(number) < 18 else 0)
        if run.agent_key != agent.key:
            raise NotFound(f"That run is not one of {agent.title}.", remedy="Begin from one of its own runs.")
        return Given(agent, run.input, f"As in {run.ref}")
    if text := query.get("input", ""):
        return Given(agent, json_object(text), "As it was entered")
    if agent.examples:
        return Given(agent, agent.examples[0].input, f"The example “{agent.examples[0].title}”")
    return Given(agent, {}, "Nothing")


def definition_of(given: Given, *, name: str = "", title: str = "") -> Definition:
    """A workflow of one step. Raises `InvalidInput` for a name or a title that it cannot have."""
    agent = given.agent
    content = {
        "name": name or name_free(agent.key.rpartition(".")[2].replace("_", "-")),
        "title": title or agent.title,
        "description": agent.summary,
        "steps": {STEP: {"kind": "agent", "title": agent.title, "agent": agent.key, "input": _literal(given.data)}},
    }
    try:
        return Definition.model_validate(content)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def name_free(wanted: str) -> str:
    """The name, or the first of `name-2`, `name-3`, ... that no workflow has. One statement."""
    taken = names_taken(wanted)
    return next(name for n in range(1, len(taken) + 2) if (name := wanted if n == 1 else f"{wanted}-{n}") not in taken)


def _literal(value: Any) -> Any:
    """A value that means itself in a definition: what would be a reference is written as text."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {name: _literal(part) for name, part in value.items()}
    return [_literal(part) for part in value] if isinstance(value, list) else value


@dataclass
class ScheduleForm:
    """How often an agent is to look, as entered: `often` with what belongs to it, the name and the title."""

    given: Given
    values: dict[str, str]
    problem: Problem | None = None
    said: str = ""
    times: list[str] = field(default_factory=list)

    @classmethod
    def fresh(cls, given: Given) -> Self:
        definition = definition_of(given)
        common = {"often": "workday", "time": "07:00", "day": "0", "zone": "UTC", "cron": "0 7 * * MON-FRI"}
        return cls(given, {**common, "name": definition.name, "title": definition.title})

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by field."""
        found: dict[str, str] = {}
        for issue in self.problem.issues if self.problem else []:
            place = "cron" if issue.path in {"", "settings"} else issue.path.rpartition(".")[2]
            found.setdefault(place, issue.message.removeprefix("Value error, "))
        return found

    @property
    def cron(self) -> str:
        """The expression. Raises `InvalidInput` for a time that is none."""
        often = self.values.get("often", "")
        if often == "cron":
            return self.values.get("cron", "").strip()
        if often == "hour":
            return "0 * * * *"
        found = _TIME.fullmatch(self.values.get("time", "").strip())
        if found is None:
            raise _wrong("time", "Write the time as 07:30, from 00:00 to 23:59.")
        at, day = f"{int(found[2])} {int(found[1])}", self.values.get("day", "0")
        weekday = DAYS[int(day) if day in set("0123456") else 0][:3].upper()
        return {
            "workday": f"{at} * * MON-FRI",
            "week": f"{at} * * {weekday}",
            "month": f"{at} 1 * *",
        }.get(often, f"{at} * * *")

    def schedule(self) -> Schedule:
        """Raises `InvalidInput`."""
        try:
            return Schedule(cron=self.cron, zone=self.values.get("zone", "").strip())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def look(self) -> None:
        """Work out when it would start runs: keeps that in words, or what is wrong."""
        try:
            told = self.schedule()
        except Problem as problem:
            self.problem = problem
            return
        self.said, self.times = told.told(), next_times(told, told.following(CLOCK.now()), TIMES_SHOWN)

    @transaction.atomic
    def make(self, *, who: Principal, user: User) -> Workflow:
        """Make the workflow, publish it and have the schedule start it: all of it, or nothing.

        Raises `InvalidInput`, `Conflict` where the name is taken, and as the agent does for an input it cannot use.
        """
        schedule = self.schedule()
        name, title = self.values.get("name", "").strip(), self.values.get("title", "").strip()
        if not name:
            raise _wrong("name", "Give it a name: small letters, digits and hyphens.")
        definition = definition_of(self.given, name=name, title=title)
        workflow = defining.workflow_create(who=who, user=user, definition=definition)
        defining.workflow_publish(who=who, user=user, workflow=workflow, note="Made for a schedule")
        workflow.refresh_from_db()
        settings = schedule.model_dump(mode="json", exclude_defaults=True)
        starting.trigger_create(who=who, user=user, workflow=workflow, kind=Schedule.key, settings=settings)
        return workflow


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput(
        "It cannot be scheduled like this; nothing was stored.", issues=[Issue(path=field, message=message)]
    )

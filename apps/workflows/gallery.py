"""What people are told of a blueprint before they use it: what it needs and whether that is there, and its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_MANAGE
from apps.agents.finding import agent_shown, is_here
from apps.common.actions import ACTIONS
from apps.common.industries import industries
from apps.common.permissions import ROLES, Principal
from apps.datasets.permissions import DATASETS_UPLOAD, DATASETS_VIEW
from apps.datasets.selectors import datasets_query
from apps.workflows.blueprints import Blueprint, blueprints_list
from apps.workflows.conditions import condition_sentence
from apps.workflows.definition import Definition, Step
from apps.workflows.durations import duration_words
from apps.workflows.graphs import title_of
from apps.workflows.kinds.act import Act
from apps.workflows.kinds.approval import Approval
from apps.workflows.kinds.branch import Branch, Parallel, Switch
from apps.workflows.kinds.outward import AgentStep, Http, SubWorkflow, Wait
from apps.workflows.kinds.stop import Stop
from apps.workflows.kinds.transform import Transform

State = Literal["there", "missing", "asked"]
PERSON: Final = "person"
OUTSIDE: Final = "outside"
NEEDS: Final = {PERSON: "A person who decides", OUTSIDE: "An address outside"}
"""What a blueprint can be looked for by, besides its agents."""
_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")
_LONGEST: Final = 4


@dataclass(frozen=True)
class Need:
    """One thing that must be there. `asked`: it is given when the blueprint is set up."""

    title: str
    text: str
    icon: str
    state: State
    url: str = ""
    action: str = ""
    """What is behind `url`, in words."""


@dataclass
class Here:
    """What of the needs of blueprints the current tenant has, as far as `who` may see: each is asked for once, where
    one of them needs it, however many they are."""

    who: Principal

    @cached_property
    def has_tables(self) -> bool:
        return self.who.can(DATASETS_VIEW) and datasets_query(who=self.who).exists()

    @cached_property
    def roles(self) -> frozenset[str]:
        """Those that active members have."""
        return frozenset(User.objects.filter(is_active=True).values_list("role", flat=True).order_by().distinct())


@dataclass(frozen=True)
class ToldStep:
    name: str
    title: str
    kind: str
    icon: str
    text: str
    """What it does, in a sentence."""


@dataclass(frozen=True)
class Narrow:
    """What is looked for in the gallery. Empty: everything."""

    search: str = ""
    industry: str = ""
    need: str = ""
    """A key of `NEEDS`, or that of an agent."""

    def fits(self, blueprint: Blueprint) -> bool:
        if self.industry and blueprint.industry != self.industry:
            return False
        if self.need and self.need not in needs_of(blueprint):
            return False
        return all(word in _words_of(blueprint) for word in self.search.lower().split())


def gallery_list(*, who: Principal, narrow: Narrow) -> list[Blueprint]:
    """The blueprints of the current tenant's industries that are looked for. No statement."""
    return [each for each in blueprints_list(who=who) if narrow.fits(each)]


def needs_of(blueprint: Blueprint) -> list[str]:
    """By what it is found: the keys of its agents, and of `NEEDS`."""
    steps = blueprint.definition.steps.values()
    found = [PERSON] if any(isinstance(step, Approval) for step in steps) else []
    return [*blueprint.agents, *found, *([OUTSIDE] if any(isinstance(step, Http) for step in steps) else [])]


def needs_here(*, here: Here, blueprint: Blueprint) -> list[Need]:
    """What it needs and whether the current tenant has it, what is missing first. Two statements at most, for all
    blueprints that are asked for with the same `here`."""
    found = [*_agents(blueprint), *_datasets(here, blueprint), *_people(here, blueprint), *_outside(blueprint)]
    return sorted(found, key=lambda need: need.state != "missing")


def steps_told(definition: Definition) -> list[ToldStep]:
    """The steps in the order in which people read them, each in a sentence."""
    return [
        ToldStep(name, title_of(name, step), step.label, step.icon, _told(definition, step))
        for name, step in definition.steps.items()
    ]


def _words_of(blueprint: Blueprint) -> str:
    said = blueprint.said
    agents = (agent_shown(key) for key in blueprint.agents)
    titles = [agent.title for agent in agents if agent]
    told = [blueprint.key, blueprint.title, said.summary, *said.needs, *blueprint.definition.tags, *titles]
    return " ".join([*told, industries()[blueprint.industry].title]).lower()


# ------------------------------------------------------------------------------------------------------------- needs


def _agents(blueprint: Blueprint) -> Iterator[Need]:
    for key in blueprint.agents:
        agent = agent_shown(key)
        if agent is not None and is_here(agent):
            url = reverse("agents:agent", args=[key])
            yield Need(agent.title, "The agent is enabled here.", agent.icon, "there", url, "Its page")
        else:
            industry = industries().get(key.partition(".")[0])
            pack = f"the pack {industry.title}" if industry else "a pack that is not installed"
            text = f"The agent comes with {pack}: have the operator enable it for your organisation."
            yield Need(agent.title if agent else key, text, "robot", "missing")


def _datasets(here: Here, blueprint: Blueprint) -> Iterator[Need]:
    wanted = {name: each for name, each in blueprint.definition.inputs.items() if each.type == "dataset"}
    if not wanted:
        return
    who, there = here.who, here.has_tables
    url = reverse("datasets:datasets") if who.can(DATASETS_VIEW) else ""
    for name, each in wanted.items():
        title = each.title or name.replace("_", " ").capitalize()
        about = each.description or "A table."
        if there:
            text = f"{about} Choose the table when you set it up."
            yield Need(title, text, "database", "asked", url, "See your data")
        elif who.can(DATASETS_UPLOAD):
            text = f"{about} There is no table yet: upload one, or load the sample data."
            yield Need(title, text, "database", "missing", url, "Upload a table")
        else:
            text = f"{about} There is none that you may see: ask somebody who uploads data."
            yield Need(title, text, "database", "missing")


def _people(here: Here, blueprint: Blueprint) -> Iterator[Need]:
    roles = roles_of(blueprint.definition)
    if not roles:
        return
    titles = " or ".join(ROLES[role].title.lower() for role in roles)
    url = reverse("accounts:members") if here.who.can(MEMBERS_MANAGE) else ""
    if here.roles.intersection(roles):
        text = f"Of the role {titles}; you choose which when you set it up."
        yield Need("Somebody who decides", text, "user-check", "asked", url, "See the members")
    else:
        text = f"Nobody here has the role {titles}: invite somebody, or choose another role when you set it up."
        yield Need("Somebody who decides", text, "user-check", "missing", url, "Invite somebody")


def _outside(blueprint: Blueprint) -> Iterator[Need]:
    for name, step in blueprint.definition.steps.items():
        if isinstance(step, Http):
            text = "It sends a message where you give an address by HTTPS; without one nothing leaves the house."
            yield Need(title_of(name, step), text, step.icon, "asked")


def roles_of(definition: Definition) -> list[str]:
    """The roles whose members its questions are for, each once."""
    asked = (step.roles for step in definition.steps.values() if isinstance(step, Approval))
    return list(dict.fromkeys(role for roles in asked for role in roles))


# ------------------------------------------------------------------------------------------------------------- words


def _told(definition: Definition, step: Step) -> str:
    text = step.description or _does(definition, step)
    if step.for_each is not None:
        text = f"For each item of a list: {text[:1].lower()}{text[1:]}"
    if step.when is not None:
        text = f"Only if {condition_sentence(step.when)}: {text[:1].lower()}{text[1:]}"
    return text


def _does(definition: Definition, step: Step) -> str:
    if isinstance(step, AgentStep):
        agent = agent_shown(step.agent)
        return f"{agent.title if agent else step.agent} looks at the data and reports."
    if isinstance(step, Approval):
        asked = " or ".join(ROLES[role].title.lower() for role in step.roles) or "people who are named"
        return f"Asks {asked}, for {duration_words(step.answer_within)} at most: “{_plain(step.question)}”"
    if isinstance(step, Branch):
        cases = [f"if {condition_sentence(case.when)}: {_names(definition, case.go)}" for case in step.cases]
        rest = f"otherwise: {_names(definition, step.otherwise)}" if step.otherwise else "otherwise it goes on"
        told = "; ".join([*cases, rest])
        return f"{told[:1].upper()}{told[1:]}."
    if isinstance(step, Switch):
        cases = [f"{value or 'nothing'}: {_names(definition, go)}" for value, go in step.cases.items()]
        rest = f"otherwise: {_names(definition, step.otherwise)}" if step.otherwise else "otherwise it goes on"
        return f"Goes by {_plain(step.of)}. {'; '.join([*cases, rest])}."
    if isinstance(step, Parallel):
        return f"At the same time: {_names(definition, step.go)}."
    return _does_other(step)


def _does_other(step: Step) -> str:
    if isinstance(step, Transform):
        names = [name.replace("_", " ") for name in step.set]
        more = f" and {len(names) - _LONGEST} more" if len(names) > _LONGEST else ""
        return f"Works out {', '.join(names[:_LONGEST])}{more}."
    if isinstance(step, Stop):
        return f"Ends the run as {step.as_}, with the reason: “{_plain(step.reason)}”"
    if isinstance(step, Http):
        return f"Sends {step.method} to {_plain(step.url)}, with a key that keeps it from being done twice."
    if isinstance(step, Wait):
        until = f"for {duration_words(step.duration)}" if step.duration is not None else f"until {_plain(step.until)}"
        return f"Waits {until}, and holds no worker."
    if isinstance(step, Act):
        kinds = (ACTIONS[kind].title.lower() for kind in step.kinds)
        return f"Does what the agent proposed: {', '.join(kinds)}, with the rights of whose run it is."
    if isinstance(step, SubWorkflow):
        return f"Runs the workflow {step.workflow}, and goes on with what it gives."
    return f"{step.label}."


def _names(definition: Definition, names: list[str]) -> str:
    return ", ".join(title_of(name, definition.steps[name]) for name in names) or "nothing"


def _plain(value: Any) -> str:
    """A value as text in which what it refers to stands by its words."""
    if not isinstance(value, str):
        return "a computed value"
    return _REFERENCE.sub(lambda found: f"[{re.split(r'[.]', found[1])[-1].replace('_', ' ')}]", value)

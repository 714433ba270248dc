"""Workflows that industries bring: a file in the folder `blueprints` of an industry is one, ready to be made one's own.

A file holds the definition and what people want to know before they use it. The samples work on the generated data of
the industry's demonstration, and every one of them runs in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from django.db import transaction
from pydantic import Field, ValidationError, model_validator

from apps.accounts.models import User
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.industries import industries
from apps.common.permissions import Principal, demand
from apps.common.schemas import StrictModel
from apps.common.yamls import line_of, text_read
from apps.datasets.permissions import DATASETS_VIEW
from apps.datasets.selectors import datasets_query
from apps.tenants.context import current_tenant
from apps.workflows import defining
from apps.workflows.checking import definition_check
from apps.workflows.definition import Definition, Name
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.models import Workflow
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.pictures import Picture, picture_of
from apps.workflows.selectors import TenantCatalogue

FOLDER: Final = "blueprints"
LONGEST_NAME: Final = 60


class Sample(StrictModel):
    """Inputs that work on the demonstration's data. A dataset is given by its name there."""

    title: str = Field(min_length=1, max_length=100)
    inputs: dict[Name, Any] = {}
    ends: Literal["succeeded", "waiting", "failed"] = Field(
        default="succeeded", description="How its run stands when nobody has answered anything."
    )


class WidgetFile(StrictModel):
    """What of the outputs of its latest run stands on the dashboard of the industry, as bars."""

    title: str = Field(min_length=1, max_length=60)
    list: Name = Field(description="The output that is a list of objects.")
    label: Name = Field(description="The field of each that names it.")
    value: Name = Field(description="The field of each that is its number.")
    unit: str = Field(default="", max_length=20)
    limit: float | None = Field(default=None, description="What lies beyond it is marked.")
    least: bool = Field(default=False, description="Whether the limit is the least that is good, not the most.")
    beyond: str = Field(default="beyond the limit", max_length=60, description="How that is called.")
    empty: str = Field(min_length=1, max_length=120, description="What an empty list says.")


class BlueprintFile(StrictModel):
    """What a file says."""

    summary: str = Field(min_length=1, max_length=300, description="What it is for, in a sentence or two.")
    needs: list[str] = Field(min_length=1, max_length=10, description="What must be there for it to be of use.")
    settings: list[Name] = Field(
        default=[], max_length=12, description="Inputs that are decided once: the guided set-up asks for them."
    )
    widget: WidgetFile | None = None
    samples: list[Sample] = Field(min_length=1, max_length=10)
    workflow: Definition

    @model_validator(mode="after")
    def names_fit(self) -> Self:
        for name in self.settings:
            if name not in self.workflow.inputs:
                raise ValueError(f"`settings` names {name!r}, which the workflow does not take.")
        if self.widget is not None and self.widget.list not in self.workflow.outputs:
            raise ValueError(f"`widget.list` names {self.widget.list!r}, which the workflow does not give.")
        for n, sample in enumerate(self.samples):
            if unknown := sample.inputs.keys() - self.workflow.inputs.keys():
                raise ValueError(f"`samples.{n}` gives {min(unknown)!r}, which the workflow does not take.")
        return self


@dataclass(frozen=True)
class Blueprint:
    """One file: `<industry>.weekly_review` is `weekly_review.yaml` of that industry."""

    key: str
    industry: str
    said: BlueprintFile

    @property
    def definition(self) -> Definition:
        return self.said.workflow

    @property
    def title(self) -> str:
        return self.definition.title

    @cached_property
    def picture(self) -> Picture:
        return picture_of(self.definition)

    @property
    def agents(self) -> list[str]:
        """Keys of the agents that it has work."""
        called = (step.agent for step in self.definition.steps.values() if isinstance(step, AgentStep))
        return list(dict.fromkeys(called))

    @property
    def kinds(self) -> list[str]:
        """What its steps are, in order, each kind once and in the words of people."""
        return list(dict.fromkeys(step.label for step in self.definition.steps.values()))


@cache
def blueprints() -> dict[str, Blueprint]:
    """Every blueprint of the installed industries by key. Raises `InvalidInput` with file and line of a wrong one."""
    found = (each for config in industries().values() for each in _of(config.label, Path(config.path, FOLDER)))
    return {each.key: each for each in found}


def blueprints_list(*, who: Principal) -> list[Blueprint]:
    """The blueprints of the industries of the current tenant, by industry and key."""
    demand(who, WORKFLOWS_VIEW)
    return [each for each in blueprints().values() if each.industry in current_tenant().industries]


def blueprint_get(*, who: Principal, key: str) -> Blueprint:
    """One of them. Raises `NotFound`."""
    found = next((each for each in blueprints_list(who=who) if each.key == key), None)
    if found is None:
        raise NotFound(f"There is no blueprint {key!r} in your industries.", remedy="See the list of blueprints.")
    return found


def blueprint_lacks(blueprint: Blueprint) -> list[str]:
    """What stands against its use in the current tenant, such as an agent that is not enabled; empty: nothing."""
    try:
        definition_check(blueprint.definition, TenantCatalogue())
    except InvalidInput as problem:
        return [issue.message for issue in problem.issues]
    return []


@transaction.atomic
def blueprint_use(*, who: Principal, user: User | None, key: str, is_demo: bool = False) -> Workflow:
    """Make a workflow of a blueprint, as a draft, under its name or the next one that is free.

    Raises `NotFound`, and as `workflow_create` does.
    """
    demand(who, WORKFLOWS_EDIT)
    definition = blueprint_get(who=who, key=key).definition
    free = definition.model_copy(update={"name": name_free(definition.name)})
    return defining.workflow_create(who=who, user=user, definition=free, is_demo=is_demo)


def name_free(name: str) -> str:
    """The name itself, or with the lowest number that no workflow has."""
    taken = set(Workflow.objects.filter(name__startswith=name[: LONGEST_NAME - 5]).values_list("name", flat=True))
    numbered = (f"{name[: LONGEST_NAME - 5]}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def sample_inputs(*, who: Principal, blueprint: Blueprint, sample: Sample) -> dict[str, Any] | None:
    """The inputs of a sample in the current tenant; None where the demonstration's data is not there to be seen."""
    return _inputs(blueprint, sample, _demo_tables(who, set(_tables(blueprint, sample).values())))


def samples_here(*, who: Principal, blueprint: Blueprint) -> list[tuple[Sample, dict[str, Any]]]:
    """The samples whose data is in the current tenant, and may be seen, each with its inputs there. One statement."""
    named = {each for sample in blueprint.said.samples for each in _tables(blueprint, sample).values()}
    there = _demo_tables(who, named)
    found = ((each, _inputs(blueprint, each, there)) for each in blueprint.said.samples)
    return [(sample, inputs) for sample, inputs in found if inputs is not None]


def _tables(blueprint: Blueprint, sample: Sample) -> dict[str, str]:
    """The datasets that a sample names, by input."""
    inputs = blueprint.definition.inputs
    return {name: each for name, each in sample.inputs.items() if inputs[name].type == "dataset"}


def _demo_tables(who: Principal, named: Set[str]) -> dict[str, str]:
    """Those of the demonstration's datasets that are here and may be seen: their ids by name."""
    if not named or not who.can(DATASETS_VIEW):
        return {}
    found = datasets_query(who=who).filter(is_demo=True, name__in=named)
    return {name: str(id) for name, id in found.values_list("name", "id")}


def _inputs(blueprint: Blueprint, sample: Sample, there: Mapping[str, str]) -> dict[str, Any] | None:
    tables = _tables(blueprint, sample)
    if not there.keys() >= set(tables.values()):
        return None
    return {**sample.inputs, **{name: there[each] for name, each in tables.items()}}


def samples_for(*, who: Principal, definition: Definition) -> list[tuple[Sample, dict[str, Any]]]:
    """The samples here of the blueprint whose inputs a definition has: those that a workflow made of it can be tried
    with, whatever it is called by now. One statement where there is such a blueprint."""
    taken = {name: each.type for name, each in definition.inputs.items()}
    if not taken:
        return []
    for blueprint in blueprints_list(who=who):
        if {name: each.type for name, each in blueprint.definition.inputs.items()} == taken:
            return samples_here(who=who, blueprint=blueprint)
    return []


def _of(industry: str, folder: Path) -> Iterator[Blueprint]:
    for file in sorted(folder.glob("*.yaml")):
        yield Blueprint(f"{industry}.{file.stem}", industry, blueprint_read(file))


def blueprint_read(file: Path) -> BlueprintFile:
    """What a file says. Raises `InvalidInput` with file and line for each thing that is wrong."""
    text = file.read_text(encoding="utf-8")
    try:
        return BlueprintFile.model_validate(text_read(text))
    except ValidationError as error:
        issues = InvalidInput.from_pydantic(error).issues
        places = [f"{file.name}:{line_of(text, issue.path) or 1} {issue.path}".strip() for issue in issues]
        told = [Issue(path=place, message=issue.message) for place, issue in zip(places, issues, strict=True)]
        raise InvalidInput(f"The blueprint {file} cannot be used.", issues=told) from error

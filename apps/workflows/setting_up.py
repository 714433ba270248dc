"""A blueprint made one's own by a few answers: its name, what it works on, its thresholds, who decides, when it runs.

The answers become part of the definition (defaults of inputs, roles of questions) and a trigger; from there on it is a
workflow like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from django.db import transaction
from pydantic import Field, field_validator, model_validator

from apps.accounts.models import User
from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import ROLES, Principal, codes_of, demand
from apps.common.schemas import StrictModel
from apps.workflows import defining, services, starting
from apps.workflows.blueprints import Blueprint, blueprint_get, name_free, sample_inputs
from apps.workflows.definition import Definition, InputField, Name, definition_dump, definition_parse
from apps.workflows.inputs import fields_model, inputs_model, inputs_validate
from apps.workflows.kinds.approval import Approval
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_EDIT, WORKFLOWS_RUN
from apps.workflows.triggers import Schedule

DECIDERS: Final = [role for role in ROLES if APPROVALS_DECIDE in codes_of(role)]
"""The roles that may be asked."""


class SetUp(StrictModel):
    """What is answered. All of it may be left out: then the workflow is made as the blueprint says."""

    title: str = Field(default="", max_length=100, description="How it is called; left out, as the blueprint.")
    values: dict[Name, Any] = Field(
        default={}, max_length=50, description="What inputs are where a run says nothing of them, by name."
    )
    roles: list[str] = Field(default=[], max_length=10, description="Who decides; left out, as the blueprint says.")
    schedule: Schedule | None = Field(default=None, description="When it runs by itself; left out, it does not.")
    publish: bool = Field(default=False, description="Whether it is published at once; else it is a draft.")
    run: bool = Field(default=False, description="Whether a run is started at once, which takes that it is published.")
    sample: int | None = Field(
        default=None, ge=0, description="The run is given this one of the blueprint's samples: its number, from 0."
    )

    @field_validator("roles")
    @classmethod
    def may_decide(cls, roles: list[str]) -> list[str]:
        if wrong := [role for role in roles if role not in DECIDERS]:
            raise ValueError(f"{wrong[0]!r} may not decide: use some of {', '.join(DECIDERS)}.")
        return roles

    @model_validator(mode="after")
    def publishes_what_it_runs(self) -> Self:
        if self.run and not self.publish:
            raise ValueError("A draft cannot be run: let it be published (`publish`), or start no run.")
        if self.sample is not None and not self.run:
            raise ValueError("`sample` is what a run is given: let one be started (`run`).")
        return self


@dataclass(frozen=True)
class Made:
    workflow: Workflow
    run: WorkflowRun | None = None


@transaction.atomic
def blueprint_set_up(*, who: Principal, user: User | None, key: str, answers: SetUp, origin: str = "console") -> Made:
    """Make a workflow of a blueprint by these answers: all of it, or nothing.

    Raises `NotFound`; `InvalidInput` with an issue for each answer that does not fit; and as `workflow_create`,
    `trigger_create` and `run_start` do.
    """
    demand(who, WORKFLOWS_EDIT)
    blueprint = blueprint_get(who=who, key=key)
    definition = definition_set_up(blueprint, answers)
    workflow = defining.workflow_create(who=who, user=user, definition=definition)
    if answers.publish:
        defining.workflow_publish(who=who, user=user, workflow=workflow, note=f"Set up from {blueprint.title}"[:200])
        workflow.refresh_from_db()
    if answers.schedule is not None:
        _runs_by_itself(definition)
        settings = answers.schedule.model_dump(mode="json", exclude_defaults=True)
        starting.trigger_create(who=who, user=user, workflow=workflow, kind=Schedule.key, settings=settings)
    if not answers.run:
        return Made(workflow)
    demand(who, WORKFLOWS_RUN)
    data = _inputs_of(who, blueprint, answers)
    run = services.run_start(who=who, user=user, workflow=workflow, data=data, origin=origin)
    run.refresh_from_db(fields=["number"])  # the database gives it
    return Made(workflow, run)


def definition_set_up(blueprint: Blueprint, answers: SetUp) -> Definition:
    """The definition of a blueprint with these answers in it. Raises `InvalidInput`."""
    given = values_check(blueprint.definition, answers.values)
    said = definition_dump(blueprint.definition)
    said["title"] = answers.title.strip() or blueprint.title
    said["name"] = name_free(blueprint.definition.name)  # by which its samples and its widget are found
    for name, value in given.items():
        said["inputs"][name]["default"] = value
    if answers.roles:
        for name, step in blueprint.definition.steps.items():
            if isinstance(step, Approval):
                said["steps"][name]["roles"] = answers.roles
    return definition_parse(said)


def values_check(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as inputs keep them, without those that say nothing. Raises `InvalidInput` by the inputs' names."""
    told = {name: value for name, value in values.items() if value is not None and value != ""}
    asked = fields_model({name: each for name, each in definition.inputs.items() if name in told})
    return inputs_validate(asked, told, path="values")


def asked_inputs(blueprint: Blueprint) -> dict[str, InputField]:
    """What a set-up asks for: its tables, then what the blueprint declares as settings. None of it has to be given."""
    inputs = blueprint.definition.inputs
    names = [name for name, each in inputs.items() if each.type == "dataset"]
    asked = dict.fromkeys([*names, *blueprint.said.settings])
    return {name: inputs[name].model_copy(update={"required": False}) for name in asked}


def _runs_by_itself(definition: Definition) -> None:
    """Raise `InvalidInput` where a schedule has nothing to give an input that needs a value."""
    model = inputs_model(definition)
    issues = [
        Issue(path=f"values.{name}", message="A schedule needs a value for it, as nobody is there to give one.")
        for name, field in model.model_fields.items()
        if field.is_required()
    ]
    if issues:
        raise InvalidInput("It cannot run by itself yet; nothing was made.", issues=issues)


def _inputs_of(who: Principal, blueprint: Blueprint, answers: SetUp) -> dict[str, Any]:
    """What the first run is given: nothing, so that the defaults count, or a sample. Raises `InvalidInput`."""
    if answers.sample is None:
        return {}
    samples = blueprint.said.samples
    sample = samples[answers.sample] if answers.sample < len(samples) else None
    inputs = sample_inputs(who=who, blueprint=blueprint, sample=sample) if sample else None
    if inputs is None:
        issue = Issue(path="sample", message="There is no such sample here: its data is missing, or not yours to see.")
        raise InvalidInput("The run cannot be started; nothing was made.", issues=[issue])
    return inputs

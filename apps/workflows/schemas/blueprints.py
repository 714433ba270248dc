"""Workflows that industries bring."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.workflows.blueprints import Blueprint, Sample, blueprint_lacks
from apps.workflows.definition import definition_dump
from apps.workflows.gallery import Here, Need, State, needs_here, roles_of
from apps.workflows.inputs import fields_model
from apps.workflows.schemas.runs import WorkflowRunOut
from apps.workflows.schemas.workflows import DEFINITION, WorkflowDetail
from apps.workflows.setting_up import SetUp, asked_inputs, definition_set_up

_REQUIREMENT: Final[dict[str, Any]] = {
    "title": "Somebody who decides",
    "text": "Of the role approver; you choose which when you set it up.",
    "state": "asked",
    "page": "",
}
_BLUEPRINT: Final[dict[str, Any]] = {
    "key": "example.top_up",
    "industry": "example",
    "title": "Top up",
    "summary": "Orders what is needed twice over, once somebody agrees.",
    "needs": ["A list of what is in stock."],
    "agents": [],
    "kinds": ["Transform", "Approval"],
    "can_be_set_up": True,
    "lacks": [],
    "requirements": [_REQUIREMENT],
}
_SAMPLE: Final[dict[str, Any]] = {"number": 0, "title": "Twelve pieces", "inputs": {"needed": 12}, "ends": "waiting"}


_VALUES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"needed": {"type": "integer", "title": "Needed"}},
    "additionalProperties": False,
}
_ANSWERS: Final[dict[str, Any]] = {
    "title": "Top up the north",
    "values": {"needed": 12},
    "roles": ["approver"],
    "schedule": {"cron": "0 7 * * MON", "zone": "Europe/London"},
    "publish": True,
}


class BlueprintRequirement(BaseModel):
    """One thing that must be there for a blueprint to be of use."""

    title: str
    text: str = Field(description="Whether it is there, and what to do where it is not.")
    state: State = Field(description="`asked`: it is given when the blueprint is set up.")
    page: str = Field(description="Path of the page of the console where it is seen to; empty: there is none for you.")

    @classmethod
    def of(cls, need: Need) -> BlueprintRequirement:
        return cls(title=need.title, text=need.text, state=need.state, page=need.url)


class BlueprintOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_BLUEPRINT]})

    key: str
    industry: str
    title: str
    summary: str = Field(description="What it is for.")
    needs: list[str] = Field(description="What must be there for it to be of use.")
    agents: list[str] = Field(description="Keys of the agents that it has work.")
    kinds: list[str] = Field(description="What its steps are, each kind once.")
    can_be_set_up: bool = Field(description="Whether nothing stands against its being set up here.")
    lacks: list[str] = Field(description="What stands against it, a sentence each, such as an agent that is not here.")
    requirements: list[BlueprintRequirement] = Field(
        description="What it needs, and whether that is here, as far as you may see: what is missing comes first."
    )

    @classmethod
    def of_tenant(cls, blueprint: Blueprint, here: Here) -> BlueprintOut:
        """One with what holds of it in the current tenant."""
        return cls.model_validate(cls._fields(blueprint, here))

    @staticmethod
    def _fields(blueprint: Blueprint, here: Here) -> dict[str, Any]:
        same = ("key", "industry", "title", "agents", "kinds")
        said = {"summary": blueprint.said.summary, "needs": blueprint.said.needs}
        lacks = blueprint_lacks(blueprint)
        needs = [BlueprintRequirement.of(each) for each in needs_here(here=here, blueprint=blueprint)]
        found = {"can_be_set_up": not lacks, "lacks": lacks, "requirements": needs}
        return {**{name: getattr(blueprint, name) for name in same}, **said, **found}


class BlueprintList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_BLUEPRINT]}]})

    items: list[BlueprintOut]


class BlueprintSample(BaseModel):
    """Inputs that work on the data of the demonstration."""

    number: int = Field(description="By which a set-up names it, as `sample`.")
    title: str
    inputs: dict[str, Any]
    ends: Literal["succeeded", "waiting", "failed"] = Field(
        description="How its run stands when nobody has answered anything."
    )


class BlueprintDetail(BlueprintOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _BLUEPRINT
                | {"definition": DEFINITION, "values_schema": _VALUES, "roles": ["approver"], "samples": [_SAMPLE]}
            ],
        }
    )

    definition: dict[str, Any] = Field(
        description="The workflow that would be made of it now, by a name that is free; without any answers."
    )
    values_schema: dict[str, Any] = Field(
        description="JSON schema of what a set-up asks for as `values`: its tables, and what is decided once."
    )
    roles: list[str] = Field(description="Who decides, where a set-up says nothing of it; empty: nobody is asked.")
    samples: list[BlueprintSample] = Field(description="Those whose data is here, and yours to see.")

    @classmethod
    def of_samples(
        cls, blueprint: Blueprint, here: Here, samples: list[tuple[Sample, dict[str, Any]]]
    ) -> BlueprintDetail:
        """One with what holds of it in the current tenant, and inputs to try it with."""
        numbers = {id(each): number for number, each in enumerate(blueprint.said.samples)}
        told = [
            {"number": numbers[id(each)], "title": each.title, "inputs": inputs, "ends": each.ends}
            for each, inputs in samples
        ]
        return cls.model_validate(
            {
                **cls._fields(blueprint, here),
                "definition": definition_dump(definition_set_up(blueprint, SetUp())),
                "values_schema": fields_model(asked_inputs(blueprint)).model_json_schema(),
                "roles": roles_of(blueprint.definition),
                "samples": told,
            }
        )


class BlueprintSetUp(SetUp):
    """What the guided set-up of the console asks, all of which may be left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWERS]})


def _example(model: type[BaseModel]) -> Any:
    told: Any = model.model_config["json_schema_extra"]
    return told["examples"][0]


class BlueprintMade(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflow": _example(WorkflowDetail), "run": _example(WorkflowRunOut)}]}
    )

    workflow: WorkflowDetail
    run: WorkflowRunOut | None = Field(description="The run that was started with it; null: none was asked for.")

"""Workflows that industries bring."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.workflows.blueprints import Blueprint, Sample
from apps.workflows.definition import definition_dump
from apps.workflows.schemas.workflows import DEFINITION

_BLUEPRINT: Final[dict[str, Any]] = {
    "key": "example.top_up",
    "industry": "example",
    "title": "Top up",
    "summary": "Orders what is needed twice over, once somebody agrees.",
    "needs": ["A list of what is in stock."],
    "agents": [],
    "kinds": ["Transform", "Approval"],
}
_SAMPLE: Final[dict[str, Any]] = {"title": "Twelve pieces", "inputs": {"needed": 12}, "ends": "waiting"}


class BlueprintOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_BLUEPRINT]})

    key: str
    industry: str
    title: str
    summary: str = Field(description="What it is for.")
    needs: list[str] = Field(description="What must be there for it to be of use.")
    agents: list[str] = Field(description="Keys of the agents that it has work.")
    kinds: list[str] = Field(description="What its steps are, each kind once.")

    @classmethod
    def of(cls, blueprint: Blueprint) -> BlueprintOut:
        return cls.model_validate(cls._fields(blueprint))

    @staticmethod
    def _fields(blueprint: Blueprint) -> dict[str, Any]:
        same = ("key", "industry", "title", "agents", "kinds")
        said = {"summary": blueprint.said.summary, "needs": blueprint.said.needs}
        return {**{name: getattr(blueprint, name) for name in same}, **said}


class BlueprintList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_BLUEPRINT]}]})

    items: list[BlueprintOut]


class BlueprintSample(BaseModel):
    """Inputs that work on the data of the demonstration."""

    title: str
    inputs: dict[str, Any]
    ends: Literal["succeeded", "waiting", "failed"] = Field(
        description="How its run stands when nobody has answered anything."
    )


class BlueprintDetail(BlueprintOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [_BLUEPRINT | {"definition": DEFINITION, "lacks": [], "samples": [_SAMPLE]}],
        }
    )

    definition: dict[str, Any] = Field(description="The workflow that is made of it.")
    lacks: list[str] = Field(description="What stands against its use here, a sentence each; empty: nothing.")
    samples: list[BlueprintSample] = Field(description="Those whose data is here, and yours to see.")

    @classmethod
    def of_tenant(
        cls, blueprint: Blueprint, *, lacks: list[str], samples: list[tuple[Sample, dict[str, Any]]]
    ) -> BlueprintDetail:
        """One with what holds of it in the current tenant."""
        told = [{"title": each.title, "inputs": inputs, "ends": each.ends} for each, inputs in samples]
        return cls.model_validate(
            {
                **cls._fields(blueprint),
                "definition": definition_dump(blueprint.definition),
                "lacks": lacks,
                "samples": told,
            }
        )

"""Workflows, their versions and what starts them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

from django.urls import reverse
from pydantic import BaseModel, ConfigDict, Field

from apps.common.errors import Issue
from apps.common.schemas import StrictModel
from apps.workflows.definition import definition_parse
from apps.workflows.differences import definition_difference
from apps.workflows.models import Trigger, Workflow, WorkflowVersion
from apps.workflows.triggers import Schedule, settings_of

NEXT_TIMES: Final = 5
"""Times of a schedule that are shown."""
ID: Final = "0192f3a4-b5c6-7d8e-9f00-112233445566"
DEFINITION: Final[dict[str, Any]] = {
    "format": 1,
    "name": "top-up",
    "title": "Top up",
    "tags": ["stock"],
    "inputs": {"needed": {"type": "integer"}},
    "steps": {
        "order": {"kind": "transform", "set": {"quantity": {"$multiply": ["${inputs.needed}", 2]}}},
        "ask": {"kind": "approval", "question": "Order ${steps.order.quantity} pieces?"},
    },
    "outputs": {"ordered": "${steps.ask.approved}"},
}
_WORKFLOW: Final[dict[str, Any]] = {
    "id": ID,
    "name": "top-up",
    "title": "Top up",
    "description": "",
    "owner": "",
    "tags": ["stock"],
    "published": 3,
    "has_draft": True,
    "is_paused": False,
    "needs_second_person": False,
    "archived_at": None,
    "seq": 8,
    "created_at": "2026-11-25T16:40:00Z",
}
_STARTS: Final[dict[str, Any]] = {
    "id": ID,
    "kind": "schedule",
    "told": "At 06:30 on Monday through Friday, Europe/Berlin time",
    "is_enabled": True,
}
_VERSION: Final[dict[str, Any]] = {
    "number": 3,
    "note": "Ask before ordering",
    "is_published": True,
    "published_by": "builder@acme.example",
    "published_at": "2026-11-25T16:40:00Z",
}
_TRIGGER: Final[dict[str, Any]] = {
    **_STARTS,
    "workflow": "top-up",
    "settings": {"cron": "30 6 * * MON-FRI", "zone": "Europe/Berlin", "inputs": {"needed": 12}},
    "address": None,
    "next_times": [{"at": "2026-11-26T06:30:00+01:00", "told": "Thursday 26 November 2026, 06:30"}],
    "fired_at": None,
    "problem": "",
    "created_at": "2026-11-25T16:40:00Z",
}
_HOOK: Final[dict[str, Any]] = _TRIGGER | {
    "kind": "webhook",
    "told": "When a signed message comes",
    "settings": {"inputs": {"needed": "${message.needed}"}},
    "address": f"/hooks/{ID}",
    "next_times": [],
    "secret": "whsec_…",
}


class WorkflowsQuery(BaseModel):
    """How the list of workflows is narrowed."""

    q: str = Field(default="", max_length=100)
    tag: str = Field(default="", max_length=60)


class WorkflowOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_WORKFLOW]})

    id: UUID
    name: str = Field(description="What addresses call it; it never changes.")
    title: str
    description: str
    owner: str = Field(description="Who answers for it: an address or a team.")
    tags: list[str]
    published: int | None = Field(description="Number of the version that new runs follow; null: none.")
    has_draft: bool = Field(description="Whether there is a draft that was not published yet.")
    is_paused: bool = Field(description="Whether triggers are kept from starting it.")
    needs_second_person: bool = Field(
        description="Whether it is published by somebody who neither wrote the draft nor asked for it."
    )
    archived_at: datetime | None = Field(description="Since when nothing starts it any more; null: it is in use.")
    seq: int = Field(description="Rises with every change.")
    created_at: datetime

    @classmethod
    def of(cls, workflow: Workflow) -> WorkflowOut:
        """One as `selectors.workflows_query` and `workflow_read` give it."""
        return cls.model_validate(cls._fields(workflow))

    @staticmethod
    def _fields(workflow: Workflow) -> dict[str, Any]:
        draft: str | None = vars(workflow)["draft_content"]
        said = json.loads(workflow.published.content if workflow.published else draft or "{}")
        same = ("id", "name", "title", "is_paused", "needs_second_person", "archived_at", "seq", "created_at")
        return {
            **{name: getattr(workflow, name) for name in same},
            **{name: said.get(name, "") for name in ("description", "owner")},
            "tags": said.get("tags", []),
            "published": workflow.published.number if workflow.published else None,
            "has_draft": draft is not None,
        }


class WorkflowStarts(BaseModel):
    """What starts a workflow by itself, in words."""

    id: UUID
    kind: str
    told: str = Field(description="In a sentence, when it starts a run.")
    is_enabled: bool

    @classmethod
    def of(cls, trigger: Trigger, /) -> WorkflowStarts:
        told = settings_of(trigger.kind, trigger.told).told()
        return cls(id=trigger.id, kind=trigger.kind, told=told, is_enabled=trigger.is_enabled)


class WorkflowDetail(WorkflowOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _WORKFLOW
                | {
                    "definition": DEFINITION,
                    "draft": None,
                    "changes": [],
                    "versions": 3,
                    "has_draft": False,
                    "triggers": [_STARTS],
                }
            ]
        }
    )

    definition: dict[str, Any] | None = Field(description="What new runs follow; null while nothing is published.")
    draft: dict[str, Any] | None = Field(description="What would be published next; null: there is no draft.")
    changes: list[str] = Field(description="What publishing the draft would change, a sentence each.")
    versions: int = Field(description="How many were published.")
    triggers: list[WorkflowStarts]

    @classmethod
    def of_triggers(cls, workflow: Workflow, triggers: list[Trigger]) -> WorkflowDetail:
        published = json.loads(workflow.published.content) if workflow.published else None
        draft = json.loads(vars(workflow)["draft_content"] or "null")
        both = published is not None and draft is not None
        told = {
            "definition": published,
            "draft": draft,
            "changes": definition_difference(definition_parse(published), definition_parse(draft)) if both else [],
            "versions": workflow.published.number if workflow.published else 0,  # each new one is published
            "triggers": [WorkflowStarts.of(each) for each in triggers],
        }
        return cls.model_validate({**cls._fields(workflow), **told})


class DefinitionIn(StrictModel):
    """What a workflow is to do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"definition": DEFINITION}]})

    definition: dict[str, Any] = Field(
        description="A workflow as `GET /api/v1/workflows/{name}` shows it. Steps run in the order that `after` says, "
        "or else in that of their names in the object."
    )


class WorkflowChecked(BaseModel):
    """A definition that nothing is wrong with."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"issues": [], "changes": ["Step `ask` was added (approval)."]}]}
    )

    issues: list[Issue] = Field(description="Empty: what is wrong is told with 422.")
    changes: list[str] = Field(description="What it would change of the draft, or else of what is published.")


class VersionOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_VERSION]})

    number: int
    note: str = Field(description="What changed, in a sentence.")
    is_published: bool = Field(description="Whether new runs follow it.")
    published_by: str | None = Field(description="Address of the member; null for a program's own.")
    published_at: datetime | None

    @classmethod
    def of(cls, version: WorkflowVersion) -> Self:
        return cls.model_validate(cls._fields(version))

    @staticmethod
    def _fields(version: WorkflowVersion) -> dict[str, Any]:
        return {
            **{name: getattr(version, name) for name in ("number", "note", "published_at")},
            "is_published": version.workflow.published_id == version.pk,
            "published_by": version.created_by.email if version.created_by else None,
        }


class VersionDetail(VersionOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_VERSION | {"definition": DEFINITION}]})

    definition: dict[str, Any]

    @classmethod
    def of(cls, version: WorkflowVersion) -> Self:
        return cls.model_validate({**cls._fields(version), "definition": json.loads(version.content)})


class DraftOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "definition": DEFINITION,
                    "saved_by": "builder@acme.example",
                    "saved_at": "2026-11-26T09:00:00Z",
                    "asked_at": None,
                }
            ]
        }
    )

    definition: dict[str, Any]
    saved_by: str | None = Field(description="Address of the member; null for a program's own.")
    saved_at: datetime
    asked_at: datetime | None = Field(description="When somebody else was asked to publish it; null: nobody was.")

    @classmethod
    def of(cls, draft: WorkflowVersion) -> Self:
        by = draft.created_by.email if draft.created_by else None
        told = json.loads(draft.content)
        return cls(definition=told, saved_by=by, saved_at=draft.saved_at, asked_at=draft.asked_at)


class DifferenceQuery(BaseModel):
    """What a version is compared with."""

    former: int | None = Field(default=None, alias="from", ge=1, le=2**31 - 1)


class VersionDifference(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"former": 2, "number": 3, "changes": ["Step `ask` was added (approval)."]}]}
    )

    former: int
    number: int
    changes: list[str] = Field(description="A sentence for each change; empty: they say the same.")


class SecondPersonIn(StrictModel):
    """Whether publishing takes a second person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"needed": True}]})

    needed: bool


class PublishIn(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Ask before ordering"}]})

    note: str = Field(default="", max_length=200, description="What changed, in a sentence.")


class RollbackIn(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 2}]})

    number: int = Field(ge=1, le=2**31 - 1, description="The version to publish again, as a new one.")


class TriggerIn(StrictModel):
    """What is to start a workflow by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "schedule", "settings": _TRIGGER["settings"]},
                {"kind": "webhook", "settings": {"inputs": {"needed": "${message.needed}"}, "answer": "now"}},
                {"kind": "workflow_end", "settings": {"workflow": "count-stock", "status": "succeeded"}},
            ]
        }
    )

    kind: str = Field(max_length=20, description="`schedule`, `webhook` or `workflow_end`.")
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="`schedule`: `cron` or `every`, `zone`, `missed` (skip, once, all). `webhook`: `answer` (now, when "
        "finished). `workflow_end`: `workflow`, `status` (any, succeeded, failed). Each: `inputs` of the run.",
    )


class TriggerChange(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": False}]})

    settings: dict[str, Any] | None = Field(default=None, description="All of them anew; left out: as they are.")
    is_enabled: bool | None = Field(default=None, description="Left out: as it is.")


class TriggerTime(BaseModel):
    """A time to come, as the clocks of the schedule's zone show it."""

    at: datetime
    told: str


class TriggerOut(WorkflowStarts):
    model_config = ConfigDict(json_schema_extra={"examples": [_TRIGGER]})

    workflow: str
    settings: dict[str, Any]
    address: str | None = Field(description="Of a webhook: where on this host messages are sent to; null otherwise.")
    next_times: list[TriggerTime] = Field(description="Of a schedule that is turned on: its next times.")
    fired_at: datetime | None = Field(description="When it last started a run, or tried to.")
    problem: str = Field(description="Why it could not start a run the last time; empty: it could.")
    created_at: datetime

    @classmethod
    def of(cls, trigger: Trigger, /, **more: str) -> Self:
        told = settings_of(trigger.kind, trigger.told)
        same = ("id", "kind", "is_enabled", "fired_at", "created_at")
        return cls.model_validate(
            {
                **{name: getattr(trigger, name) for name in same},
                "problem": trigger.problem or "",
                "told": told.told(),
                "workflow": trigger.workflow.name,
                "settings": trigger.told,
                "address": reverse("webhook", args=[trigger.id]) if trigger.kind == "webhook" else None,
                "next_times": _times(told, trigger.due_at) if isinstance(told, Schedule) else [],
                **more,
            }
        )


class TriggerMade(TriggerOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_HOOK]})

    secret: str = Field(description="What messages are signed with, shown this once; empty for all but webhooks.")


class TriggerList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_TRIGGER]}]})

    items: list[TriggerOut]


class HookAnswer(BaseModel):
    """What a webhook answers."""

    run: UUID
    ref: str
    status: Literal["queued", "running", "waiting", "paused", "undoing", "succeeded", "failed", "cancelled"]
    outputs: Any = None


def _times(schedule: Schedule, due: datetime | None) -> list[TriggerTime]:
    found: list[TriggerTime] = []
    while due is not None and len(found) < NEXT_TIMES:
        at = schedule.here(due)
        found.append(TriggerTime(at=at, told=f"{at:%A} {at.day} {at:%B %Y, %H:%M}"))
        due = schedule.following(due)
    return found

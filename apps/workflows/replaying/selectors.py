"""Reads of replays, and of what they are asked against. Each demands the permission in the call that fetches."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.workflows.definition import Definition
from apps.workflows.editing.services import edit_content
from apps.workflows.models import Replay, ReplayRun, Workflow, WorkflowEdit
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW

PAYLOADS = ("content", "asked", "summary", "problem")
_RUN = ("run__inputs", "run__outputs", "run__problem", "run__given")


@dataclass(frozen=True)
class Choice:
    """A definition that runs may be followed through."""

    key: str
    """`draft`, `edit`, or the number of a version."""
    title: str
    words: str
    """As it is told later."""


def replays_query(*, who: Principal, workflow: Workflow) -> QuerySet[Replay]:
    """The replays of a workflow, newest first, without what they follow. Evaluate it before leaving the tenant."""
    demand(who, WORKFLOWS_VIEW)
    found = Replay.objects.filter(workflow=workflow).select_related("workflow", "created_by")
    return found.defer("content", "problem")


def replay_get(*, who: Principal, id: UUID) -> Replay:
    """One of them. Raises `NotFound`."""
    demand(who, WORKFLOWS_VIEW)
    found = Replay.objects.filter(pk=id).select_related("workflow", "created_by").defer("content").first()
    if found is None:
        raise NotFound("There is no such replay here.", remedy="See the replays of the workflow.")
    return found


def replay_runs_query(*, who: Principal, replay: Replay, verdict: str = "") -> QuerySet[ReplayRun]:
    """What is told of the runs of a replay, the newest run first. Evaluate it before leaving the tenant."""
    demand(who, WORKFLOWS_VIEW)
    found = ReplayRun.objects.filter(replay=replay).select_related("run").defer(*_RUN)
    return found.filter(verdict=verdict) if verdict else found


def choices_of(*, who: Principal, user: User | None, workflow: Workflow) -> list[Choice]:
    """What runs of a workflow may be followed through: what this person is changing, the draft, and every version."""
    demand(who, WORKFLOWS_EDIT)
    found = []
    if user is not None and WorkflowEdit.objects.filter(workflow=workflow, user=user, at__gt=0).exists():
        found.append(Choice("edit", "What I am changing", "what its author was changing"))
    for version in workflow.versions.order_by("-number").values_list("number", flat=True):
        if version is None:
            found.insert(0, Choice("draft", "The draft", "the draft"))
        else:
            in_use = workflow.published is not None and workflow.published.number == version
            title = f"Version {version}{', which is in use' if in_use else ''}"
            found.append(Choice(str(version), title, f"version {version}"))
    return found


def choice_definition(*, who: Principal, user: User | None, workflow: Workflow, key: str) -> tuple[Definition, str]:
    """The definition of a choice, and how it is told. Raises `InvalidInput` for one that there is not, or that a person
    is still changing and that is not right yet."""
    choices = {choice.key: choice for choice in choices_of(who=who, user=user, workflow=workflow)}
    chosen = choices.get(key)
    if chosen is None:
        there = ", ".join(choices) or "none"
        issue = Issue(path="against", message=f"There is no {key!r} to follow runs through; there are {there}.")
        raise InvalidInput("Nothing was started.", issues=[issue])
    if key == "edit":
        edit = WorkflowEdit.objects.get(workflow=workflow, user=user)
        return edit_content(edit).parsed(), chosen.words
    number = None if key == "draft" else int(key)
    return workflow.versions.get(number=number).definition, chosen.words

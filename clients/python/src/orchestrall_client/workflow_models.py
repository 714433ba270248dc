"""What the server tells of workflows, as frozen objects: see `models`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from orchestrall_client.models import ENDED, Issue, Model


class Workflow(Model):
    """A workflow, without what it says."""

    id: UUID
    name: str
    """What addresses call it; it never changes."""
    title: str
    description: str
    owner: str
    tags: list[str]
    published: int | None
    """Number of the version that new runs follow; None: none."""
    has_draft: bool
    is_paused: bool
    needs_second_person: bool
    """Whether it is published by somebody who neither wrote the draft nor asked for it."""
    archived_at: datetime | None
    seq: int
    created_at: datetime


class Starts(Model):
    """What starts a workflow by itself, in words."""

    id: UUID
    kind: str
    told: str
    is_enabled: bool


class WorkflowDetail(Workflow):
    """A workflow with what is published of it, its draft, and what starts it."""

    definition: dict[str, Any] | None
    draft: dict[str, Any] | None
    changes: list[str]
    """What publishing the draft would change, a sentence each."""
    versions: int
    triggers: list[Starts]


class Checked(Model):
    """A definition that nothing is wrong with, and what it would change."""

    issues: list[Issue]
    changes: list[str]


class Version(Model):
    """A published version, without what it says."""

    number: int
    note: str
    is_published: bool
    published_by: str | None
    published_at: datetime | None


class VersionDetail(Version):
    definition: dict[str, Any]


class WorkflowDraft(Model):
    """What would be published next."""

    definition: dict[str, Any]
    saved_by: str | None
    saved_at: datetime
    asked_at: datetime | None
    """When somebody else was asked to publish it; None: nobody was."""


class Difference(Model):
    """What changed between two versions, a sentence for each change."""

    former: int
    number: int
    changes: list[str]


class Sample(Model):
    """Inputs that work on the data of the demonstration, and how a run of them stands before anybody has answered."""

    number: int
    """By which a set-up names it."""
    title: str
    inputs: dict[str, Any]
    ends: str


class Requirement(Model):
    """One thing that a blueprint needs: it is `there`, `missing`, or `asked` for by the set-up."""

    title: str
    text: str
    state: str
    page: str
    """Path of the page of the console where it is seen to; empty: there is none for you."""


class Blueprint(Model):
    """A workflow that an industry brings."""

    key: str
    industry: str
    title: str
    summary: str
    needs: list[str]
    agents: list[str]
    kinds: list[str]
    can_be_set_up: bool
    lacks: list[str]
    """What stands against its being set up here, a sentence each."""
    requirements: list[Requirement]
    """What it needs, and whether that is here; what is missing comes first."""


class BlueprintDetail(Blueprint):
    """A blueprint with its definition, what a set-up asks, and inputs to try it with."""

    definition: dict[str, Any]
    values_schema: dict[str, Any]
    """JSON schema of the `values` of a set-up."""
    roles: list[str]
    """Who decides, where a set-up says nothing of it."""
    samples: list[Sample]


class TriggerTime(Model):
    """A time to come, as the clocks of the schedule's zone show it."""

    at: datetime
    told: str


class Trigger(Starts):
    """What starts a workflow by itself, with its settings and its next times."""

    workflow: str
    settings: dict[str, Any]
    address: str | None
    """Of a webhook: where on the host messages are sent to."""
    next_times: list[TriggerTime]
    fired_at: datetime | None
    problem: str
    created_at: datetime


class TriggerMade(Trigger):
    """A trigger that was just made, with the secret that a webhook's messages are signed with."""

    secret: str = Field(repr=False)


class WorkflowUndoLeft(Model):
    """What remains to be undone by hand."""

    step: str
    item: int | None = None
    by: str
    detail: str


class WorkflowUndo(Model):
    """How the undoing of what the steps of a run did went."""

    done: int
    of: int
    unneeded: int = 0
    stopped: bool = False
    remains: list[WorkflowUndoLeft] = []
    more: int = 0


class WorkflowProblem(Model):
    """Why a run or a step of a workflow failed: the cause first."""

    detail: str
    step: str | None = None
    item: int | None = None
    code: str
    remedy: str = ""
    issues: list[Issue] = []
    undo: WorkflowUndo | None = None

    @property
    def told(self) -> str:
        """The cause in a line, with the step where it happened."""
        place = self.step or ""
        if self.item is not None:
            place += f" (item {self.item})"
        return f"{f'{place}: ' if place else ''}{self.detail} ({self.code})"


class WorkflowRun(Model):
    """A run of a workflow, without what it was given and gave."""

    id: UUID
    ref: str
    """The number people use: W-12."""
    workflow: str
    title: str
    version: int | None
    status: str
    """`queued`, `running`, `waiting`, `paused`, `undoing`, `succeeded`, `failed` or `cancelled`."""
    seq: int
    origin: str
    parent: UUID | None
    retry_of: UUID | None
    started_by: str | None
    cancel_requested: bool
    pause_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED


class WorkflowRunDetail(WorkflowRun):
    problem: WorkflowProblem | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    """None until it has succeeded."""


class WorkflowRunEvent(Model):
    """A change of a run of a workflow, as it is told while it happens."""

    v: int
    seq: int
    run: UUID
    ref: str
    workflow: str
    title: str
    status: str
    at: datetime

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED


class WorkflowRunOutcome(Model):
    """What became of a wish about one of many runs, in a word."""

    id: UUID
    outcome: str


class WorkflowRunRetried(WorkflowRunOutcome):
    run: WorkflowRun | None = None
    """The run that takes it up."""


class WorkflowRunMoved(WorkflowRunOutcome):
    run: WorkflowRun | None = None
    """The run that goes on in its place."""
    refusal: str = ""
    """Why it stays on its version; empty: it was moved, or is not there."""


class WorkflowRunMove(Model):
    """What becomes of the steps of a run that is moved to the newest version, by their titles."""

    version: int | None
    """The newest one; None: nothing is published."""
    kept: list[str]
    """Done, and not done again."""
    along: list[str]
    """Open, and going on as they are: questions with their answers, and waits."""
    again: list[str]
    """Begun again: other in the new version, or following from such a one."""
    refusal: str
    """Why it cannot be moved now; empty: it can."""


class WorkflowStep(Model):
    """One thing that happened to a step: that it was opened, or how a try of it ended."""

    seq: int
    step: str
    title: str
    kind: str
    item: int | None
    attempt: int
    outcome: str
    output: Any
    problem: WorkflowProblem | None
    ref: UUID | None
    """Of an opened one, the id of what carries it out: a run, an approval, a call, as `kind` says."""
    due: datetime | None
    at: datetime


class WorkflowCall(Model):
    """A request of a step to another system."""

    id: UUID
    run: UUID
    run_ref: str
    workflow: str
    step: str
    key: UUID
    is_repeatable: bool
    is_undo: bool
    method: str
    url: str
    body: Any
    status: str
    """`unknown`: it may have been carried out or not, and a person must say."""
    answer: Any
    problem: WorkflowProblem | None
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    settled_by: str | None
    note: str


class ActDone(Model):
    """An action that was carried out."""

    title: str
    kind: str
    text: str
    link: str


class ActLeft(Model):
    """An action that was proposed and not carried out."""

    title: str
    kind: str
    why: str


class WorkflowAct(Model):
    """What a step has done of what an agent proposed."""

    id: UUID
    run: UUID
    run_ref: str
    workflow: str
    step: str
    kinds: list[str]
    status: str
    """`sent`, `confirmed` or `failed`."""
    done: list[ActDone]
    left: list[ActLeft]
    problem: WorkflowProblem | None
    created_at: datetime
    ended_at: datetime | None


class BlueprintMade(Model):
    """What a set-up has made."""

    workflow: WorkflowDetail
    run: WorkflowRun | None
    """The run that was started with it."""

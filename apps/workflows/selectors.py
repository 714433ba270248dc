"""Reads of workflows, versions and runs. Each demands the permission in the call that fetches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from django.db.models import BooleanField, F, Func, JSONField, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, Lower

from apps.accounts.models import User
from apps.agents.calls import gives_schema
from apps.agents.finding import AnyAgent, agent_of, is_here
from apps.common import work
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.reading import Pointing
from apps.common.spans import created_within
from apps.workflows.asked import answerable
from apps.workflows.checking import Signature, signature_of
from apps.workflows.kinds.outward import SubWorkflow
from apps.workflows.models import (
    Approval,
    HttpCall,
    StepRun,
    Trigger,
    Workflow,
    WorkflowRun,
    WorkflowVersion,
)
from apps.workflows.performers import SCHEDULE
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_EDIT, WORKFLOWS_VIEW

Row = TypeVar("Row", bound=Model)

PAYLOADS = ("inputs", "outputs", "problem", "given")
"""Of a run: what lists leave out."""
_WORKFLOWS = Pointing(Workflow, by="name", key="published")


class TenantCatalogue:
    """What a definition may call in the current tenant: agents of its industries, and published workflows."""

    def agent(self, key: str) -> Signature | None:
        agent = agent_of(key)
        return _agent_signature(agent) if agent is not None and is_here(agent) else None

    def workflow(self, name: str) -> Signature | None:
        found = Workflow.objects.select_related("published").filter(name=name, archived_at=None).first()
        if found is None or found.published is None:
            return None
        return signature_of(found.published.definition, self)

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        by_address = {each: each.strip().lower() for each in addresses}
        found = User.objects.annotate(address=Lower("email")).filter(address__in=by_address.values())
        known = {each.email.lower() for each in found if each.can(APPROVALS_DECIDE)}
        return {each for each, address in by_address.items() if address not in known}


def workflows_list(*, who: Principal) -> list[Workflow]:
    """The workflows that are not archived, by name, with what is published of them."""
    demand(who, WORKFLOWS_VIEW)
    return list(Workflow.objects.select_related("published", "created_by").filter(archived_at=None))


def workflow_get(*, who: Principal, name: str) -> Workflow:
    """One workflow by its name. Raises `NotFound`."""
    demand(who, WORKFLOWS_VIEW)
    found = _WORKFLOWS.get(name)
    if found is None:
        raise NotFound(f"There is no workflow {name!r} here.", remedy="See the list of workflows.")
    return found


def names_taken(beginning: str) -> set[str]:
    """The names of workflows that begin so, also of archived ones: they stay theirs."""
    return set(Workflow.objects.filter(name__startswith=beginning).values_list("name", flat=True))


def workflows_query(*, who: Principal, search: str = "", tag: str = "", archived: bool = False) -> QuerySet[Workflow]:
    """The workflows that are not archived, or those that are, each with what is published and, as `draft_content`, its
    draft.

    `search` looks in name and title. Evaluate it before leaving the tenant.
    """
    found = _with_drafts(who).filter(archived_at__isnull=not archived)
    if words := search.strip():
        found = found.filter(Q(name__icontains=words) | Q(title__icontains=words))
    if tag:
        found = found.annotate(said=said_of()).filter(Q(("said__contains", {"tags": [tag]})))
    return found


def said_of() -> Cast:
    """Of rows of workflows: what each says as JSON, as it is published or else as its draft has it."""
    return Cast(Coalesce("published__content", _draft()), JSONField())


def workflow_read(*, who: Principal, name: str, lock: bool = False) -> Workflow:
    """One workflow by its name with `draft_content`, also an archived one; `lock` holds it until the transaction ends.

    Raises `NotFound`.
    """
    found = _with_drafts(who).filter(name=name)
    workflow = (found.select_for_update(of=("self",)) if lock else found).first()
    if workflow is None:
        raise NotFound(f"There is no workflow {name!r} here.", remedy="See the list of workflows.")
    return workflow


def _with_drafts(who: Principal) -> QuerySet[Workflow]:
    demand(who, WORKFLOWS_VIEW)
    return Workflow.objects.select_related("published").annotate(draft_content=_draft())


def _draft() -> Subquery:
    drafts = WorkflowVersion.objects.filter(workflow=OuterRef("pk"), number=None)
    return Subquery(drafts.values("content"))


def versions_query(*, who: Principal, name: str) -> QuerySet[WorkflowVersion]:
    """What was published of a workflow, without what it says. Raises `NotFound` where there is no such workflow."""
    workflow = workflow_get(who=who, name=name)
    published = WorkflowVersion.objects.filter(workflow=workflow).exclude(number=None)
    return published.defer("content").select_related("workflow", "created_by", "asked_by")


def callers_of(*, who: Principal, workflow: Workflow) -> list[str]:
    """The published workflows that start this one: by a step, or when they failed. By name."""
    demand(who, WORKFLOWS_VIEW)
    near = Workflow.objects.select_related("published").filter(archived_at=None).exclude(pk=workflow.pk)
    found = []
    for other in near.filter(published__content__contains=f'"{workflow.name}"'):
        assert other.published is not None  # noqa: S101  # by the filter
        definition = other.published.definition
        called = {step.workflow for step in definition.steps.values() if isinstance(step, SubWorkflow)}
        if workflow.name in called | {definition.on_failure}:
            found.append(other.name)
    return found


def version_get(*, who: Principal, workflow: Workflow, number: int | None) -> WorkflowVersion:
    """A version by its number; None: the draft, or what is published where there is no draft. Raises `NotFound`."""
    demand(who, WORKFLOWS_VIEW)
    found = workflow.versions.select_related("workflow", "created_by", "asked_by").filter(number=number).first()
    if found is None and number is None:
        found = workflow.published
    if found is None:
        raise NotFound(f"{workflow.title} has no version {number}.", remedy="See its list of versions.")
    return found


def draft_get(*, who: Principal, workflow: Workflow) -> WorkflowVersion:
    """The draft of a workflow. Raises `NotFound` where all is published."""
    demand(who, WORKFLOWS_VIEW)
    found = workflow.versions.select_related("workflow", "created_by").filter(number=None).first()
    if found is None:
        raise NotFound(f"{workflow.title} has no draft.", remedy="Read what is published of it.")
    return found


@dataclass(frozen=True)
class RunFilter:
    """What a list of runs is narrowed to; empty values do not narrow. The status ``open`` is all that has not ended."""

    status: str = ""
    workflow: str = ""
    since: datetime | None = None
    before: datetime | None = None
    search: str = ""
    """A run's number, as `W-12` or `12`, or words of its workflow's title."""

    def __bool__(self) -> bool:
        return bool(self.status or self.workflow or self.since or self.before or self.search)

    def apply(self, runs: QuerySet[WorkflowRun]) -> QuerySet[WorkflowRun]:
        if self.status:
            runs = runs.filter(status__in=WorkflowRun.OPEN if self.status == "open" else [self.status])
        if self.workflow:
            runs = runs.filter(workflow__name=self.workflow)
        if text := self.search.strip():
            number = text.upper().removeprefix("W-")
            by_number = Q(number=int(number)) if number.isdecimal() and len(number) < 18 else Q()
            runs = runs.filter(by_number or Q(workflow__title__icontains=text))
        return created_within(runs, since=self.since, before=self.before)


def runs_query(*, who: Principal, narrow: RunFilter | None = None) -> QuerySet[WorkflowRun]:
    """Runs newest first, without their payloads. Evaluate it before leaving the tenant."""
    demand(who, WORKFLOWS_VIEW)
    slim = WorkflowRun.objects.select_related("workflow", "version", "created_by")
    return (narrow or RunFilter()).apply(slim.defer(*PAYLOADS, "version__content"))


def runs_by_id(*, who: Principal, ids: Iterable[UUID]) -> dict[UUID, WorkflowRun]:
    """Those of `ids` that are runs here, by id. One statement."""
    return runs_query(who=who).in_bulk(list(ids))


def run_is_open(*, who: Principal, id: UUID) -> bool:
    """Whether a run has not ended; False where there is none. For whoever looks again and again."""
    demand(who, WORKFLOWS_VIEW)
    return WorkflowRun.objects.filter(pk=id, status__in=WorkflowRun.OPEN).exists()


def ledger_query(*, who: Principal, run: WorkflowRun) -> QuerySet[StepRun]:
    """What happened to the steps of a run, each with its run and version, but nothing of what these say.

    Evaluate it before leaving the tenant.
    """
    demand(who, WORKFLOWS_VIEW)
    rows = StepRun.objects.filter(run=run).select_related("run__version")
    return rows.defer(*(f"run__{name}" for name in PAYLOADS), "run__version__content")


def approvals_query(
    *, who: Principal, user: User, status: str = "open", mine: bool = False, run: UUID | None = None
) -> QuerySet[Approval]:
    """Questions to people: those that are `open`, `decided` or `withdrawn`; empty: all. `mine`: that `user` may answer.

    Evaluate it before leaving the tenant.
    """
    demand(who, WORKFLOWS_VIEW)
    found = with_runs(Approval.objects.select_related("decided_by"))
    if status == "decided":
        found = found.filter(decided_at__isnull=False)
    elif status:
        found = found.filter(decided_at=None, withdrawn_at__isnull=status == "open")
    if run is not None:
        found = found.filter(run=run)
    if mine:
        return found.filter(answerable(user)) if who.can(APPROVALS_DECIDE) else found.none()
    return found


def approval_get(*, who: Principal, id: UUID) -> Approval:
    """One question. Raises `NotFound`."""
    demand(who, WORKFLOWS_VIEW)
    found = with_runs(Approval.objects.select_related("decided_by")).filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such question here.", remedy="See the list of approvals.")
    return found


def calls_query(
    *,
    who: Principal,
    status: str = "",
    workflow: str = "",
    run: UUID | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[HttpCall]:
    """Requests of steps to other systems. Evaluate it before leaving the tenant."""
    demand(who, WORKFLOWS_VIEW)
    found = with_runs(HttpCall.objects.select_related("settled_by"))
    wanted = {"status": status, "run__workflow__name": workflow, "run": run}
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    return created_within(found, since=since, before=before)


def undoes() -> Func:
    """Of calls: whether their step runs only to undo another, as the version of their run says."""
    return Func(
        Cast("run__version__content", JSONField()),
        Func(F("step"), template="jsonb_build_object('s', %(expressions)s)", output_field=JSONField()),
        function="jsonb_path_exists",
        arg_joiner=", '$.steps.*.compensate ? (@ == $s)'::jsonpath, ",
        output_field=BooleanField(),
    )


def call_get(*, who: Principal, id: UUID) -> HttpCall:
    """One request of a step to another system, with `is_undo`. Raises `NotFound`."""
    found = calls_query(who=who).filter(pk=id).annotate(is_undo=undoes()).first()
    if found is None:
        raise NotFound("There is no such call here.", remedy="See the list of calls.")
    return found


def triggers_list(*, who: Principal, workflow: Workflow) -> list[Trigger]:
    """What starts a workflow by itself."""
    demand(who, WORKFLOWS_VIEW)
    return list(Trigger.objects.filter(workflow=workflow).select_related("workflow").defer("secret", "former_secret"))


def trigger_get(*, who: Principal, id: UUID, lock: bool = False) -> Trigger:
    """One trigger; `lock` holds it until the transaction ends, its work row before it (rule R5). Raises `NotFound`."""
    demand(who, WORKFLOWS_EDIT if lock else WORKFLOWS_VIEW)
    found = Trigger.objects.filter(pk=id).select_related("workflow").defer("secret", "former_secret")
    if lock:
        work.signal(SCHEDULE, id)
        found = found.select_for_update(of=("self",))
    trigger = found.first()
    if trigger is None:
        raise NotFound("There is no such trigger here.", remedy="See the triggers of the workflow.")
    return trigger


def with_runs(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Rows of runs with what is told of their run, and none of its payloads."""
    return rows.select_related("run__workflow").defer(*(f"run__{name}" for name in PAYLOADS))


def run_get(*, who: Principal, id: UUID) -> WorkflowRun:
    """One run. Raises `NotFound` where there is none in this tenant."""
    demand(who, WORKFLOWS_VIEW)
    run = WorkflowRun.objects.select_related("workflow", "version", "created_by").filter(pk=id).first()
    if run is None:
        raise NotFound("There is no such run here.", remedy="See the list of runs.")
    return run


@lru_cache(maxsize=256)
def _agent_signature(agent: AnyAgent) -> Signature:
    takes = agent.input_type.model_json_schema(mode="validation")
    return Signature(takes, gives_schema(agent))

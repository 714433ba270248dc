"""What starts workflows by itself: schedules, signed messages, the ends of other workflows."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import ValidationError

from apps.accounts.models import User
from apps.audit.actors import Actor, under
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, Problem
from apps.common.paths import NoValue
from apps.common.permissions import Platform, Principal, demand
from apps.gateway import limits
from apps.tenants.context import current_tenant
from apps.tenants.fields import sealed_for
from apps.workflows import auditing, services
from apps.workflows.inputs import inputs_issues
from apps.workflows.models import Backfill, Message, Trigger, Workflow, WorkflowRun
from apps.workflows.performers import SCHEDULE
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.store import CLOCK
from apps.workflows.triggers import TRIGGER_KINDS, Schedule, TriggerSettings, Webhook, WorkflowEnd, settings_of
from apps.workflows.values import value_compile
from apps.workflows.webhooks import message_verified, secret_new

logger = logging.getLogger(__name__)

KEPT = timedelta(days=2)
"""How long the ids of messages are kept: much longer than a message is taken at all."""


LARGEST_SETTINGS = 64 * 1024


class TenantHeld(Problem):
    code, status, title = "tenant_held", 503, "The organisation's work is held"
    cause = "The organisation was restored from a copy, and its owner has not released it yet."
    effect = "Nothing was started."
    remedy = "Send the message again later; an owner releases the work in the console."


@transaction.atomic
def trigger_create(
    *, who: Principal, user: User | None, workflow: Workflow, kind: str, settings: Mapping[str, Any]
) -> tuple[Trigger, str]:
    """Make a trigger. Returns it with its secret, which is shown now and never again; empty for all but webhooks.

    Raises `InvalidInput` with an issue for each setting that is wrong.
    """
    demand(who, WORKFLOWS_EDIT)
    checked = _checked(kind, settings, workflow)
    secret = secret_new() if isinstance(checked, Webhook) else ""
    trigger = Trigger.objects.create(
        workflow=workflow,
        kind=kind,
        told=checked.model_dump(mode="json", exclude_defaults=True),
        listens_to=_listens_to(checked),
        secret=secret or None,
        created_by=user,
    )
    _reschedule(trigger)
    subject, after = auditing.workflow_subject(workflow), auditing.trigger_told(trigger)
    record(auditing.TRIGGER_MADE, who=who, subject=subject, after=after, trigger=trigger.pk)
    return trigger, secret


@transaction.atomic
def trigger_change(
    *, who: Principal, trigger: Trigger, settings: Mapping[str, Any] | None = None, is_enabled: bool | None = None
) -> Trigger:
    """Change what a trigger is told, or turn it on and off.

    Raises `InvalidInput`, and `Conflict` for what it is told while a backfill starts runs by that.
    """
    demand(who, WORKFLOWS_EDIT)
    work.signal(SCHEDULE, trigger.id)
    trigger = Trigger.objects.select_for_update().select_related("workflow").get(pk=trigger.pk)
    before = auditing.trigger_told(trigger)
    if settings is not None:
        if trigger.backfills.filter(status=Backfill.Status.RUNNING).exists():
            raise Conflict(
                "A backfill of this trigger starts runs by what it is told now; nothing was changed.",
                remedy="Wait for the end of the backfill, or cancel it.",
            )
        checked = _checked(trigger.kind, settings, trigger.workflow)
        trigger.told = checked.model_dump(mode="json", exclude_defaults=True)
        trigger.listens_to = _listens_to(checked)
    if is_enabled is not None:
        trigger.is_enabled = is_enabled
    trigger.problem = None
    trigger.save(update_fields=["told", "listens_to", "is_enabled", "problem"])
    _reschedule(trigger)
    _changed(who, trigger, before)
    return trigger


def trigger_bury(*, id: UUID, cause: str) -> None:
    """Turn off a schedule whose workers died: nothing turns it on again by itself. A person does."""
    trigger = Trigger.objects.select_related("workflow").filter(pk=id).first()
    if trigger is not None:
        before = auditing.trigger_told(trigger)
        trigger.is_enabled, trigger.due_at, trigger.problem = False, None, cause[:300]
        trigger.save(update_fields=["is_enabled", "due_at", "problem"])
        _changed(None, trigger, before)


def _changed(who: Principal | None, trigger: Trigger, before: Mapping[str, Any]) -> None:
    subject, after = auditing.workflow_subject(trigger.workflow), auditing.trigger_told(trigger)
    told: dict[str, Any] = {"what": trigger.kind, "trigger": trigger.pk}
    record(auditing.TRIGGER_CHANGED, who=who, subject=subject, before=before, after=after, **told)


@transaction.atomic
def trigger_delete(*, who: Principal, trigger: Trigger) -> None:
    """Delete a trigger. Runs that it started stay."""
    demand(who, WORKFLOWS_EDIT)
    work.signal(SCHEDULE, trigger.id)
    subject, before = auditing.workflow_subject(trigger.workflow), auditing.trigger_told(trigger)
    record(auditing.TRIGGER_DELETED, who=who, subject=subject, before=before, trigger=trigger.pk)
    trigger.delete()


def schedule_fire(claim: work.Claim) -> None:
    """Start what a schedule is due for, and give its row back until its next time: both, or neither."""
    trigger = Trigger.objects.select_related("workflow__published").filter(pk=claim.id).first()
    now = CLOCK.now()
    with work.fenced(claim) as row:
        if trigger is None or not trigger.is_enabled or trigger.due_at is None:
            row.finish()
        elif trigger.due_at > now:
            row.postpone(trigger.due_at)
        else:
            told = settings_of(trigger.kind, trigger.told)
            assert isinstance(told, Schedule)  # noqa: S101  # only schedules have a time
            times, following = told.due(trigger.due_at, now)
            for time in [] if trigger.workflow.is_at_rest else times:
                _fire(trigger, told, {"fired": {"at": time.isoformat()}}, planned_at=time)
            Trigger.objects.filter(pk=trigger.pk).update(due_at=following)
            row.postpone(following)


def message_take(*, id: UUID, headers: Mapping[str, str], body: bytes) -> WorkflowRun:
    """Start a run for a signed message. The same message, sent again, gives the run that it started.

    It counts as a start of the tenant. Raises `NotFound` for no such webhook, `MessageRefused`, `InvalidInput`,
    `TooManyRequests`, `Conflict` while it is turned off.
    """
    trigger = Trigger.objects.select_related("workflow__published").filter(pk=id, kind=Webhook.key).first()
    if trigger is None:
        raise NotFound("There is no webhook at this address.")
    message = message_verified(trigger, headers, body)
    if current_tenant().held_at is not None:
        raise TenantHeld("Work is held since this organisation was restored; the message was not taken in.")
    if not trigger.is_enabled or trigger.workflow.is_at_rest:
        raise Conflict("This webhook is turned off; nothing was started.", remedy="Turn it on in the console.")
    try:
        content = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The message is not JSON: {error}. Nothing was started.") from error
    Message.objects.filter(at__lt=timezone.now() - KEPT, trigger=trigger).delete()
    told = settings_of(trigger.kind, trigger.told)
    try:
        with transaction.atomic():
            taken = Message.objects.create(trigger=trigger, message=message)
            limits.starts_count()  # not for a message that comes again
            run = _start(trigger, told, {"message": content}, "webhook")
            Message.objects.filter(pk=taken.pk).update(run=run)
    except IntegrityError:
        found = Message.objects.select_related("run").filter(trigger=trigger, message=message).first()
        if found is None or found.run is None:
            raise Conflict("This message was taken in before, and its run is gone. Nothing was started.") from None
        return found.run
    return run


def is_answered_at_end(*, id: UUID) -> bool:
    """Whether who sends a message to this webhook is told when its run has ended, rather than when it is accepted."""
    trigger = Trigger.objects.filter(pk=id, kind=Webhook.key).only("id", "told").first()
    return trigger is not None and trigger.told.get("answer", "now") != "now"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def end_tell(*, run: WorkflowRun, status: str, outputs: Any, problem: Any) -> None:
    """Start what waits for the end of a run of this workflow, in the transaction of that end."""
    name = run.workflow.name
    ended = {"workflow": name, "run": str(run.id), "status": status, "outputs": outputs, "problem": problem}
    waiting = Trigger.objects.filter(kind=WorkflowEnd.key, is_enabled=True, listens_to=name)
    for trigger in waiting.select_related("workflow__published"):
        told = settings_of(trigger.kind, trigger.told)
        assert isinstance(told, WorkflowEnd)  # noqa: S101  # by its kind
        if told.status in {"any", status} and not trigger.workflow.is_at_rest and run.depth < services.DEEPEST:
            _fire(trigger, told, {"ended": ended}, depth=run.depth + 1)


def failure_tell(*, run: WorkflowRun, name: str, problem: Mapping[str, Any]) -> None:
    """Start the workflow that deals with failures of this one, with those of its inputs that it knows, in the name of
    whoever started this one: what it asks is their own, too."""
    found = Workflow.objects.select_related("published").filter(name=name, archived_at=None).first()
    if found is None or found.published is None or run.depth >= services.DEEPEST:
        return
    told = {"workflow": run.workflow.name, "run": str(run.id), **{key: str(value) for key, value in problem.items()}}
    data = {key: told[key] for key in found.published.definition.inputs if key in told}
    try:
        with transaction.atomic(), under(actor=auditing.run_actor(run)):
            services.runs_start(
                who=Platform(),
                user=run.created_by,
                workflow=found,
                data=[data],
                origin="workflow",
                depth=run.depth + 1,
            )
    except Problem as error:
        logger.warning("the workflow that deals with failures was not started: %s", error.detail)


def _fire(
    trigger: Trigger,
    told: TriggerSettings,
    env: Mapping[str, Any],
    *,
    depth: int = 0,
    planned_at: datetime | None = None,
) -> None:
    """Start a run; what stands against it is kept with the trigger, for people to see."""
    problem: str | None = None
    try:
        with transaction.atomic():
            _start(trigger, told, env, trigger.kind, depth=depth, planned_at=planned_at)
    except Problem as error:
        problem = " ".join([error.detail, *(f"{issue.path}: {issue.message}" for issue in error.issues)])[:300]
        logger.warning("a trigger could not start a run: %s", error.code, extra={"trigger": str(trigger.id)})
    Trigger.objects.filter(pk=trigger.pk).update(fired_at=timezone.now(), **sealed_for(trigger, problem=problem))


def _start(
    trigger: Trigger,
    told: TriggerSettings,
    env: Mapping[str, Any],
    origin: str,
    *,
    depth: int = 0,
    planned_at: datetime | None = None,
) -> WorkflowRun:
    try:
        data = value_compile(told.inputs)(env)
    except (NoValue, ValueError) as error:
        raise InvalidInput(f"The inputs cannot be made: {error} Nothing was started.") from error
    # In the name of whoever made it, by nobody who is there now.
    acts = Actor("system", trigger.created_by_id, told.label, via=f"trigger {trigger.pk}")
    with under(actor=acts):
        (run,) = services.runs_start(
            who=Platform(),
            user=trigger.created_by,
            workflow=trigger.workflow,
            data=[data],
            origin=origin,
            depth=depth,
            planned=[planned_at] if planned_at is not None else (),
        )
    return run


def _checked(kind: str, settings: Mapping[str, Any], workflow: Workflow) -> TriggerSettings:
    if kind not in TRIGGER_KINDS:
        message = f"Use one of {', '.join(TRIGGER_KINDS.keys())}."
        raise InvalidInput("There is no such kind of trigger.", issues=[Issue(path="kind", message=message)])
    try:
        checked = TRIGGER_KINDS[kind].model_validate(dict(settings))
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="settings") from error
    if len(json.dumps(dict(settings))) > LARGEST_SETTINGS:
        issue = Issue(path="settings", message=f"They have {LARGEST_SETTINGS // 1024} KiB at most.")
        raise InvalidInput("The trigger was not made.", issues=[issue])
    if isinstance(checked, WorkflowEnd) and checked.workflow == workflow.name:
        issue = Issue(path="settings.workflow", message="A workflow cannot wait for its own end: it would never stop.")
        raise InvalidInput("The trigger was not made.", issues=[issue])
    _inputs_check(checked, workflow)
    return checked


def _inputs_check(settings: TriggerSettings, workflow: Workflow) -> None:
    """Raise `InvalidInput` for inputs that what is published would not take. A later version may ask for others."""
    if workflow.published is None:
        return
    issues = inputs_issues(workflow.published.definition, settings.inputs, root=settings.root)
    if issues:
        placed = [each.model_copy(update={"path": f"settings.inputs.{each.path}"}) for each in issues]
        raise InvalidInput("The workflow would not take these inputs; nothing was changed.", issues=placed)


def _listens_to(settings: TriggerSettings) -> str:
    return settings.workflow if isinstance(settings, WorkflowEnd) else ""


def _reschedule(trigger: Trigger) -> None:
    """Let a schedule be due at its next time; its row is made where there is none."""
    told = settings_of(trigger.kind, trigger.told)
    if not isinstance(told, Schedule):
        return
    trigger.due_at = told.following(CLOCK.now()) if trigger.is_enabled else None
    trigger.save(update_fields=["due_at"])
    if trigger.due_at is not None:
        work.schedule(SCHEDULE, trigger.id, due_at=trigger.due_at)

"""Backfills: runs for the times between two moments at which a schedule would have started some.

A backfill is work of its own. It starts a few runs at a time, in the order of their times, each with the inputs that
the schedule would have given it; that they were started and how far it came are written in one transaction, so that
each time has at most one run of it, whatever dies. Times for which a run was started before, by the schedule itself or
by an earlier backfill, are left out unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.actors import Actor, under
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, PermissionDenied, Problem
from apps.common.paths import NoValue
from apps.common.permissions import Platform, Principal, demand
from apps.tenants.fields import sealed_for
from apps.workflows import auditing, services
from apps.workflows.askers import asker_now, key_of, refusal_now
from apps.workflows.models import Backfill, Trigger, WorkflowRun
from apps.workflows.performers import BACKFILL
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.store import CLOCK, plan_of
from apps.workflows.triggers import Schedule, settings_of
from apps.workflows.values import value_compile

MOST_TIMES: Final = 1_000
"""Times of one backfill."""
AT_ONCE: Final = 10
"""Runs that are started in one transaction."""
MOST_OPEN: Final = 50
"""Runs of backfills of a workflow that are open at a time: what is there today goes before what was missed."""
MOST_FIRED: Final = 20_000
"""Runs of schedules that are looked at for those times."""
LATER: Final = timedelta(seconds=5)
"""How long a backfill rests that may not start anything now."""
ORIGIN: Final = "backfill"

Status = Backfill.Status


@dataclass(frozen=True)
class Preview:
    """What a backfill would start."""

    schedule: Schedule
    times: list[datetime]
    """For which it would start runs."""
    ran: int
    """How many of the schedule's times a schedule of the workflow has started a run for."""
    again: int
    """How many of the others an earlier backfill of this trigger has. Neither are of `times`, where none is wanted
    again."""

    @property
    def first(self) -> datetime | None:
        return self.schedule.here(self.times[0]) if self.times else None

    @property
    def last(self) -> datetime | None:
        return self.schedule.here(self.times[-1]) if self.times else None


def backfills_list(*, who: Principal, trigger: Trigger) -> list[Backfill]:
    """The backfills of a trigger, newest first, fifty at most."""
    demand(who, WORKFLOWS_VIEW)
    return list(Backfill.objects.filter(trigger=trigger).select_related("created_by", "trigger__workflow")[:50])


def backfill_get(*, who: Principal, id: UUID) -> Backfill:
    """One backfill. Raises `NotFound`."""
    demand(who, WORKFLOWS_VIEW)
    found = Backfill.objects.select_related("created_by", "trigger__workflow").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such backfill here.", remedy="See the backfills of the trigger.")
    return found


def backfill_preview(
    *, who: Principal, trigger: Trigger, begins_at: datetime, ends_at: datetime, again: bool = False
) -> Preview:
    """The times of a schedule from `begins_at` on and before `ends_at`, without those for which a run was started
    before, unless they are to be started `again`.

    Raises `InvalidInput` for a trigger that is no schedule, and for moments between which there are none, too many, or
    such that are still to come: the schedule itself starts those.
    """
    demand(who, WORKFLOWS_VIEW)
    told = settings_of(trigger.kind, trigger.told)
    if not isinstance(told, Schedule):
        raise InvalidInput("Only a schedule has times that were missed; nothing was started.")
    if begins_at >= ends_at:
        _refuse("ends_at", "It must be after the beginning.")
    if ends_at > CLOCK.now():
        _refuse("ends_at", "It lies in the future: the schedule starts those runs itself.")
    times: list[datetime] = []
    for time in _times(told, trigger, begins_at, ends_at):
        if len(times) == MOST_TIMES:
            _refuse("ends_at", f"The schedule has more than {MOST_TIMES:,} times until then: make it several.")
        times.append(time)
    if not times:
        _refuse("begins_at", "The schedule has no time between the two.")
    before = timezone.now()
    ran = _ran(told, trigger, times, before)
    filled = _filled(trigger, times, before) - ran
    left = times if again else [time for time in times if time not in ran | filled]
    if not left:
        _refuse("begins_at", "A run was started for each of these times already; ask for them again to start others.")
    return Preview(told, left, len(ran), len(filled))


def _ran(told: Schedule, trigger: Trigger, times: list[datetime], before: datetime) -> set[datetime]:
    """Those of the times for which a schedule of the workflow has started a run.

    A run says for which time it was started. Of those from before runs said so it is told by when they began: each
    stands for the latest time before it; where all that was missed is caught up with, for the latest one that no other
    run stands for.
    """
    after = islice(takewhile(lambda time: time < before, _on_from(told, times[-1])), MOST_TIMES)
    known = [*times, *after]
    runs = WorkflowRun.objects.filter(workflow=trigger.workflow_id, origin=Schedule.key)
    planned = runs.filter(planned_at__range=(known[0], known[-1]), created_at__lt=before)
    found = {at for at in planned.values_list("planned_at", flat=True) if at is not None}
    until = min(before, told.following(known[-1]))
    known = [time for time in known if time not in found]
    begun = runs.filter(planned_at=None, created_at__range=(times[0], until)).order_by("created_at")
    open_ones, at = list[datetime](), 0
    for moment in begun.values_list("created_at", flat=True)[:MOST_FIRED]:
        while at < len(known) and known[at] <= moment:
            open_ones = [*(open_ones if told.missed == "all" else []), known[at]]
            at += 1
        if open_ones:
            found.add(open_ones.pop())
    return found.intersection(times)


def _on_from(told: Schedule, time: datetime) -> Iterator[datetime]:
    while True:
        time = told.following(time)
        yield time


def _filled(trigger: Trigger, times: list[datetime], before: datetime) -> set[datetime]:
    """Those of the times that earlier backfills of the trigger have come past."""
    earlier = Backfill.objects.filter(
        trigger=trigger, begins_at__lte=times[-1], at__gte=times[0], created_at__lt=before
    )
    spans = list(earlier.values_list("begins_at", "at"))
    return {time for time in times if any(first <= time <= last for first, last in spans if last is not None)}


def _refuse(path: str, why: str) -> None:
    raise InvalidInput("There is nothing to backfill; nothing was started.", issues=[Issue(path=path, message=why)])


def _times(
    told: Schedule, trigger: Trigger, begins_at: datetime, ends_at: datetime, *, after: datetime | None = None
) -> Iterator[datetime]:
    """The times of a schedule in a span, its end left out; of those, the ones `after` the time that was reached.

    One with an interval is counted from when it was made, or rather from its next time, which people may have moved;
    once it has begun, from the time that it reached, so that turning the schedule off and on moves none.
    """
    if after is not None:
        time = told.following(after)
    elif told.every is not None:
        anchor = trigger.due_at or trigger.created_at
        time = anchor - ((anchor - begins_at) // told.every) * told.every
    else:
        time = told.following(begins_at - timedelta(seconds=1))
        if time < begins_at:
            time = told.following(begins_at)
    while time < ends_at:
        yield time
        time = told.following(time)


@transaction.atomic
def backfill_start(
    *,
    who: Principal,
    user: User | None,
    trigger: Trigger,
    begins_at: datetime,
    ends_at: datetime,
    again: bool = False,
) -> Backfill:
    """Start runs for the times between two moments; they come one after the other. `again`: for those, too, for which a
    run was started before.

    Raises `InvalidInput` as `backfill_preview` does, and `Conflict` while another backfill of the trigger is under way
    or nothing of the workflow is published.
    """
    demand(who, WORKFLOWS_EDIT)
    demand(who, WORKFLOWS_RUN)
    found = Trigger.objects.select_for_update(of=("self",)).select_related("workflow__published").get(pk=trigger.pk)
    workflow = found.workflow
    if workflow.published is None or workflow.archived_at is not None:
        raise Conflict(f"{workflow.title} is not published; nothing was started.", remedy="Publish its draft first.")
    if found.backfills.filter(status=Status.RUNNING).exists():
        raise Conflict(
            "A backfill of this trigger is under way; nothing was started.", remedy="Wait for its end, or cancel it."
        )
    preview = backfill_preview(who=who, trigger=found, begins_at=begins_at, ends_at=ends_at, again=again)
    made = Backfill.objects.create(
        trigger=found,
        begins_at=begins_at,
        ends_at=ends_at,
        again=again,
        total=len(preview.times),
        created_by=user,
        asked_with=key_of(who),
    )
    work.schedule(BACKFILL, made.pk)
    told: dict[str, Any] = {"count": made.total, "begins_at": begins_at.isoformat(), "ends_at": ends_at.isoformat()}
    record(
        auditing.BACKFILL_STARTED,
        who=who,
        subject=auditing.workflow_subject(workflow),
        backfill=made.pk,
        trigger=found.pk,
        **told,
    )
    return made


@transaction.atomic
def backfill_cancel(*, who: Principal, backfill: Backfill) -> Backfill:
    """Let a backfill start nothing more; runs that it started go on. Raises `Conflict` when it has ended."""
    demand(who, WORKFLOWS_EDIT)
    demand(who, WORKFLOWS_RUN)
    work.signal(BACKFILL, backfill.pk)  # work rows are locked before the tenant's (rule R5)
    found = Backfill.objects.select_for_update(of=("self",)).select_related("trigger__workflow").get(pk=backfill.pk)
    if found.status != Status.RUNNING:
        raise Conflict("The backfill has ended already; nothing was changed.")
    _end(found, Status.CANCELLED)
    record(
        auditing.BACKFILL_CANCELLED,
        who=who,
        subject=auditing.workflow_subject(found.trigger.workflow),
        backfill=found.pk,
        done=found.done,
        count=found.total,
    )
    return found


def backfill_go_on(claim: work.Claim) -> None:
    """Start the next runs of a backfill, and give its row back: both, or neither. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        found = (
            Backfill.objects.select_for_update(of=("self",))
            .select_related("trigger__workflow__published", "trigger__created_by", "created_by")
            .filter(pk=claim.id, status=Status.RUNNING)
            .first()
        )
        if found is None:
            row.finish()
            return
        try:
            with transaction.atomic():
                is_over, rests = _advance(found)
        except Problem as problem:
            issues = (f"{issue.path}: {issue.message}" for issue in problem.issues)
            _end(found, Status.FAILED, " ".join([problem.detail, *issues])[:300])
            is_over, rests = True, False
        if is_over:
            row.finish()
        else:
            row.postpone(CLOCK.now() + LATER if rests else CLOCK.now())


def _advance(backfill: Backfill) -> tuple[bool, bool]:
    """Start as many runs as may be started now. Whether it is over, and whether it has to rest.

    Raises `PermissionDenied` where whoever asked for it may not any more.
    """
    if why := refusal_now(backfill, asker_now(backfill), WORKFLOWS_EDIT, WORKFLOWS_RUN):
        raise PermissionDenied(f"{why} Nothing more was started.")
    trigger, workflow = backfill.trigger, backfill.trigger.workflow
    told = settings_of(trigger.kind, trigger.told)
    assert isinstance(told, Schedule)  # noqa: S101  # the kind of a trigger never changes
    left = list(_times(told, trigger, backfill.begins_at, backfill.ends_at, after=backfill.at))
    if left and not backfill.again:
        before = backfill.created_at
        left_out = _ran(told, trigger, left, before) | _filled(trigger, left, before)
        left = [time for time in left if time not in left_out]
    room = 0 if workflow.is_paused else _room(backfill)
    now, later = left[: min(AT_ONCE, room)], left[min(AT_ONCE, room) :]
    if now:
        data = [_inputs(told, time) for time in now]
        user = backfill.created_by
        acts = Actor("system", user.pk if user else None, "Backfill", via=f"backfill {backfill.pk}")
        with under(actor=acts):
            services.runs_start(who=Platform(), user=user, workflow=workflow, data=data, origin=ORIGIN, planned=now)
        backfill.done, backfill.at = backfill.done + len(now), now[-1]
        backfill.save(update_fields=["done", "at"])
    if not later:
        _end(backfill, Status.SUCCEEDED)
        return True, False
    return False, room <= len(now)


def _inputs(told: Schedule, time: datetime) -> dict[str, object]:
    try:
        made: dict[str, object] = value_compile(told.inputs)({"fired": {"at": time.isoformat()}})
    except (NoValue, ValueError) as error:
        raise InvalidInput(f"The inputs cannot be made: {error} Nothing more was started.") from error
    return made


def _room(backfill: Backfill) -> int:
    """How many runs may be started now: no more are open than the workflow allows, whatever it does with one more.

    What a schedule refuses or lets take the place of the oldest, a backfill waits for: none of its times is lost.
    """
    workflow = backfill.trigger.workflow
    runs = WorkflowRun.objects.filter(workflow=workflow, status__in=WorkflowRun.OPEN)
    room = MOST_OPEN - runs.filter(origin=ORIGIN).count()
    limit = plan_of(workflow.published).overlap.limit if workflow.published else None
    return max(0, room if limit is None else min(room, limit - runs.count()))


def _end(backfill: Backfill, status: str, problem: str | None = None) -> None:
    backfill.status, backfill.ended_at = status, timezone.now()
    Backfill.objects.filter(pk=backfill.pk).update(
        status=status, ended_at=backfill.ended_at, **sealed_for(backfill, problem=problem)
    )


def backfill_bury(*, id: UUID, cause: str) -> None:
    """Its workers died. What it started goes on, and a person requeues it."""
    found = Backfill.objects.filter(pk=id, status=Status.RUNNING).first()
    if found is not None:
        _end(found, Status.FAILED, cause[:300])


def backfill_revive(*, id: UUID) -> None:
    """Let one go on that was given up, from where it came to."""
    Backfill.objects.filter(pk=id, status=Status.FAILED).update(status=Status.RUNNING, ended_at=None)

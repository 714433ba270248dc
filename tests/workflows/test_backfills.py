"""Backfills: which times there are, each started once, in order, within what may be open, whatever dies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common import work
from apps.common.errors import Conflict, InvalidInput
from apps.common.permissions import Platform
from apps.workflows import backfilling, defining, services, starting
from apps.workflows.models import Backfill, Trigger, Workflow, WorkflowRun
from apps.workflows.performers import SCHEDULE
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import text_of

DAY = datetime(2026, 3, 2, tzinfo=UTC)
FIRED = {"at": {"type": "datetime"}}


@pytest.fixture
def made(workflow: MakeWorkflow) -> Workflow:
    return workflow({"one": give("${inputs.at}")}, inputs=FIRED)


def schedule(workflow: Workflow, user: User, **told: Any) -> Trigger:
    settings = {"cron": "0 6 * * *", "inputs": {"at": "${fired.at}"}, **told}
    return starting.trigger_create(who=user, user=user, workflow=workflow, kind="schedule", settings=settings)[0]


def begin(trigger: Trigger, user: User, begins_at: datetime, ends_at: datetime) -> Backfill:
    return backfilling.backfill_start(who=user, user=user, trigger=trigger, begins_at=begins_at, ends_at=ends_at)


def started() -> list[str]:
    return [run.inputs["at"] for run in WorkflowRun.objects.order_by("number")]


def days(count: int) -> list[str]:
    return [f"{DAY + timedelta(days=n, hours=6):%Y-%m-%dT%H:%M:%SZ}" for n in range(count)]


def told(trigger: Trigger, user: User, begins_at: datetime, ends_at: datetime) -> list[str]:
    found = backfilling.backfill_preview(who=user, trigger=trigger, begins_at=begins_at, ends_at=ends_at)
    return [f"{time:%d %H:%M}" for time in found.times]


def test_the_times_of_a_calendar_are_those_from_the_beginning_on_and_before_the_end(
    made: Workflow, builder: User
) -> None:
    trigger = schedule(made, builder)
    six = DAY + timedelta(hours=6)
    assert told(trigger, builder, six, six + timedelta(days=2)) == ["02 06:00", "03 06:00"]
    assert told(trigger, builder, six + timedelta(microseconds=1), six + timedelta(days=2, seconds=1)) == [
        "03 06:00",
        "04 06:00",
    ]


def test_the_times_of_an_interval_are_in_step_with_the_next_one(made: Workflow, builder: User) -> None:
    trigger = schedule(made, builder, cron="", every="6h")
    Trigger.objects.update(due_at=datetime(2026, 6, 1, 1, 30, tzinfo=UTC))
    trigger.refresh_from_db()
    assert told(trigger, builder, DAY, DAY + timedelta(days=1)) == ["02 01:30", "02 07:30", "02 13:30", "02 19:30"]
    assert told(trigger, builder, DAY + timedelta(hours=1.5), DAY + timedelta(hours=2)) == ["02 01:30"]


@pytest.mark.parametrize(
    ("begins", "ends", "place", "why"),
    [
        (DAY, DAY, "ends_at", "after the beginning"),
        (DAY, DAY + timedelta(hours=1), "begins_at", "no time between"),
        (DAY, DAY + timedelta(days=36_500), "ends_at", "in the future"),
        (DAY - timedelta(days=1_200), DAY, "ends_at", "more than 1,000 times"),
    ],
)
def test_moments_without_times_or_with_too_many_are_refused_with_their_place(
    made: Workflow, builder: User, begins: datetime, ends: datetime, place: str, why: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        begin(schedule(made, builder), builder, begins, ends)
    assert refused.value.issues[0].path == place
    assert why in refused.value.issues[0].message
    assert not Backfill.objects.exists()


def test_each_time_is_started_once_and_in_order_with_the_inputs_of_the_schedule(
    made: Workflow, builder: User, worked: Work
) -> None:
    backfill = begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=25))
    worked("io", "flow")
    backfill.refresh_from_db()
    assert started() == days(25)
    assert (backfill.status, backfill.done, backfill.total) == ("succeeded", 25, 25)
    assert set(WorkflowRun.objects.values_list("origin", "created_by")) == {("backfill", builder.pk)}
    kinds = list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))
    assert kinds.count("workflows.backfill_started") == 1
    assert kinds.count("workflows.runs_started") == 3, "one for each ten"


def test_what_dies_in_the_middle_neither_loses_a_time_nor_doubles_one(
    made: Workflow, builder: User, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfill = begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=35))
    start, calls = services.runs_start, iter(range(100))

    def dying(**given: Any) -> Any:
        found = start(**given)
        if next(calls) in {1, 3}:
            raise RuntimeError("the process is killed after the runs were written and before that was committed")
        return found

    monkeypatch.setattr(services, "runs_start", dying)
    for _ in range(4):
        try:
            worked("io")
        except RuntimeError:
            _as_if_released()
    monkeypatch.undo()
    _as_if_released()
    worked("io", "flow")
    backfill.refresh_from_db()
    assert started() == days(35)
    assert (backfill.status, backfill.done) == ("succeeded", 35)


def _as_if_released() -> None:
    """The lease of what died is over."""
    from apps.dispatch.models import WorkRow

    WorkRow.objects.filter(kind="workflows.backfill").update(lease_until=None, deaths=0, due_at=timezone.now())


@pytest.mark.parametrize("policy", ["wait", "skip", "cancel_previous"])
def test_no_more_runs_are_open_than_the_workflow_allows_and_none_is_lost(
    workflow: MakeWorkflow, builder: User, worked: Work, policy: str
) -> None:
    made = workflow({"one": give("${inputs.at}")}, inputs=FIRED, overlap={"limit": 2, "policy": policy})
    backfill = begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=5))
    worked("io")
    assert WorkflowRun.objects.count() == 2
    while Backfill.objects.get().status == "running":
        worked("flow")
        _as_if_released()
        worked("io")
    worked("flow")
    backfill.refresh_from_db()
    assert (backfill.status, len(started())) == ("succeeded", 5)
    assert set(WorkflowRun.objects.values_list("status", flat=True)) == {"succeeded"}


def test_one_that_is_cancelled_starts_nothing_more(
    made: Workflow, builder: User, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "MOST_OPEN", 3)
    backfill = begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=8))
    worked("io")
    backfilling.backfill_cancel(who=builder, backfill=backfill)
    _as_if_released()
    worked("io", "flow")
    backfill.refresh_from_db()
    assert (backfill.status, backfill.done, len(started())) == ("cancelled", 3, 3)
    with pytest.raises(Conflict, match="ended already"):
        backfilling.backfill_cancel(who=builder, backfill=backfill)
    found = backfilling.backfill_preview(
        who=builder, trigger=backfill.trigger, begins_at=DAY, ends_at=DAY + timedelta(days=8)
    )
    assert found.again == 3, "what it has started is told before it is started again"


def test_a_schedule_that_is_turned_off_and_on_meanwhile_moves_none_of_the_times(
    made: Workflow, builder: User, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfilling, "AT_ONCE", 2)
    monkeypatch.setattr(backfilling, "MOST_OPEN", 2)
    trigger = schedule(made, builder, cron="", every="6h")
    Trigger.objects.update(due_at=datetime(2026, 6, 1, 1, 30, tzinfo=UTC))
    trigger.refresh_from_db()
    begun = begin(trigger, builder, DAY, DAY + timedelta(days=1))
    with transaction.atomic():
        backfilling._advance(Backfill.objects.select_related("trigger__workflow__published").get(pk=begun.pk))
    with pytest.raises(Conflict, match="backfill of this trigger"):
        starting.trigger_change(who=builder, trigger=trigger, settings={"every": "1h"})
    starting.trigger_change(who=builder, trigger=trigger, is_enabled=False)
    starting.trigger_change(who=builder, trigger=trigger, is_enabled=True)
    WorkflowRun.objects.update(status="succeeded")
    with transaction.atomic():
        backfilling._advance(Backfill.objects.select_related("trigger__workflow__published").get(pk=begun.pk))
    assert started() == [f"2026-03-02T{hour:02}:30:00Z" for hour in (1, 7, 13, 19)]
    begun.refresh_from_db()
    assert (begun.status, begun.done) == ("succeeded", begun.total)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"is_active": False}, "is no active member any more"), ({"role": "viewer"}, "has no permission any more to: ")],
)
def test_it_starts_nothing_more_for_one_who_may_not_any_more(
    made: Workflow,
    builder: User,
    worked: Work,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    why: str,
) -> None:
    monkeypatch.setattr(backfilling, "MOST_OPEN", 3)
    backfill = begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=8))
    worked("io", "flow")
    User.objects.filter(pk=builder.pk).update(**change)
    _as_if_released()
    worked("io", "flow")
    backfill.refresh_from_db()
    assert (backfill.status, backfill.done, len(started())) == ("failed", 3, 3)
    assert why in backfill.problem


def test_a_paused_workflow_is_left_alone_until_it_is_resumed(made: Workflow, builder: User, worked: Work) -> None:
    begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=2))
    defining.workflow_pause(who=builder, workflow=made)
    worked("io")
    assert started() == []
    defining.workflow_resume(who=builder, workflow=made)
    _as_if_released()
    worked("io")
    assert len(started()) == 2


def test_inputs_that_the_workflow_does_not_take_end_it_with_the_reason(
    made: Workflow, builder: User, worked: Work
) -> None:
    trigger = schedule(made, builder)
    trigger.told = {**trigger.told, "inputs": {"at": "never"}}
    trigger.save()
    backfill = begin(trigger, builder, DAY, DAY + timedelta(days=2))
    worked("io")
    backfill.refresh_from_db()
    assert (backfill.status, started()) == ("failed", [])
    assert "at" in backfill.problem


def test_one_at_a_time_and_only_of_a_schedule(made: Workflow, builder: User) -> None:
    trigger = schedule(made, builder)
    begin(trigger, builder, DAY, DAY + timedelta(days=2))
    with pytest.raises(Conflict, match="under way"):
        begin(trigger, builder, DAY, DAY + timedelta(days=2))
    hook = starting.trigger_create(
        who=builder, user=builder, workflow=made, kind="webhook", settings={"inputs": {"at": "${message.at}"}}
    )[0]
    with pytest.raises(InvalidInput, match="Only a schedule"):
        begin(hook, builder, DAY, DAY + timedelta(days=2))


def test_the_page_shows_the_times_before_it_starts_them_and_the_progress_after(
    made: Workflow, builder: User, client_for: Callable[..., Client], worked: Work
) -> None:
    page = client_for(builder)
    trigger = schedule(made, builder, zone="Europe/Berlin")
    address = f"/workflows/test/triggers/{trigger.pk}/backfill/"
    assert "No backfill yet" in text_of(page.get(address))
    form = {"begins_at": "2026-03-02T00:00", "ends_at": "2026-03-05T00:00"}
    assert "3 runs" in text_of(page.post(address, {**form, "act": "look"}))
    assert not Backfill.objects.exists()
    assert "must be after" in text_of(page.post(address, {**form, "ends_at": form["begins_at"], "act": "start"}))
    assert "Write a day and a time" in text_of(page.post(address, {"begins_at": "x", "ends_at": "", "act": "look"}))
    assert "0 of 3" in text_of(page.post(address, {**form, "act": "start"}, follow=True))
    cancel = str(Backfill.objects.get().pk)
    assert "Cancelled" in text_of(page.post(address, {"act": "cancel", "backfill": cancel}, follow=True))
    assert Backfill.objects.get().begins_at == datetime(2026, 3, 1, 23, tzinfo=UTC), "as the clocks of Berlin show it"


def test_the_api_previews_starts_lists_and_cancels(made: Workflow, builder: User, api_for: Callable[..., Any]) -> None:
    api = api_for(builder)
    trigger = schedule(made, builder)
    address = f"/api/v1/triggers/{trigger.pk}/backfills"
    span = {"begins_at": DAY.isoformat(), "ends_at": (DAY + timedelta(days=3)).isoformat()}
    seen = api.post(f"{address}/preview", span, format="json").json()
    assert (seen["count"], seen["first"], seen["again"]) == (3, "2026-03-02T06:00:00Z", 0)
    answer = api.post(address, span, format="json")
    assert answer.status_code == 201
    (listed,) = api.get(address).json()["items"]
    assert listed == answer.json()
    cancelled = api.post(f"/api/v1/backfills/{listed['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert api.post(f"/api/v1/backfills/{listed['id']}/cancel").status_code == 409
    assert api.get(answer.headers["Location"]).json()["status"] == "cancelled"


def ran(workflow: Workflow, *times: datetime, planned: datetime | None = None, origin: str = "schedule") -> None:
    """Let a schedule of the workflow have started a run at each of these moments, for the time that is `planned`; or
    as before runs said for which."""
    for time in times:
        (run,) = services.runs_start(
            who=Platform(),
            user=None,
            workflow=workflow,
            data=[{"at": time.isoformat()}],
            origin=origin,
            planned=[planned] if planned is not None else (),
        )
        WorkflowRun.objects.filter(pk=run.pk).update(created_at=time)


def test_times_at_which_the_schedule_itself_has_started_a_run_are_told_and_left_out(
    made: Workflow, builder: User, worked: Work
) -> None:
    trigger, six, soon = schedule(made, builder), DAY + timedelta(hours=6), timedelta(seconds=3)
    ran(made, six + timedelta(days=1) + soon, six + timedelta(days=3) + soon)
    end = DAY + timedelta(days=5)
    preview = backfilling.backfill_preview(who=builder, trigger=trigger, begins_at=DAY, ends_at=end)
    assert [time.day for time in preview.times] == [2, 4, 6]
    assert (preview.ran, preview.again) == (2, 0)
    backfill = begin(trigger, builder, DAY, end)
    worked("io", "flow")
    backfill.refresh_from_db()
    assert (backfill.status, backfill.done, backfill.total) == ("succeeded", 3, 3)
    own = WorkflowRun.objects.filter(origin="backfill")
    assert sorted(run.inputs["at"] for run in own) == [days(5)[n] for n in (0, 2, 4)]


def test_they_are_started_again_where_that_is_asked_for(made: Workflow, builder: User, worked: Work) -> None:
    trigger = schedule(made, builder)
    ran(made, DAY + timedelta(hours=6, seconds=3))
    backfill = backfilling.backfill_start(
        who=builder, user=builder, trigger=trigger, begins_at=DAY, ends_at=DAY + timedelta(days=2), again=True
    )
    worked("io", "flow")
    backfill.refresh_from_db()
    assert (backfill.done, WorkflowRun.objects.filter(origin="backfill").count()) == (2, 2)


def test_where_all_was_started_already_nothing_is_and_that_is_said(made: Workflow, builder: User) -> None:
    trigger = schedule(made, builder)
    ran(made, DAY + timedelta(hours=6, seconds=3))
    with pytest.raises(InvalidInput) as refused:
        begin(trigger, builder, DAY, DAY + timedelta(days=1))
    assert "already" in refused.value.issues[0].message
    assert not Backfill.objects.exists()


@pytest.mark.parametrize(("missed", "left"), [("once", [2, 3]), ("all", [])])
def test_a_run_that_came_late_stands_for_what_was_caught_up_with(
    made: Workflow, builder: User, missed: str, left: list[int]
) -> None:
    trigger = schedule(made, builder, missed=missed)
    late = DAY + timedelta(days=2, hours=9)  # of three times that had passed by then
    ran(made, *[late + timedelta(seconds=n) for n in range(1 if missed == "once" else 3)])
    try:
        preview = backfilling.backfill_preview(
            who=builder, trigger=trigger, begins_at=DAY, ends_at=DAY + timedelta(days=3)
        )
    except InvalidInput:
        assert left == []
    else:
        assert [time.day for time in preview.times] == left


def test_a_run_of_a_later_time_stands_for_none_before(made: Workflow, builder: User) -> None:
    trigger = schedule(made, builder)
    ran(made, DAY + timedelta(days=3, hours=6, seconds=3))
    preview = backfilling.backfill_preview(who=builder, trigger=trigger, begins_at=DAY, ends_at=DAY + timedelta(days=2))
    assert (len(preview.times), preview.ran) == (2, 0)


def test_a_run_that_came_late_stands_for_the_time_that_it_was_planned_for(made: Workflow, builder: User) -> None:
    trigger, six = schedule(made, builder), DAY + timedelta(hours=6)
    ran(made, six + timedelta(days=2, hours=3), planned=six)
    preview = backfilling.backfill_preview(who=builder, trigger=trigger, begins_at=DAY, ends_at=DAY + timedelta(days=3))
    assert ([time.day for time in preview.times], preview.ran) == ([3, 4], 1)


def test_a_run_that_a_person_started_at_that_moment_is_none_of_the_schedule(made: Workflow, builder: User) -> None:
    trigger, six = schedule(made, builder), DAY + timedelta(hours=6)
    ran(made, six, six + timedelta(seconds=3), origin="console")
    preview = backfilling.backfill_preview(who=builder, trigger=trigger, begins_at=DAY, ends_at=DAY + timedelta(days=1))
    assert (len(preview.times), preview.ran) == (1, 0)


def test_a_schedule_and_a_backfill_say_for_which_time_they_start_a_run(
    made: Workflow, builder: User, worked: Work
) -> None:
    trigger, six = schedule(made, builder, missed="all"), DAY + timedelta(hours=6)
    late = timezone.now().replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=2)
    Trigger.objects.update(due_at=late)
    work.schedule(SCHEDULE, trigger.pk)
    worked("io")
    own = WorkflowRun.objects.filter(origin="schedule").order_by("planned_at").values_list("planned_at", flat=True)
    assert list(own[:2]) == [late, late + timedelta(days=1)]
    begin(trigger, builder, DAY, DAY + timedelta(days=2))
    worked("io")
    filled = WorkflowRun.objects.filter(origin="backfill").order_by("number").values_list("planned_at", flat=True)
    assert list(filled) == [six, six + timedelta(days=1)]
    begins = late - timedelta(days=1)
    preview = backfilling.backfill_preview(who=builder, trigger=trigger, begins_at=begins, ends_at=timezone.now())
    assert preview.times == [begins], "what was caught up with is known by its times"


def test_the_page_warns_of_them_and_takes_the_wish(
    made: Workflow, builder: User, client_for: Callable[..., Client]
) -> None:
    trigger, page = schedule(made, builder), client_for(builder)
    ran(made, DAY + timedelta(hours=6, seconds=3))
    address = f"/workflows/{made.name}/triggers/{trigger.pk}/backfill/"
    span = {"begins_at": "2026-03-02T00:00", "ends_at": "2026-03-04T00:00"}
    shown = text_of(page.post(address, {**span, "act": "look"}))
    assert "1 run would be started" in shown
    assert "has started a run already: left out" in shown
    assert "it would be a second one" in text_of(page.post(address, {**span, "act": "look", "again": "1"}))
    page.post(address, {**span, "act": "start", "again": "1"})
    assert (Backfill.objects.get().again, Backfill.objects.get().total) == (True, 2)

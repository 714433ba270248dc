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
from apps.common.errors import Conflict, InvalidInput
from apps.workflows import backfilling, services, starting
from apps.workflows.models import Backfill, Trigger, Workflow, WorkflowRun
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


def test_a_paused_workflow_is_left_alone_until_it_is_resumed(made: Workflow, builder: User, worked: Work) -> None:
    begin(schedule(made, builder), builder, DAY, DAY + timedelta(days=2))
    services.workflow_pause(who=builder, workflow=made)
    worked("io")
    assert started() == []
    services.workflow_resume(who=builder, workflow=made)
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

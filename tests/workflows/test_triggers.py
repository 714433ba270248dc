"""What starts workflows by itself, and how many of their runs there are at a time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.permissions import Platform
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_hold, tenant_release
from apps.workflows import services, starting
from apps.workflows.models import Message, Trigger, Workflow, WorkflowRun
from apps.workflows.triggers import Schedule
from apps.workflows.webhooks import MessageRefused, secret_rotate
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after

Make = Callable[..., tuple[Trigger, str]]
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def trigger(builder: User) -> Make:
    """`trigger(workflow, kind, **settings)`"""

    def make(started: Workflow, kind: str, **settings: Any) -> tuple[Trigger, str]:
        return starting.trigger_create(who=builder, user=builder, workflow=started, kind=kind, settings=settings)

    return make


def let_pass(made: Trigger, time_ago: timedelta) -> None:
    """Put the trigger's next time into the past, and let its row be due."""
    Trigger.objects.filter(pk=made.pk).update(due_at=datetime.now(UTC) - time_ago)
    with connection.cursor() as cursor:
        cursor.execute("update public.dispatch_work set due_at = clock_timestamp() where id = %s", [made.id])


def test_a_schedule_starts_a_run_at_its_time_and_has_a_next_one(
    workflow: MakeWorkflow, trigger: Make, worked: Work
) -> None:
    made, _ = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}),
        "schedule",
        every="1h",
        inputs={"amount": 3},
    )
    row = WorkRow.objects.get(id=made.id)
    assert row.due_at == made.due_at
    worked("io", "flow")
    assert not WorkflowRun.objects.exists()
    let_pass(made, timedelta(minutes=1))
    worked("io", "flow")
    run = WorkflowRun.objects.get()
    assert (run.status, run.origin, run.outputs) == ("succeeded", "schedule", {"x": 3})
    made.refresh_from_db()
    assert made.due_at is not None
    assert made.due_at > datetime.now(UTC)
    assert WorkRow.objects.get(id=made.id).due_at == made.due_at


@pytest.mark.parametrize(("missed", "runs"), [("skip", 0), ("once", 1), ("all", 4)])
def test_times_that_were_missed_are_made_up_for_as_it_is_said(
    missed: str, runs: int, workflow: MakeWorkflow, trigger: Make, worked: Work
) -> None:
    made, _ = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}),
        "schedule",
        every="1h",
        missed=missed,
        inputs={"amount": 1},
    )
    let_pass(made, timedelta(hours=3, minutes=30))
    worked("io", "flow")
    assert WorkflowRun.objects.count() == runs


def test_a_schedule_that_is_turned_off_or_deleted_starts_nothing(
    workflow: MakeWorkflow, trigger: Make, worked: Work, builder: User
) -> None:
    made, _ = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}),
        "schedule",
        every="1h",
        inputs={"amount": 1},
    )
    starting.trigger_change(who=builder, trigger=made, is_enabled=False)
    worked("io")
    assert not WorkRow.objects.exists()
    made = starting.trigger_change(who=builder, trigger=made, is_enabled=True)
    let_pass(made, timedelta(minutes=1))
    starting.trigger_delete(who=builder, trigger=made)
    worked("io", "flow")
    assert not WorkflowRun.objects.exists()
    assert not WorkRow.objects.exists()


@pytest.mark.parametrize(
    ("inputs", "place", "said"),
    [
        ({"amount": "much"}, "amount", "valid number"),
        ({"amount": 1, "mount": 1}, "mount", "no such input; it has amount"),
        ({}, "amount", "required"),
        ({"amount": "${message.sum}"}, "amount", "refer to `${fired}`"),
        ({"amount": {"$round": ["${inputs.amount}", 1]}}, "amount", "refer to `${fired}`"),
    ],
)
def test_inputs_that_the_workflow_would_not_take_are_refused_with_their_place(
    inputs: dict[str, Any], place: str, said: str, workflow: MakeWorkflow, trigger: Make
) -> None:
    made = workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"})
    with pytest.raises(InvalidInput) as refused:
        trigger(made, "schedule", every="1h", inputs=inputs)
    (issue,) = refused.value.issues
    assert issue.path == f"settings.inputs.{place}"
    assert said in issue.message
    assert not Trigger.objects.exists()


def test_a_schedule_whose_inputs_do_not_fit_tells_why_and_goes_on(
    workflow: MakeWorkflow, trigger: Make, worked: Work
) -> None:
    made, _ = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}),
        "schedule",
        every="1h",
        inputs={"amount": "${fired.at}"},
    )
    let_pass(made, timedelta(minutes=1))
    worked("io")
    made.refresh_from_db()
    assert "inputs.amount" in made.problem
    assert WorkRow.objects.get(id=made.id).due_at == made.due_at


@pytest.mark.parametrize(
    ("cron", "after_time", "following"),
    [
        ("30 2 * * *", "2026-03-28T12:00:00", "2026-03-29T03:00:00+02:00"),  # 02:30 is left out that night
        ("30 2 * * *", "2026-10-24T12:00:00", "2026-10-25T02:30:00+02:00"),  # 02:30 comes twice that night
        ("0 9 * * MON-FRI", "2026-11-27T12:00:00", "2026-11-30T09:00:00+01:00"),
    ],
)
def test_times_are_right_when_clocks_change(cron: str, after_time: str, following: str) -> None:
    schedule = Schedule(cron=cron, zone="Europe/Berlin")
    start = datetime.fromisoformat(after_time).replace(tzinfo=UTC)
    found = schedule.following(start)
    assert found.isoformat() == following
    assert schedule.following(found).date() > found.date()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cron": "* * *"}, "five parts"),
        ({"cron": "61 * * * *"}, "cannot be read"),
        ({"cron": "0 0 31 2 *"}, "cannot be read"),
        ({"every": "10s"}, "once a minute at most"),
        ({"every": "1h", "zone": "Mars/Base"}, "no time zone"),
        ({}, "either `cron` or `every`"),
        ({"every": "1h", "colour": 1}, "Extra inputs"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    given: dict[str, Any], told: str, workflow: MakeWorkflow, trigger: Make
) -> None:
    with pytest.raises(InvalidInput) as refused:
        trigger(workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}), "schedule", **given)
    assert any(told in issue.message for issue in refused.value.issues), refused.value.issues
    assert not Trigger.objects.exists()


def test_a_schedule_is_told_in_words() -> None:
    assert Schedule(cron="30 6 * * MON-FRI", zone="Europe/Berlin").told() == (
        "At 06:30 on Monday through Friday, Europe/Berlin time"
    )
    assert Schedule.model_validate({"every": "90m"}).told() == "Every 1h30m"


def signed(secret: str, body: bytes, *, id: str = "msg_1", at: float | None = None) -> dict[str, str]:
    sent = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{id}.{sent}.".encode() + body, hashlib.sha256)).decode()
    return {"webhook-id": id, "webhook-timestamp": sent, "webhook-signature": f"v1,bm90aGluZw== v1,{signature}"}


def test_a_signed_message_starts_a_run_once_however_often_it_comes(
    workflow: MakeWorkflow, trigger: Make, worked: Work
) -> None:
    made, secret = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}),
        "webhook",
        inputs={"amount": "${message.order.sum}"},
    )
    body = json.dumps({"order": {"sum": 12}}).encode()
    run = starting.message_take(id=made.id, headers=signed(secret, body), body=body)
    again = starting.message_take(id=made.id, headers=signed(secret, body), body=body)
    assert run.id == again.id
    worked("flow")
    assert after(run).outputs == {"x": 12}
    assert run.origin == "webhook"
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "flaw", ["body", "secret", "id", "late", "early", "none", "no time", "no year", "another version"]
)
def test_a_message_with_a_flaw_starts_nothing(flaw: str, workflow: MakeWorkflow, trigger: Make) -> None:
    made, secret = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}), "webhook", inputs={"amount": 1}
    )
    body = b"{}"
    headers = signed(secret, body, at={"late": time.time() - 301, "early": time.time() + 302}.get(flaw))
    if flaw == "body":
        body = b'{"a": 1}'
    elif flaw == "secret":
        headers = signed(f"whsec_{base64.b64encode(b'x' * 32).decode()}", body)
    elif flaw == "id":
        headers["webhook-id"] = "msg_2"
    elif flaw == "none":
        headers = {}
    elif flaw == "no time":
        headers["webhook-timestamp"] = "yesterday"
    elif flaw == "no year":
        headers["webhook-timestamp"] = "9" * 12
    elif flaw == "another version":
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v0,")
    with pytest.raises(MessageRefused):
        starting.message_take(id=made.id, headers=headers, body=body)
    assert not WorkflowRun.objects.exists()


@pytest.fixture
def webhook(workflow: MakeWorkflow, trigger: Make) -> tuple[Trigger, str]:
    return trigger(workflow({"a": give(1)}), "webhook")


def taken(made: Trigger, secret: str) -> bool:
    headers = signed(secret, b"{}", id=f"msg_{uuid4()}")
    try:
        starting.message_take(id=made.id, headers=headers, body=b"{}")
    except MessageRefused:
        return False
    return True


def test_a_rotated_secret_is_taken_beside_the_new_one_until_the_overlap_is_over(
    webhook: tuple[Trigger, str], builder: User
) -> None:
    made, old = webhook
    new = str(secret_rotate(who=builder, trigger=made, overlap="1h").secret)
    assert new != old
    assert (taken(made, old), taken(made, new)) == (True, True)
    Trigger.objects.filter(pk=made.pk).update(former_until=datetime.now(UTC))
    assert (taken(made, old), taken(made, new)) == (False, True)


def test_a_secret_that_somebody_has_seen_ends_at_once(webhook: tuple[Trigger, str], builder: User) -> None:
    made, old = webhook
    rotated = secret_rotate(who=builder, trigger=made, overlap="0")
    assert (taken(made, old), taken(made, str(rotated.secret))) == (False, True)
    assert rotated.former_secret is None


def test_only_the_last_secret_but_one_is_taken_besides(webhook: tuple[Trigger, str], builder: User) -> None:
    made, first = webhook
    second = str(secret_rotate(who=builder, trigger=made, overlap="7d").secret)
    third = str(secret_rotate(who=builder, trigger=made, overlap="1h").secret)
    assert [taken(made, each) for each in (first, second, third)] == [False, True, True]


def test_an_overlap_that_is_none_changes_nothing(webhook: tuple[Trigger, str], builder: User) -> None:
    made, old = webhook
    with pytest.raises(InvalidInput) as refused:
        secret_rotate(who=builder, trigger=made, overlap="1y")
    assert refused.value.issues[0].path == "overlap"
    assert taken(made, old)


def test_a_webhook_that_is_not_there_or_turned_off_takes_nothing(
    workflow: MakeWorkflow, trigger: Make, builder: User
) -> None:
    made, secret = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}), "webhook", inputs={"amount": 1}
    )
    starting.trigger_change(who=builder, trigger=made, is_enabled=False)
    with pytest.raises(Conflict):
        starting.message_take(id=made.id, headers=signed(secret, b"{}"), body=b"{}")
    with pytest.raises(NotFound):
        starting.message_take(id=made.workflow_id, headers=signed(secret, b"{}"), body=b"{}")


def test_a_webhook_of_a_held_organisation_is_to_be_sent_again_later(
    workflow: MakeWorkflow, trigger: Make, acme: Tenant
) -> None:
    """What is started after a restore may have been done already (rule R7)."""
    made, secret = trigger(workflow({"a": give(1)}), "webhook")
    tenant_hold(tenant=acme)
    with pytest.raises(starting.TenantHeld) as refused:
        starting.message_take(id=made.id, headers=signed(secret, b"{}"), body=b"{}")
    assert refused.value.status == 503
    tenant_release(who=Platform(), tenant=acme)
    assert starting.message_take(id=made.id, headers=signed(secret, b"{}"), body=b"{}")


def test_a_secret_is_stored_sealed(workflow: MakeWorkflow, trigger: Make) -> None:
    made, secret = trigger(
        workflow(chainless(), inputs=AMOUNT, outputs={"x": "${steps.a.x}"}), "webhook", inputs={"amount": 1}
    )
    with connection.cursor() as cursor:
        cursor.execute("select secret from workflows_trigger where id = %s", [made.id])
        (stored,) = cursor.fetchone() or (b"",)
    assert secret.encode() not in bytes(stored)
    assert Trigger.objects.get().secret == secret


def test_the_end_of_one_workflow_starts_another_with_what_it_gave(
    workflow: MakeWorkflow, trigger: Make, start: Start, worked: Work
) -> None:
    first = workflow(chainless(), name="first", inputs=AMOUNT, outputs={"x": "${steps.a.x}"})
    second = workflow(chainless(), name="second", inputs=AMOUNT, outputs={"x": "${steps.a.x}"})
    trigger(second, "workflow_end", workflow="first", status="succeeded", inputs={"amount": "${ended.outputs.x}"})
    start(first, amount=8)
    worked("flow")
    run = WorkflowRun.objects.get(workflow=second)
    assert (run.status, run.outputs, run.origin) == ("succeeded", {"x": 8}, "workflow_end")


def test_a_failure_starts_the_workflow_that_deals_with_it(workflow: MakeWorkflow, start: Start, worked: Work) -> None:
    texts = {"workflow": {"type": "text"}, "detail": {"type": "text"}}
    workflow(
        {"a": give("${inputs.workflow}: ${inputs.detail}")}, name="rescue", inputs=texts, outputs={"x": "${steps.a.x}"}
    )
    made = workflow({"a": {"kind": "stop", "reason": "No stock"}}, name="broken", on_failure="rescue")
    failing = start(made)
    worked("flow")
    rescue = WorkflowRun.objects.get(workflow__name="rescue")
    assert rescue.outputs == {"x": "broken: No stock"}
    assert rescue.created_by is not None
    assert rescue.created_by == after(failing).created_by


def test_workflows_that_start_each_other_for_ever_come_to_an_end(
    workflow: MakeWorkflow, trigger: Make, start: Start, worked: Work
) -> None:
    one = workflow(chainless(), name="one", inputs=AMOUNT)
    two = workflow(chainless(), name="two", inputs=AMOUNT)
    trigger(one, "workflow_end", workflow="two", inputs={"amount": 1})
    trigger(two, "workflow_end", workflow="one", inputs={"amount": 1})
    start(one, amount=1)
    worked("flow")
    assert WorkflowRun.objects.count() == services.DEEPEST + 1


def test_no_more_runs_than_the_limit_are_worked_on_and_each_has_its_turn(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    made = workflow({"ask": {"kind": "wait", "duration": "1h"}}, overlap={"limit": 2})
    runs = [start(made) for _ in range(4)]
    worked("flow")
    assert [after(run).status for run in runs] == ["waiting", "waiting", "queued", "queued"]
    services.run_cancel(who=builder, run=runs[0])
    worked("flow")
    assert [after(run).status for run in runs] == ["cancelled", "waiting", "waiting", "queued"]


def test_one_more_than_the_limit_is_refused_or_takes_the_place_of_the_oldest(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    steps = {"ask": {"kind": "wait", "duration": "1h"}}
    skipping = workflow(steps, name="skip", overlap={"limit": 1, "policy": "skip"})
    start(skipping)
    with pytest.raises(Conflict, match="1 at a time"):
        start(skipping)
    replacing = workflow(steps, name="replace", overlap={"limit": 1, "policy": "cancel_previous"})
    first = start(replacing)
    worked("flow")
    second = start(replacing)
    worked("flow")
    assert (after(first).status, after(second).status) == ("cancelled", "waiting")


def chainless() -> dict[str, Any]:
    return {"a": give("${inputs.amount}")}

"""What is recorded of workflows and their runs: who did it, what was before and after, and no payload of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import User
from apps.audit.services import AuditNotWritten
from apps.dispatch import rows
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from apps.workflows import bulk, defining, services, starting, webhooks
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.auditing import refs_told
from apps.workflows.bundles import run_bundle
from apps.workflows.definition import definition_parse
from apps.workflows.models import Approval, StepRun, Trigger, Workflow, WorkflowRun
from apps.workflows.pump import Pump
from apps.workflows.triggers import settings_of
from tests.recorded import entries, everything, last, sentences
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_acts import steps as acting_steps
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, chain

ASK = {"ask": {"kind": "approval", "question": "Ship ${inputs.amount}?"}}


@pytest.fixture
def made(workflow: MakeWorkflow) -> Workflow:
    return workflow(chain(2), inputs=AMOUNT)


def redraft(who: User, workflow: Workflow, amount: int) -> None:
    steps = {"s0": give("${inputs.amount}"), "s1": give(amount)}
    definition = {"name": workflow.name, "title": "Test", "steps": steps, "inputs": AMOUNT}
    defining.workflow_save(who=who, user=who, definition=definition_parse(definition))


def test_each_change_of_a_workflow_is_an_entry_in_words(made: Workflow, builder: User) -> None:
    redraft(builder, made, 1)
    defining.workflow_discard(who=builder, workflow=made)
    redraft(builder, made, 2)
    defining.workflow_publish(who=builder, user=builder, workflow=made, note="Two")
    defining.workflow_rollback(who=builder, user=builder, workflow=made, number=1)
    defining.workflow_pause(who=builder, workflow=made)
    defining.workflow_pause(who=builder, workflow=made)  # which it is: nothing is done
    defining.workflow_resume(who=builder, workflow=made)
    defining.workflow_archive(who=builder, workflow=made)
    assert sentences() == [
        f"{builder} {what}"
        for what in (
            "saved a draft of Test",
            "published version 1 of Test",
            "saved a draft of Test",
            "discarded the draft of Test",
            "saved a draft of Test",
            "published version 2 of Test",
            "went back to version 1 of Test, as version 3",
            "let no trigger start Test",
            "let triggers start Test again",
            "archived Test",
        )
    ]
    entry, said = last("workflows.published")
    assert (entry.subject_kind, entry.subject_id, entry.actor_id) == ("workflows.workflow", "test", builder.pk)
    assert (said.before["version"], said.after["version"]) == (1, 2)
    assert said.before["sha256"] != said.after["sha256"]
    assert any("s1" in change for change in said.facts["changes"])
    assert said.facts["note"] == "Two"


def test_a_credential_in_a_definition_is_in_no_entry(workflow: MakeWorkflow, builder: User) -> None:
    def call(secret: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {secret}"}
        return {"call": {"kind": "http", "method": "GET", "url": "https://example.org", "headers": headers}}

    workflow(call("sk-live-0123456789abcdefghij"))
    workflow(call("sk-live-9876543210jihgfedcba"))
    assert last("workflows.saved")[1].facts["changes"]
    assert "0123456789abcdefghij" not in everything()
    assert "9876543210jihgfedcba" not in everything()


def test_triggers_are_recorded_and_their_secrets_are_not(made: Workflow, builder: User) -> None:
    trigger, secret = starting.trigger_create(
        who=builder, user=builder, workflow=made, kind="webhook", settings={"inputs": {"amount": "${message.amount}"}}
    )
    starting.trigger_change(who=builder, trigger=trigger, is_enabled=False)
    assert (last("workflows.trigger_changed")[1].before, last("workflows.trigger_changed")[1].after) == (
        {"is_enabled": True},
        {"is_enabled": False},
    )
    rotated = webhooks.secret_rotate(who=builder, trigger=trigger, overlap="1d")
    starting.trigger_delete(who=builder, trigger=trigger)
    assert sentences()[2:] == [
        f"{builder} made a trigger of Test: webhook",
        f"{builder} changed a trigger of Test: webhook",
        f"{builder} gave a webhook of Test another secret",
        f"{builder} deleted a trigger of Test: webhook",
    ]
    assert secret not in everything()
    assert str(rotated.secret) not in everything()


def test_a_schedule_that_is_given_up_is_turned_off_by_nobody_who_is_there(made: Workflow, builder: User) -> None:
    settings = {"every": "1h", "inputs": {"amount": 1}}
    trigger, _ = starting.trigger_create(who=builder, user=builder, workflow=made, kind="schedule", settings=settings)
    starting.trigger_bury(id=trigger.pk, cause="Workers died.")
    assert sentences("workflows.trigger_changed") == ["The platform changed a trigger of Test: schedule"]


def test_a_run_is_recorded_with_its_start_and_its_end_by_its_workflow(
    made: Workflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(made, amount=4711081.5)
    worked()
    assert sentences("workflows.run_started", "workflows.run_ended") == [
        f"{builder} started {run.ref} of test",
        f"Test ended {run.ref} of test: succeeded",
    ]
    entry, _ = last("workflows.run_ended")
    assert (entry.actor_kind, entry.actor_id, entry.via) == ("workflow", builder.pk, run.ref)
    assert (entry.subject_id, entry.kind) == (str(run.number), "workflows.run_ended")
    assert "4711081" not in everything()


def test_a_thousand_starts_are_one_entry_and_their_ends_one_a_round(
    made: Workflow, worked: Work, builder: User
) -> None:
    runs = services.runs_start(who=builder, user=builder, workflow=made, data=[{"amount": 1}] * 100, origin="api")
    worked()
    _, said = last("workflows.runs_started")
    assert (said.facts["count"], said.facts["first"], said.facts["last"]) == (100, runs[0].ref, runs[-1].ref)
    assert len(entries("workflows.run_started", "workflows.run_ended")) == 0
    ended = entries("workflows.runs_ended")
    assert 2 <= len(ended) <= 4
    told = [entry.payload.facts["content"] for entry in ended]
    assert sum(each["count"] for each in told) == 100
    assert told[0]["runs"].startswith(f"{runs[0].ref} to W-")


def test_of_runs_that_end_together_each_that_failed_is_told_by_itself(
    workflow: MakeWorkflow, worked: Work, builder: User
) -> None:
    failing = {"a": {"kind": "branch", "cases": [{"when": {"field": "${inputs.amount}", "op": ">", "value": 5},
               "go": ["stop"]}]}, "stop": {"kind": "stop", "reason": "Too much"}}  # fmt: skip
    made = workflow(failing, inputs=AMOUNT)
    data = [{"amount": amount} for amount in (1, 9, 2, 9)]
    runs = services.runs_start(who=builder, user=builder, workflow=made, data=data, origin="api")
    worked()
    assert sorted(sentences("workflows.run_ended", "workflows.runs_ended")) == [
        f"Test ended 2 runs of Test as they should: {runs[0].ref}, {runs[2].ref}",
        f"Test ended {runs[1].ref} of test: failed",
        f"Test ended {runs[3].ref} of test: failed",
    ]


def test_an_end_that_another_worker_has_to_record_is_not_told(made: Workflow, start: Start, acme: Tenant) -> None:
    run = start(made, amount=1)
    [claim] = rows.claim(tenant=acme.schema_name, queue="flow", limit=1, slots=9).claims
    pump = Pump([claim])
    WorkRow.objects.filter(id=run.id).update(fence=claim.fence + 1)
    pump.run()
    assert not entries("workflows.run_ended")


def test_what_people_do_with_runs_is_recorded(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User, member: Callable[..., User]
) -> None:
    made = workflow(ASK, inputs=AMOUNT)
    one, two, three = (start(made, amount=n) for n in (7, 8, 9))
    worked()
    services.run_pause(who=builder, run=one)
    services.run_resume(who=builder, run=one)
    services.run_cancel(who=builder, run=one)
    services.runs_cancel(who=builder, runs=[two])
    worked()
    again = services.run_retry(who=builder, user=builder, run=one, step=None)
    approver = member("approver")
    asked = Approval.objects.get(run=three)
    approval_decide(who=approver, user=approver, approval=asked, approved=False, comment="Ada has moved away.")
    "".join(run_bundle(who=builder, run=three))
    others = ("run_started", "saved", "published", "run_ended", "asked")
    wanted = entries(*(f"workflows.{each}" for each in others))
    told = [text for text, entry in zip(sentences(), entries(), strict=True) if entry not in wanted]
    assert told == [
        f"{builder} paused {one.ref}",
        f"{builder} let {one.ref} go on",
        f"{builder} wants {one.ref} cancelled",
        f"{builder} wants {two.ref} cancelled",
        f"{builder} tried {one.ref} again as {again.ref}",
        f"{approver} answered no to what step ask of {three.ref} asks",
        f"{builder} downloaded all that is kept of {three.ref}",
    ]
    _, said = last("workflows.asked")
    assert (said.facts["step"], said.facts["approvals"]) == ("ask", [str(asked.pk)])
    entry, said = last("workflows.answered")
    assert entry.payload.personal["content"]["comment"] == "Ada has moved away."
    assert "Ada" not in str(entry.payload.facts)
    assert set(said.facts["asked"]) == {"bytes", "sha256"}
    assert last("workflows.run_ended")[1].facts["problem"] == "cancelled"


def test_what_was_given_up_is_told_and_who_requeued_it(
    made: Workflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(made, amount=1)
    doom(run)
    worked()
    assert sentences("workflows.run_ended") == [f"The platform ended {run.ref} of test: failed"]
    bulk.runs_requeue(who=builder, runs=[run])
    entry, said = last("dispatch.requeued")
    assert (entry.subject_id, said.subject.startswith(run.ref) or run.ref in said.subject) == (str(run.pk), True)


def test_what_a_step_does_is_done_by_its_run_in_the_name_of_who_started_it(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(acting_steps("agents.run"), outputs={}))
    worked("flow", "cpu", "io")
    acted, started = entries("agents.acted"), entries("agents.run_started")
    assert len(acted) == len(started) == 2
    for entry in (*acted, *started):
        assert (entry.actor_kind, entry.actor_id, entry.via) == ("workflow", builder.pk, run.ref)
        assert entry.request != ""


def test_a_trigger_starts_in_the_name_of_whoever_made_it(made: Workflow, builder: User, worked: Work) -> None:
    settings = {"every": "1h", "inputs": {"amount": 1}}
    trigger, _ = starting.trigger_create(who=builder, user=builder, workflow=made, kind="schedule", settings=settings)
    starting._start(Trigger.objects.select_related("workflow__published", "created_by").get(), settings_of(
        "schedule", trigger.told), {"fired": {"at": "2026-01-01T06:00:00+00:00"}}, "schedule")  # fmt: skip
    entry, said = last("workflows.run_started")
    assert (entry.actor_kind, entry.actor_id, entry.via) == ("system", builder.pk, f"trigger {trigger.pk}")
    assert said.actor == "Schedule"


def test_a_workflow_that_another_starts_is_started_by_that(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    workflow(chain(1), name="inner", inputs=AMOUNT)
    call = {"call": {"kind": "workflow", "workflow": "inner", "inputs": {"amount": 1}}}
    run = start(workflow(call, name="outer"))
    worked()
    child = WorkflowRun.objects.get(parent=run)
    assert f"Outer started {child.ref} of inner" in sentences("workflows.run_started")


@pytest.mark.parametrize("act", ["publish", "start", "end"])
def test_where_it_cannot_be_written_nothing_is_done(
    made: Workflow, start: Start, acme: Tenant, builder: User, act: str
) -> None:
    redraft(builder, made, 5)
    start(made, amount=1)
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_pending rename to audit_gone")
    if act == "publish":
        with pytest.raises(AuditNotWritten):
            defining.workflow_publish(who=builder, user=builder, workflow=made)
    elif act == "start":
        with pytest.raises(AuditNotWritten):
            start(made, amount=2)
    else:
        [claim] = rows.claim(tenant=acme.schema_name, queue="flow", limit=1, slots=9).claims
        with pytest.raises(DatabaseError), transaction.atomic():
            Pump([claim]).run()
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_gone rename to audit_pending")
    made.refresh_from_db()
    assert made.published is not None
    assert (made.published.number, made.versions.filter(number=None).count()) == (1, 1)
    assert [each.status for each in WorkflowRun.objects.all()] == ["queued"]
    assert not StepRun.objects.exists()


@pytest.mark.parametrize(
    ("numbers", "told"), [([3], "W-3"), ([3, 4], "W-3 to W-4"), ([9, 3, 4, 5], "W-3 to W-5, W-9"), ([1, 3], "W-1, W-3")]
)
def test_runs_are_named_by_ranges(numbers: list[int], told: str) -> None:
    assert refs_told(WorkflowRun(number=number) for number in numbers) == told

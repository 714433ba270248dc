"""Workflows by the client: in front of the server itself, and what only a network shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from orchestrall_client import (
    Client,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RunFailed,
    WaitExpired,
    WorkflowRunDetail,
)

from apps.accounts.models import User
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.tenants.models import Tenant
from tests.client.conftest import RUN_ID, Clock, Connect, Ended, Server, answered
from tests.conftest import MakeMember

PASSWORD = "correct horse battery staple"
SCOPES = ("workflows.view", "workflows.edit", "workflows.run", "datasets.view")
GREET: dict[str, Any] = {
    "name": "greet",
    "title": "Greet",
    "inputs": {"who": {"type": "text"}},
    "steps": {
        "may": {"kind": "approval", "question": "Greet ${inputs.who}?", "roles": ["approver"]},
        "hello": {"kind": "transform", "when": {"field": "${steps.may.approved}", "op": "=", "value": True},
                  "set": {"text": "Hello ${inputs.who}"}},
    },
    "outputs": {"text": {"$default": ["${steps.hello.text}", "-"]}},
}  # fmt: skip
PLAIN = {**GREET, "steps": {"hello": {"kind": "transform", "set": {"text": "Hello ${inputs.who}"}}}}

Work = Callable[[], None]


@pytest.fixture
def work_off(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> Work:
    """`work_off()`: take turns of a worker until nothing is due. No message wakes any other."""
    from apps.common import work

    board = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(board))
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: True)

    def turn() -> None:
        while turns.turn(schema=acme.schema_name, queue="flow", board=board):
            pass

    return turn


@pytest.fixture
def builder(member: MakeMember, connect: Connect) -> Client:
    _, text = key_create(who=Caller(member("owner")), name="A program", scopes=SCOPES, days=1)
    return connect(key=text)


@pytest.fixture
def approver(member: MakeMember, connect: Connect) -> Client:
    """A person: questions are not answered by keys."""
    user: User = member("approver", email="approver@acme.example")
    user.set_password(PASSWORD)
    user.save()
    return connect(email=user.email, password=PASSWORD)


def published(client: Client, definition: dict[str, Any] = PLAIN) -> None:
    client.workflows.create(definition)
    client.workflows.publish("greet")


def test_a_workflow_is_made_published_changed_and_gone_back_to(builder: Client, work_off: Work) -> None:
    made = builder.workflows.create(PLAIN)
    assert (made.name, made.published, made.has_draft) == ("greet", None, True)
    with pytest.raises(Conflict):
        builder.workflows.create(PLAIN)
    assert builder.workflows.publish(made, note="First").published == 1
    changed = {**PLAIN, "title": "Greet them"}
    assert builder.workflows.check("greet", changed).changes
    assert builder.workflows.save(made, changed).changes
    builder.workflows.publish("greet")
    assert builder.workflows.difference("greet", 2).former == 1
    assert builder.workflows.version("greet", 1).definition["title"] == "Greet"
    builder.workflows.save("greet", {**changed, "title": "Greet all"})
    assert builder.workflows.draft("greet").definition["title"] == "Greet all"
    builder.workflows.discard("greet")
    assert not builder.workflows.get("greet").has_draft
    assert builder.workflows.rollback("greet", 1).published == 3
    assert [each.number for each in builder.workflows.versions("greet")] == [3, 2, 1]
    assert builder.workflows.pause("greet").is_paused
    assert not builder.workflows.resume("greet").is_paused
    assert [each.name for each in builder.workflows.list(q="gree")] == ["greet"]
    builder.workflows.archive("greet")
    assert list(builder.workflows.list()) == []
    assert builder.workflows.get("greet").archived_at is not None


def test_what_is_wrong_with_a_definition_is_told_with_its_place(builder: Client) -> None:
    wrong = {**PLAIN, "outputs": {"text": "${steps.nothing.text}"}}
    with pytest.raises(InvalidRequest) as refused:
        builder.workflows.create(wrong)
    assert [issue.path for issue in refused.value.issues] == ["outputs.text"]


def test_a_run_is_started_waited_for_and_read(builder: Client, work_off: Work) -> None:
    published(builder)
    run = builder.workflow_runs.start("greet", {"who": "Ana"})
    assert (run.status, run.is_open, run.workflow) == ("queued", True, "greet")
    with pytest.raises(WaitExpired):
        builder.workflow_runs.wait(run, timeout=0)
    work_off()
    assert builder.workflow_runs.outputs(run, timeout=60) == {"text": "Hello Ana"}
    assert [(step.step, step.outcome) for step in builder.workflow_runs.steps(run)] == [("hello", "succeeded")]
    assert [each.id for each in builder.workflow_runs.list(workflow="greet", status="succeeded")] == [run.id]
    again = builder.workflow_runs.retry(run, "hello", given={"text": "Salve"})
    work_off()
    assert builder.workflow_runs.outputs(again) == {"text": "Salve"}
    assert builder.workflow_runs.get(again).retry_of == run.id


def test_many_runs_are_started_once_and_cancelled_each_as_by_itself(builder: Client, work_off: Work) -> None:
    published(builder)
    inputs = [{"who": name} for name in ("Ana", "Tom")]
    runs = builder.workflow_runs.start_many("greet", inputs, idempotency_key="greetings")
    assert [run.id for run in builder.workflow_runs.start_many("greet", inputs, idempotency_key="greetings")] == [
        run.id for run in runs
    ]
    outcomes = [each.outcome for each in builder.workflow_runs.cancel_many([runs[0], RUN_ID])]
    assert outcomes == ["cancelling", "not_found"]
    work_off()
    assert [builder.workflow_runs.get(run).status for run in runs] == ["cancelled", "succeeded"]
    with pytest.raises(RunFailed, match="was cancelled"):
        builder.workflow_runs.outputs(runs[0])
    assert [each.outcome for each in builder.workflow_runs.retry_many(runs)] != []
    assert {each.outcome for each in builder.workflow_runs.requeue_many([RUN_ID])} == {"not_found"}


def test_a_person_answers_what_a_run_asks(builder: Client, approver: Client, work_off: Work) -> None:
    published(builder, GREET)
    run = builder.workflow_runs.start("greet", {"who": "Ana"})
    work_off()
    assert builder.workflow_runs.get(run).status == "waiting"
    [question] = approver.approvals.list(mine=True, run=run)
    assert (question.question, question.status) == ("Greet Ana?", "open")
    with pytest.raises(InvalidRequest):
        approver.approvals.decide(question, False)
    assert approver.approvals.decide(question, True, comment="Do").decided_by == "approver@acme.example"
    work_off()
    assert builder.workflow_runs.outputs(run) == {"text": "Hello Ana"}
    assert approver.approvals.get(question.id).approved is True
    with pytest.raises(PermissionDenied):
        builder.approvals.decide(question, True)


def test_a_person_lets_another_answer_and_many_questions_are_answered_at_once(
    builder: Client, approver: Client, work_off: Work, member: MakeMember
) -> None:
    member("administrator", email="deputy@acme.example")
    form = {"text": {"type": "text"}}
    may = {**GREET["steps"]["may"], "risk": "low", "quorum": 2, "form": form}
    published(builder, {**GREET, "steps": {**GREET["steps"], "may": may}})
    run = builder.workflow_runs.start("greet", {"who": "Ana"})
    work_off()
    [question] = approver.approvals.list(mine=True, run=run)
    [refused, missing] = approver.approvals.decide_many([question, RUN_ID], True)
    assert (refused.outcome, missing.outcome) == ("refused", "not_found")
    assert refused.problem is not None
    assert "form" in refused.problem.detail
    detail = approver.approvals.decide(question, True, answers={"text": "Hello"})
    assert (detail.status, detail.yes, detail.you.may_decide) == ("open", 1, False)
    assert [(each.by, each.answers) for each in detail.decisions] == [("approver@acme.example", {"text": "Hello"})]
    made = approver.delegations.create("deputy@acme.example", ends_at=datetime.now(UTC) + timedelta(days=1))
    assert approver.delegations.get(made).giver == "approver@acme.example"
    assert approver.delegations.revoke(made).revoked_at is not None
    assert [each.id for each in approver.delegations.list()] == [made.id]


def test_a_run_is_paused_resumed_and_cancelled(builder: Client, work_off: Work) -> None:
    published(builder, GREET)
    run = builder.workflow_runs.start("greet", {"who": "Ana"})
    assert builder.workflow_runs.pause(run).pause_requested
    work_off()
    assert builder.workflow_runs.get(run).status == "paused"
    builder.workflow_runs.resume(run)
    assert builder.workflow_runs.cancel(run).cancel_requested
    work_off()
    with pytest.raises(Conflict):
        builder.workflow_runs.cancel(run)


def test_triggers_are_made_changed_and_deleted(builder: Client) -> None:
    published(builder)
    made = builder.triggers.create("greet", "webhook", {"inputs": {"who": "${message.name}"}})
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    timed = builder.triggers.create("greet", "schedule", {"every": "1h", "inputs": {"who": "Ana"}})
    assert len(timed.next_times) == 5
    assert builder.triggers.change(timed, is_enabled=False).next_times == []
    assert {each.kind for each in builder.triggers.list("greet")} == {"webhook", "schedule"}
    assert builder.triggers.get(made.id).address == f"/hooks/{made.id}"
    assert builder.triggers.rotate(made, overlap="1h").secret not in ("", made.secret)
    builder.triggers.delete(made)
    with pytest.raises(NotFound):
        builder.triggers.get(made)


def test_runs_are_started_for_times_that_a_schedule_missed(builder: Client) -> None:
    published(builder)
    timed = builder.triggers.create("greet", "schedule", {"every": "1h", "inputs": {"who": "Ana"}})
    ends_at = datetime.now(UTC) - timedelta(hours=1)
    span = ends_at - timedelta(hours=5), ends_at
    told = builder.backfills.preview(timed, *span)
    assert (told.count, told.again) == (5, 0)
    begun = builder.backfills.start(timed, *span)
    assert (begun.total, begun.status, begun.workflow) == (5, "running", "greet")
    with pytest.raises(Conflict):
        builder.backfills.start(timed, *span)
    assert builder.backfills.cancel(begun).status == "cancelled"
    assert [each.id for each in builder.backfills.list(timed)] == [builder.backfills.get(begun).id]


def test_publishing_may_take_a_second_person(builder: Client) -> None:
    builder.workflows.create(PLAIN)
    assert builder.workflows.second_person("greet", needed=True).needs_second_person
    assert builder.workflows.ask_publication("greet").published is None
    assert builder.workflows.draft("greet").asked_at is not None
    with pytest.raises(Conflict, match="published by a second person"):
        builder.workflows.publish("greet")


def test_a_run_is_moved_to_the_newest_version(builder: Client, work_off: Work) -> None:
    published(builder, {**PLAIN, "steps": {**PLAIN["steps"], "rest": {"kind": "wait", "duration": "1h"}}})
    run = builder.workflow_runs.start("greet", {"who": "Ana"})
    work_off()
    assert builder.workflow_runs.move_preview(run).refusal
    changed = {"rest": {"kind": "wait", "duration": "1h"}, "last": {"kind": "transform", "set": {"a": 1}}}
    builder.workflows.save("greet", {**PLAIN, "steps": {**PLAIN["steps"], **changed}})
    builder.workflows.publish("greet")
    told = builder.workflow_runs.move_preview(run)
    assert (told.version, told.refusal, len(told.kept), len(told.along)) == (2, "", len(PLAIN["steps"]), 1)
    assert builder.workflow_runs.move(run).id != run.id


def test_a_blueprint_becomes_a_workflow(builder: Client) -> None:
    keys = [each.key for each in builder.blueprints.list()]
    assert "retail.weekly_demand_review" in keys
    told = builder.blueprints.get("retail.weekly_demand_review")
    assert told.definition["name"] == "weekly-demand-review"
    assert (told.lacks, told.can_be_set_up) == ([], True)
    assert {each.state for each in told.requirements} == {"missing", "there"}
    assert builder.blueprints.use(told).name == "weekly-demand-review"
    made = builder.blueprints.set_up(told, title="Demand of the north", roles=["owner"], publish=True)
    assert (made.workflow.title, made.workflow.published, made.run) == ("Demand of the north", 1, None)


def test_calls_are_listed_and_none_is_settled_that_is_not_there(builder: Client) -> None:
    assert list(builder.calls.list(status="unknown")) == []
    with pytest.raises(NotFound):
        builder.calls.settle(RUN_ID, True, note="Looked", body={"number": 7})
    with pytest.raises(NotFound):
        builder.calls.get(RUN_ID)


def test_acts_are_listed_and_a_run_that_is_not_there_is_told_apart_from_one_that_is_moved(builder: Client) -> None:
    assert list(builder.acts.list(status="confirmed", workflow="restock")) == []
    (told,) = builder.workflow_runs.move_many([RUN_ID])
    assert (told.outcome, told.run, told.refusal) == ("not_found", None, "")


# What a server tells, without one.


def workflow_run(status: str = "running", seq: int = 1, **fields: Any) -> dict[str, Any]:
    """A run of a workflow as the server tells it."""
    return {
        "id": str(RUN_ID),
        "ref": "W-12",
        "workflow": "restock",
        "title": "Restock",
        "version": 3,
        "status": status,
        "seq": seq,
        "origin": "api",
        "parent": None,
        "retry_of": None,
        "started_by": None,
        "cancel_requested": False,
        "pause_requested": False,
        "created_at": "2026-11-25T16:40:00Z",
        "started_at": None,
        "finished_at": None,
        "problem": None,
        "inputs": {},
        "outputs": None,
        **fields,
    }


PROBLEM = {
    "detail": "422: no such item",
    "step": "order",
    "item": 2,
    "code": "http_422",
    "remedy": "Mend it.",
    "issues": [],
}


def events(*told: dict[str, Any]) -> httpx.Response:
    lines = "".join(f"id: {each['seq']}\ndata: {json.dumps(each)}\n\n" for each in told)
    return httpx.Response(200, text=lines, headers={"Content-Type": "text/event-stream"})


def event(seq: int, status: str) -> dict[str, Any]:
    at = "2026-11-25T16:40:01Z"
    told = {"v": 1, "run": str(RUN_ID), "ref": "W-12", "workflow": "restock", "title": "Restock", "at": at}
    return {**told, "seq": seq, "status": status}


def test_a_run_is_watched_and_taken_up_where_the_stream_broke(client: Client, server: Server) -> None:
    server.will(events(event(1, "running")), events(event(2, "waiting"), event(3, "succeeded")))
    assert [(each.seq, each.status) for each in client.workflow_runs.watch(RUN_ID)] == [
        (1, "running"),
        (2, "waiting"),
        (3, "succeeded"),
    ]
    assert server.sent("Last-Event-ID") == [None, "1"]


def test_where_there_is_no_stream_the_run_is_asked_for(client: Client, server: Server, clock: Clock) -> None:
    server.will(
        httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"}),
        answered(workflow_run("waiting", 2)),
        answered(workflow_run("failed", 3, problem=PROBLEM)),
    )
    assert [each.status for each in client.workflow_runs.watch(RUN_ID)] == ["waiting", "failed"]


def test_why_a_run_failed_is_told_with_the_step(client: Client, server: Server) -> None:
    server.will(answered(workflow_run("failed", problem=PROBLEM)))
    with pytest.raises(RunFailed) as failed:
        client.workflow_runs.outputs(RUN_ID)
    assert str(failed.value) == "W-12 failed: order (item 2): 422: no such item (http_422)\nWhat to do: Mend it."
    assert isinstance(failed.value.run, WorkflowRunDetail)


# The command line


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1)])
def test_a_start_by_command_that_waits_ends_as_its_run_does(
    orchestrall: Ended,
    server: Server,
    status: str,
    code: int,
) -> None:
    server.will(answered(workflow_run("queued"), 202), events(event(2, "waiting"), event(3, status)))
    server.will(answered(workflow_run(status, problem=PROBLEM if code else None)))
    words = ("start", "restock", "--inputs", '{"needed": 12}', "--wait", "--json")
    ended, out, told = orchestrall("workflow-runs", *words)
    assert (ended, json.loads(out)["status"]) == (code, status)
    assert json.loads(server.bodies[0]) == {"inputs": {"needed": 12}}
    assert "W-12  waiting" in told


def test_runs_of_workflows_are_listed_shown_and_taken_up_by_command(orchestrall: Ended, server: Server) -> None:
    failed = workflow_run("failed", problem=PROBLEM)
    server.will(answered({"items": [failed], "next": None}), answered(failed), answered(workflow_run("queued"), 202))
    _, out, _ = orchestrall("workflow-runs", "list", "--status", "failed", "--workflow", "restock")
    assert out.splitlines()[1].split()[:4] == [str(RUN_ID), "W-12", "restock", "failed"]
    _, out, _ = orchestrall("workflow-runs", "get", str(RUN_ID))
    assert "Status    failed  order (item 2): 422: no such item (http_422)" in out
    assert "What to do: Mend it." in out
    ended, _, _ = orchestrall("workflow-runs", "retry", str(RUN_ID), "--step", "order", "--given", '{"quantity": 3}')
    assert (ended, json.loads(server.bodies[2])) == (0, {"step": "order", "given": {"quantity": 3}})
    assert server.asked[0] == "GET /api/v1/workflow-runs?limit=20&status=failed&workflow=restock"


def test_several_runs_are_cancelled_and_taken_up_by_command(orchestrall: Ended, server: Server) -> None:
    one, other = str(RUN_ID), str(uuid4())
    cancelled = [{"id": one, "outcome": "cancelling"}, {"id": other, "outcome": "not_found"}]
    again = {"id": one, "outcome": "retried", "run": workflow_run("queued")}
    server.will(answered({"items": cancelled}), answered({"items": [again]}))
    ended, out, _ = orchestrall("workflow-runs", "cancel", one, other)
    assert (ended, [line.split() for line in out.splitlines()[1:]]) == (
        1,
        [[one, "cancelling"], [other, "not_found"]],
    )
    ended, out, _ = orchestrall("workflow-runs", "retry", one)
    assert (ended, out.splitlines()[1].split()) == (0, [one, "retried", "W-12"])
    assert [json.loads(body) for body in server.bodies] == [{"ids": [one, other]}, {"ids": [one]}]


@pytest.mark.parametrize("words", [("--step", "order"), ("--given", "{}")])
def test_a_step_to_begin_with_is_of_one_run(orchestrall: Ended, server: Server, words: tuple[str, ...]) -> None:
    runs = [str(RUN_ID)] * (2 if "--step" in words else 1)
    ended, _, told = orchestrall("workflow-runs", "retry", *runs, *words)
    assert ended == 2
    assert "Nothing was started" in told
    assert not server.asked


def test_a_no_by_command_needs_a_reason(orchestrall: Ended, server: Server) -> None:
    assert orchestrall("approvals", "decline", str(RUN_ID))[0] == 2
    asked: dict[str, Any] = {
        "id": str(RUN_ID),
        "run": str(RUN_ID),
        "run_ref": "W-12",
        "workflow": "restock",
        "step": "ask",
    }
    asked |= {"question": "Order 24?", "details": None, "roles": ["approver"], "status": "decided"}
    asked |= {"asked_at": "2026-11-25T16:40:00Z", "due_at": "2026-11-28T16:40:00Z", "approved": False}
    asked |= {"comment": "Too many", "decided_by": None, "decided_at": None, "item": None, "form": None}
    asked |= {"comment_on": "reject", "people": [], "quorum": 1, "yes": 0, "forbids_own": False, "risk": "normal"}
    asked |= {"remind_at": None, "escalate_at": None, "escalates_to": [], "escalated_at": None, "decisions": []}
    asked |= {"you": {"may_decide": False, "own": False, "on_behalf_of": [], "why_not": "Answered."}}
    server.will(answered(asked))
    assert orchestrall("approvals", "decline", str(RUN_ID), "--comment", "Too many")[0] == 0
    assert json.loads(server.bodies[0]) == {"approved": False, "comment": "Too many"}
    server.will(answered(asked | {"approved": True}))
    words = ("--answers", '{"amount": 7}', "--for", "ana@acme.example")
    assert orchestrall("approvals", "approve", str(RUN_ID), *words)[0] == 0
    sent = {"approved": True, "comment": "", "answers": {"amount": 7}, "on_behalf_of": "ana@acme.example"}
    assert json.loads(server.bodies[1]) == sent


WORKFLOW: dict[str, Any] = {
    "id": str(RUN_ID),
    "name": "restock",
    "title": "Restock",
    "description": "",
    "owner": "",
    "tags": [],
    "published": None,
    "has_draft": True,
    "is_paused": False,
    "needs_second_person": False,
    "archived_at": None,
    "seq": 1,
    "created_at": "2026-11-25T16:40:00Z",
    "definition": None,
    "draft": {},
    "changes": [],
    "versions": 0,
    "triggers": [{"id": str(RUN_ID), "kind": "schedule", "told": "Every 1h", "is_enabled": False}],
}


def test_workflows_are_made_of_blueprints_and_published_by_command(orchestrall: Ended, server: Server) -> None:
    server.will(answered(WORKFLOW, 201), answered(WORKFLOW | {"published": 1, "has_draft": False}))
    ended, out, _ = orchestrall("blueprints", "use", "retail.restock", "--publish")
    assert (ended, "State     version 1\n" in out, "Every 1h  turned off" in out) == (0, True, True)
    assert server.asked == [
        "POST /api/v1/workflow-blueprints/retail.restock/use",
        "POST /api/v1/workflows/restock/publish",
    ]


def test_a_blueprint_is_looked_at_and_set_up_by_command(orchestrall: Ended, server: Server) -> None:
    told: dict[str, Any] = {
        "key": "retail.restock",
        "industry": "retail",
        "title": "Restock",
        "summary": "Orders what is needed.",
        "needs": [],
        "agents": [],
        "kinds": [],
        "can_be_set_up": True,
        "lacks": [],
        "requirements": [{"title": "Stock", "text": "A table.", "state": "asked", "page": ""}],
        "definition": {},
        "values_schema": {"properties": {"stock": {}}},
        "roles": ["owner"],
        "samples": [{"number": 0, "title": "All is there", "inputs": {}, "ends": "succeeded"}],
    }
    server.will(answered(told))
    ended, out, _ = orchestrall("blueprints", "get", "retail.restock")
    assert ended == 0
    assert [words for words in ("Asks for   stock", "All is there", "asked") if words not in out] == []
    server.will(answered({"workflow": WORKFLOW, "run": None}, 201))
    words = ["--values", '{"stock": "a"}', "--role", "owner", "--cron", "0 7 * * MON", "--publish"]
    ended, out, _ = orchestrall("blueprints", "set-up", "retail.restock", *words)
    assert (ended, "restock" in out) == (0, True)
    assert server.asked[1] == "POST /api/v1/workflow-blueprints/retail.restock/set-up"
    assert json.loads(server.bodies[1]) == {
        "title": "",
        "values": {"stock": "a"},
        "roles": ["owner"],
        "schedule": {"cron": "0 7 * * MON", "zone": "UTC"},
        "publish": True,
        "run": False,
        "sample": None,
    }


def test_what_is_no_json_is_told_before_anything_is_asked(orchestrall: Ended) -> None:
    ended, _, told = orchestrall("workflows", "create", "{name: restock}")
    assert (ended, "the definition is no JSON" in told) == (2, True)
    assert orchestrall("workflow-runs", "start", "restock", "--many", "nowhere", "--wait")[0] == 2

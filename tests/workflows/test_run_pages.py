"""Pages of workflow runs: what they show, what they refuse, and that they cost the same however much there is."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.common import work
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import services
from apps.workflows.models import Approval, HttpCall, StepRun, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after

Browse = Callable[..., Client]
Make = Callable[..., User]
LIST = "/workflow-runs/"
TITLE = "Cross cannot work with what it was given"
FAILING: dict[str, Any] = {
    "count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 2}},
    "cross": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "cross", "steps": 3}},
    "last": give({"$last": "${steps.cross.numbers}"}),
    "report": give("${steps.last.x}"),
}


@pytest.fixture
def console(client_for: Browse, builder: User) -> Client:
    """The builder's browser."""
    return client_for(builder)


@pytest.fixture
def failed(workflow: MakeWorkflow, start: Start, worked: Work) -> WorkflowRun:
    """A run whose second of four steps has failed."""
    run = start(workflow(FAILING))
    worked("flow", "cpu")
    return after(run)


def address(run: WorkflowRun, more: str = "") -> str:
    return f"{LIST}W-{run.number}/{more}"


def text_of(answer: Any) -> str:
    """What a page says, in one line."""
    assert answer.status_code == 200, answer.content[:2000]
    words = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", words)))


def statements(console: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert console.get(path).status_code == 200
    return len(caught)


def streamed(console: Client, path: str) -> bytes:
    answer: Any = console.get(path)
    return b"".join(answer.streaming_content)


# ------------------------------------------------------------------ one run


def test_a_failed_run_says_first_what_happened_and_what_was_and_was_not_done(
    failed: WorkflowRun, console: Client
) -> None:
    said = text_of(console.get(address(failed)))
    assert TITLE in said
    assert failed.problem["detail"] in said
    assert "2 later steps are held back; a retry keeps the 1 finished step." in said
    assert said.index(TITLE) < said.index("Timeline")
    assert "Retry from here" in said


def test_a_failed_run_is_taken_up_from_the_step_that_failed_by_one_click(
    failed: WorkflowRun, console: Client, worked: Work
) -> None:
    answer = console.post(address(failed, "retry/"), {"step": "cross"})
    again = WorkflowRun.objects.get(retry_of=failed)
    assert (answer.status_code, answer["Location"]) == (302, address(again))
    assert again.generation == 0
    said = text_of(console.get(address(again) + "?step=count"))
    assert f"Kept from {failed.ref}" in said
    assert f"Retry of {failed.ref}" in said
    assert f"Taken up by {again.ref}" in text_of(console.get(address(failed)))


def test_a_step_is_given_something_else_only_as_its_agent_takes_it(
    failed: WorkflowRun, console: Client, worked: Work
) -> None:
    form = console.get(address(failed, "retry/?step=cross"))
    assert json.loads(html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", form.content.decode(), re.S)[1])) == {  # type: ignore[index]
        "mood": "cross",
        "steps": 3,
    }
    refused = console.post(address(failed, "retry/"), {"step": "cross", "given": '{"steps": "many"}'})
    assert refused.status_code == 422
    assert b"steps" in refused.content
    assert console.post(address(failed, "retry/"), {"step": "cross", "given": "{"}).status_code == 422
    assert not WorkflowRun.objects.filter(retry_of=failed).exists()
    console.post(address(failed, "retry/"), {"step": "cross", "given": '{"steps": 4}'})
    worked("flow", "cpu")
    again = WorkflowRun.objects.get(retry_of=failed)
    assert (again.status, again.generation, again.given) == ("succeeded", 1, {"cross": {"steps": 4}})
    said = text_of(console.get(address(again) + "?step=cross&tab=input"))
    assert "A person gave the step this" in said


def test_a_run_that_was_given_up_is_requeued(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    from apps.dispatch.models import DeadLetter, WorkRow
    from apps.workflows.performers import KIND

    run = start(workflow({"a": give("${inputs.amount}")}, inputs=AMOUNT), amount=1)
    row = WorkRow.objects.get(id=run.id, kind=KIND)
    DeadLetter.objects.create(id=run.id, kind=KIND, tenant=row.tenant, queue=row.queue, cause="Three died.")
    row.delete()
    services.run_bury(id=run.id, cause="Three died.")
    said = text_of(console.get(address(run)))
    assert "The run was given up" in said
    assert "Requeue" in said
    assert "Retry from here" not in said.partition("Timeline")[0]
    console.post(address(run, "requeue/"))
    worked()
    assert after(run).status == "succeeded"


def test_a_run_that_waits_says_for_whom_and_until_when(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"ask": {"kind": "approval", "question": "Pay ${inputs.amount}?"}}, inputs=AMOUNT), amount=7)
    worked()
    answer = console.get(address(run))
    said = text_of(answer)
    assert "Waits for an answer: Pay 7.0?" in said
    assert "Approver or administrator may answer" in said
    assert "Needs approval" in said
    assert f"/approvals/{Approval.objects.get(run=run).pk}/" in answer.content.decode()


def test_a_run_that_a_step_ended_says_which_and_why_and_can_only_be_run_again(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    stop = {"kind": "stop", "title": "Refuse", "as": "failed", "reason": "12 differs from 13."}
    run = start(workflow({"a": give(1), "no": stop, "later": give(2)}))
    worked()
    page = console.get(address(run))
    said = text_of(page)
    assert "Refuse ended the run 12 differs from 13." in said
    assert "Later Not reached" in said
    assert page.content.count(f'action="{address(run, "again/")}"'.encode()) == 1
    assert "Go on where it stopped" not in said


def test_a_run_that_waits_for_a_moment_says_until_when(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"pause": {"kind": "wait", "duration": "2h"}}))
    worked()
    said = text_of(console.get(address(run)))
    assert "Waits at “Pause”" in said
    assert "Needs approval" not in said.partition("Steps")[0]


def test_a_call_whose_outcome_is_unknown_is_told_before_everything_else(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"order": {"kind": "http", "url": "https://shop.example/orders"}}))
    worked("flow")
    HttpCall.objects.filter(run=run).update(status="unknown")
    WorkflowRun.objects.filter(pk=run.pk).update(status="waiting")
    said = text_of(console.get(address(run)))
    assert "Order: nobody knows whether the other system did it" in said
    assert "It is not sent again by itself" in said
    assert "Outcome unknown" in said


def test_a_run_is_paused_resumed_and_cancelled_by_forms(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"pause": {"kind": "wait", "duration": "2h"}, "a": give(1)}))
    console.post(address(run, "pause/"))
    worked()
    assert after(run).status == "paused"
    said = text_of(console.get(address(run)))
    assert "The run is paused" in said
    assert "Resume" in said
    console.post(address(run, "resume/"))
    worked()
    assert after(run).status == "waiting"
    console.post(address(run, "cancel/"))
    worked()
    assert after(run).status == "cancelled"
    assert "The run was cancelled" in text_of(console.get(address(run)))
    late = console.post(address(run, "cancel/"), follow=True)
    assert "has already ended" in text_of(late)


def test_a_run_is_started_again_with_the_same_and_with_other_inputs(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"a": give("${inputs.amount}")}, inputs=AMOUNT), amount=5)
    worked()
    console.post(address(run, "again/"))
    assert WorkflowRun.objects.order_by("-id").first().inputs == {"amount": 5}  # type: ignore[union-attr]
    assert '"amount": 5' in html.unescape(console.get(address(run, "again/")).content.decode())
    assert console.post(address(run, "again/"), {"inputs": '{"amount": "much"}'}).status_code == 422
    console.post(address(run, "again/"), {"inputs": '{"amount": 6}'})
    assert [each.inputs["amount"] for each in WorkflowRun.objects.order_by("id")] == [5, 5, 6]


def test_every_tab_of_a_step_tells_its_part(failed: WorkflowRun, console: Client) -> None:
    def tab(step: str, name: str) -> str:
        return text_of(console.get(f"{address(failed)}?step={step}&tab={name}")).partition("Timeline")[2]

    assert "Agent · Counter" in tab("cross", "summary")
    assert "The run fails" in tab("cross", "summary")
    assert '"mood": "cross"' in tab("cross", "input")
    assert "failed before it gave any" in tab("cross", "output")
    assert '"numbers"' in tab("count", "output")
    assert "The agent was asked" in tab("cross", "log")
    assert "it failed for good" in tab("cross", "log")
    assert re.search(r"R-\d+", tab("cross", "attempts"))
    assert "has not been given anything yet" in tab("report", "input")
    assert "Not tried again" in tab("cross", "summary")


def test_what_a_step_gave_is_downloaded_whole_and_shown_in_part(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    long = "x" * 30_000
    run = start(workflow({"a": give("${inputs.text}")}, inputs={"text": {"type": "text"}}), text=long[:10_000])
    worked()
    StepRun.objects.filter(run=run).delete()
    StepRun.objects.create(
        run=run, step=0, item=-1, attempt=1, ended=True, outcome="succeeded", output={"x": long}, at=timezone.now()
    )
    said = text_of(console.get(address(run) + "?step=a&tab=output"))
    assert "Only the beginning of" in said
    assert long not in said
    download = console.get(address(run, "payload.json?step=a&tab=output"))
    assert json.loads(download.content) == {"x": long}
    assert "attachment" in download["Content-Disposition"]


def test_credentials_are_neither_shown_nor_downloaded(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    fields = {"password": {"type": "text"}, "name": {"type": "text"}}
    copy = {"kind": "transform", "set": {"password": "${inputs.password}", "name": "${inputs.name}"}}
    run = start(workflow({"a": copy}, inputs=fields), password="open sesame", name="Ali")
    call = workflow({"b": {"kind": "http", "url": "https://x.example", "headers": {"X-Mine": "hush-hush"}}}, name="two")
    other = start(call)
    worked("flow")
    pages = [address(run), address(run, "payload.json?tab=input"), address(run, "payload.json?step=a&tab=output")]
    for path in [*pages, address(run) + "?step=a&tab=input", address(run) + "?step=a&tab=output"]:
        answer = console.get(path).content.decode()
        assert "open sesame" not in answer
        assert "Ali" in answer
    assert "open sesame" not in streamed(console, address(run, "run.json")).decode()
    assert "hush-hush" not in console.get(address(other) + "?step=b&tab=input").content.decode()


def test_a_credential_that_a_person_left_alone_is_given_again_and_not_its_stand_in(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    run = start(workflow({"a": give("${inputs.token}")}, inputs={"token": {"type": "text"}}), token="open sesame")
    worked()
    form = html.unescape(console.get(address(run, "again/")).content.decode())
    assert '"token": "[redacted]"' in form
    console.post(address(run, "again/"), {"inputs": '{"token": "[redacted]"}'})
    console.post(address(run, "again/"), {"inputs": '{"token": "another"}'})
    assert [each.inputs["token"] for each in WorkflowRun.objects.order_by("id")][1:] == ["open sesame", "another"]


def test_what_a_run_gave_is_a_table_for_people_and_json_for_programs(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    rows = [{"item": "Milk", "units_wanted": 1200}, {"item": "Bread", "units_wanted": 900}]
    run = start(workflow({"a": give(rows)}, outputs={"orders": "${steps.a.x}"}))
    worked()
    said = text_of(console.get(address(run)))
    said = said[said.index("Outputs of the run") :]
    assert "Orders Item Units wanted Milk 1,200 Bread 900" in said
    assert said.index("As JSON") < said.index('"units_wanted": 1200')


def test_the_bundle_holds_the_definition_and_the_whole_ledger_in_order(failed: WorkflowRun, console: Client) -> None:
    told = json.loads(streamed(console, address(failed, "run.json")))
    assert told["definition"]["steps"]["cross"]["agent"] == "dummy.counter"
    assert (told["run"], told["status"], told["version"]) == (failed.ref, "failed", 1)
    ledger = list(StepRun.objects.filter(run=failed).order_by("seq").values_list("seq", flat=True))
    assert [entry["seq"] for entry in told["ledger"]] == ledger
    assert told["ledger"][-1]["problem"]["detail"] in failed.problem["detail"]


def test_a_run_is_compared_with_the_last_one_that_succeeded(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    steps = {"a": give("${inputs.amount}"), "b": give(1), "c": {"kind": "stop", "as": "failed", "reason": "No",
             "when": {"field": "${inputs.amount}", "op": ">", "value": 10}}}  # fmt: skip
    made = workflow(steps, inputs=AMOUNT)
    bad, good = start(made, amount=50), start(made, amount=5)
    worked()
    alone = start(workflow({"a": give(1)}, name="other"))
    said = text_of(console.get(address(bad, "compare/")))
    assert good.ref in said
    assert "amount 5.0 50.0" in said
    assert "x 5.0 50.0" in said
    assert "The same in both B" in said
    assert "Ended otherwise" in said
    assert "Nothing to compare with" in text_of(console.get(address(alone, "compare/")))


def test_a_step_with_items_is_summarised_and_its_items_come_by_page(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    each = {**give("${item}"), "for_each": {"items": "${inputs.numbers}"}}
    run = start(workflow({"each": each}, inputs={"numbers": {"type": "list"}}), numbers=list(range(60)))
    worked()
    said = text_of(console.get(address(run) + "?step=each"))
    assert "60 items" in said
    second = text_of(console.get(address(run) + "?step=each&tab=items&page=3"))
    assert "Item 51" in second
    assert "Item 26" not in second
    assert "page 3 of 3" in second
    one = text_of(console.get(address(run) + "?step=each&tab=output&item=41"))
    assert "Each, item 42" in one
    assert '"x": 41' in one
    assert '"item": 41' in text_of(console.get(address(run) + "?step=each&tab=input&item=41"))


def test_a_run_with_thousands_of_items_costs_no_more_than_one_with_a_few(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    each = {**give("${item}"), "for_each": {"items": "${inputs.numbers}"}}
    made = workflow({"each": each, "b": give(1)}, inputs={"numbers": {"type": "list"}})
    few, many = start(made, numbers=[1, 2]), start(made, numbers=list(range(3000)))
    worked()
    assert after(many).status == "succeeded"
    for more in ("", "?step=each&tab=items", "?step=each&tab=log", "?step=each&tab=output"):
        statements(console, address(few) + more)
        one = statements(console, address(few) + more)
        assert statements(console, address(many) + more) <= one
        assert statements(console, address(many) + more) <= 16
    with CaptureQueriesContext(connection) as caught:
        size = len(console.get(address(many)).content)
    assert size < 2 * len(console.get(address(few)).content)
    assert not [query for query in caught if '"output"' in query["sql"] and "steprun" in query["sql"]]


def test_a_run_of_another_tenant_is_not_found(
    failed: WorkflowRun, globex: Tenant, member: Make, client_for: Browse
) -> None:
    stranger = client_for(member("owner", tenant=globex), tenant=globex)
    for more in ("", "snapshot/", "payload.json", "run.json", "compare/", "retry/?step=cross", "again/"):
        assert stranger.get(address(failed, more)).status_code == 404
    for more in ("retry/", "again/", "cancel/", "pause/", "resume/", "requeue/"):
        assert stranger.post(address(failed, more), {"step": "cross"}).status_code == 404
    with tenant_context(globex):
        assert not WorkflowRun.objects.exists()


def test_a_viewer_reads_and_changes_nothing(failed: WorkflowRun, member: Make, client_for: Browse) -> None:
    viewer = client_for(member("viewer"))
    page = viewer.get(address(failed))
    assert TITLE in text_of(page)
    assert b'method="post" action="/workflow-runs/' not in page.content
    for more in ("retry/", "again/", "cancel/", "pause/", "resume/", "requeue/"):
        assert viewer.post(address(failed, more), {"step": "cross"}).status_code == 403
    assert viewer.post(f"{LIST}bulk/", {"action": "retry", "run": str(failed.pk)}).status_code == 403
    assert WorkflowRun.objects.count() == 1


def test_the_snapshot_counts_the_entries_so_that_a_page_sees_steps_that_end(
    failed: WorkflowRun, console: Client
) -> None:
    told = console.get(address(failed, "snapshot/")).json()
    assert told["entries"] == StepRun.objects.filter(run=failed).count()
    assert (told["run"], told["seq"], told["status"]) == (str(failed.pk), failed.seq, "failed")
    page = console.get(address(failed)).content.decode()
    assert f'data-entries="{told["entries"]}"' in page


@pytest.mark.parametrize("query", ["step=nothing", "step=cross&tab=nothing", "step=count&item=99999999999&page=x"])
def test_an_address_that_makes_no_sense_shows_the_run_all_the_same(
    query: str, failed: WorkflowRun, console: Client
) -> None:
    assert TITLE in text_of(console.get(f"{address(failed)}?{query}"))


# ---------------------------------------------------------------- the list


def test_the_list_says_why_runs_failed_and_is_narrowed_by_its_address(
    failed: WorkflowRun, workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    good = start(workflow({"a": give(1)}, name="other"))
    worked()
    said = text_of(console.get(LIST))
    assert failed.ref in said
    assert f"Cross: {failed.problem['detail']}" in said

    def shown(query: str) -> set[str]:
        return set(re.findall(r"W-\d+", text_of(console.get(f"{LIST}?{query}")).partition("Started")[2]))

    assert shown("status=failed") == {failed.ref}
    assert shown("status=open") == set()
    assert shown("workflow=other") == {good.ref}
    assert shown(f"q={failed.ref.lower()}") == {failed.ref}
    assert shown("q=Oth") == {good.ref}
    assert shown("since=24h") == {failed.ref, good.ref}
    assert shown("until=2020-01-01") == set()
    assert shown("status=nonsense&since=never") == {failed.ref, good.ref}
    assert f'data-newest="{good.pk}"' in console.get(LIST).content.decode()


def test_the_list_costs_the_same_however_many_runs_there_are_and_pages_by_key(
    workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    made = workflow({"a": {"kind": "stop", "as": "failed", "reason": "No"}})
    start(made)
    worked()
    statements(console, LIST)
    few = statements(console, LIST)
    for _ in range(60):
        start(made)
    worked()
    statements(console, LIST)  # the tenant may have been forgotten meanwhile
    assert statements(console, LIST) == few
    assert few <= 10
    page = console.get(LIST).content.decode()
    older = re.search(r'href="(\?before=[^"]+)"', page)
    assert older is not None
    assert len(re.findall("data-run=", console.get(LIST + html.unescape(older[1])).content.decode())) == 11


def test_the_list_is_exported_as_filtered(failed: WorkflowRun, console: Client) -> None:
    rows = console.get(f"{LIST}export.csv?status=failed").content.decode().splitlines()
    assert len(rows) == 2
    assert failed.ref in rows[1]
    assert "Cross" in rows[1]
    assert len(console.get(f"{LIST}export.csv?status=open").content.decode().splitlines()) == 1


def test_chosen_runs_are_cancelled_taken_up_and_requeued_each_as_by_itself(
    failed: WorkflowRun, workflow: MakeWorkflow, start: Start, worked: Work, console: Client
) -> None:
    waiting = start(workflow({"pause": {"kind": "wait", "duration": "2h"}}, name="slow"))
    worked()
    both = {"run": [str(failed.pk), str(waiting.pk)], "back": "status=failed"}
    answer = console.post(f"{LIST}bulk/", {**both, "action": "retry"}, follow=True)
    assert "1 run is taken up again; 1 had not failed." in text_of(answer)
    assert answer.redirect_chain[0][0] == f"{LIST}?status=failed"
    again = WorkflowRun.objects.get(retry_of=failed)
    assert StepRun.objects.filter(run=again, step=0).count() == 1
    said = text_of(console.post(f"{LIST}bulk/", {**both, "action": "cancel"}, follow=True))
    assert "1 run is cancelled; 1 had ended before." in said
    worked()
    assert after(waiting).status == "cancelled"
    said = text_of(console.post(f"{LIST}bulk/", {**both, "action": "requeue"}, follow=True))
    assert "2 had not been given up" in said
    assert "No run was chosen" in text_of(console.post(f"{LIST}bulk/", {"action": "cancel"}, follow=True))
    assert console.post(f"{LIST}bulk/", {**both, "action": "burn"}).status_code == 422


def test_the_list_of_a_fresh_tenant_says_what_it_is_for(acme: Tenant, console: Client) -> None:
    assert "No workflow has run yet" in text_of(console.get(LIST))
    assert "No run matches" in text_of(console.get(f"{LIST}?status=failed"))


def test_the_snapshot_of_the_list_tells_what_is_shown_what_is_open_and_the_newest(
    failed: WorkflowRun, console: Client
) -> None:
    told = console.get(f"{LIST}snapshot/?run={failed.pk}&run=nonsense").json()["events"]
    assert [(each["ref"], each["status"], each["workflow"]) for each in told] == [(failed.ref, "failed", "test")]


def test_a_run_is_found_by_its_number_in_the_palette(failed: WorkflowRun, console: Client) -> None:
    groups = console.get("/palette.json", {"q": failed.ref}).json()["groups"]
    found = next(group for group in groups if group["title"] == "Workflow runs")
    assert str(failed.ref) in json.dumps(found)


def test_work_that_is_requeued_has_a_row_again(acme: Tenant) -> None:
    assert work.requeue("workflows.run", UUID(int=1)) is False

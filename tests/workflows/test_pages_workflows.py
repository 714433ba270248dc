"""The list of workflows and the page of one: what they show, what they change, and that they cost the same."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import defining, starting
from apps.workflows.blueprints import blueprints_list
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.differences import definition_difference
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.templatetags.workflows import named
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give

Make = Callable[..., User]
Browse = Callable[..., Client]
LIST, ONE = "/workflows/", "/workflows/test/"


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


@pytest.fixture
def draft(acme: Tenant, builder: User) -> Callable[..., Workflow]:
    """`draft(steps, name=...)`: a workflow of which nothing is published, or whose draft says this."""

    def make(steps: dict[str, Any], *, name: str = "test", **more: Any) -> Workflow:
        definition = definition_parse({"name": name, "title": name.title(), "steps": steps, **more})
        return defining.workflow_save(who=builder, user=builder, definition=definition)

    return make


def text_of(answer: Any) -> str:
    """The words of a page, without its markup."""
    body = re.sub(r"<(script|template|style).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def main_of(answer: Any) -> str:
    """The words of what a page is about, without the shell around it."""
    return text_of(answer).partition("Change e-mail address")[2]


def statements(page: Client, address: str) -> int:
    """How many statements a page needs, besides finding the tenant: that is remembered for some seconds."""
    with CaptureQueriesContext(connection) as caught:
        assert page.get(address).status_code == 200
    return sum(not re.search("tenants_domain|SET search_path", query["sql"]) for query in caught)


def ended(workflow: Workflow, status: str, hours: int = 1) -> WorkflowRun:
    """A run that was accepted so many hours ago, and took ten seconds."""
    version = workflow.published
    assert version is not None
    run = WorkflowRun.objects.create(workflow=workflow, version=version, inputs={}, status=status, origin="api")
    began = timezone.now() - timedelta(hours=hours)
    over = began + timedelta(seconds=10) if not run.is_open else None
    WorkflowRun.objects.filter(pk=run.pk).update(created_at=began, finished_at=over)
    return run


# --------------------------------------------------------------------------------------------------------- the list


def test_the_list_tells_the_state_of_each_workflow(
    page: Client, workflow: MakeWorkflow, draft: Callable[..., Workflow]
) -> None:
    workflow({"a": give(1)}, name="one", tags=["stock"], owner="ops@acme.example")
    workflow({"a": give(1)}, name="two")
    draft({"a": give(2)}, name="two")
    draft({"a": give(1)}, name="three")
    words = main_of(page.get(LIST))
    assert "ops@acme.example stock Version 1" in words
    assert "two Version 1 Draft pending" in words
    assert "three Not published" in words
    assert "3 workflows" in words


def test_the_list_tells_how_runs_went_hour_by_hour(page: Client, workflow: MakeWorkflow) -> None:
    made = workflow({"a": give(1)})
    ended(made, "succeeded", 1)
    ended(made, "failed", 1)
    ended(made, "failed", 5)
    ended(made, "failed", 60)
    ended(made, "running", 60)
    answer = page.get(LIST)
    assert "3 runs, 2 failed" in main_of(answer)
    assert "33.3 %" in main_of(answer).replace("\N{NO-BREAK SPACE}", " ")
    assert 'aria-label="Hours: 22 none ran, 1 some failed, 1 all failed"' in answer.content.decode()
    assert "10 s" in main_of(answer)
    assert f"{1} open runs of Test" in main_of(answer)


def test_the_list_tells_when_a_schedule_starts_it_next(page: Client, builder: User, workflow: MakeWorkflow) -> None:
    made = workflow({"a": give(1)})
    assert "By hand or by a program" in main_of(page.get(LIST))
    settings = {"cron": "30 6 * * MON-FRI", "zone": "Europe/Berlin"}
    starting.trigger_create(who=builder, user=builder, workflow=made, kind="schedule", settings=settings)
    assert "Europe/Berlin time" in main_of(page.get(LIST))
    assert "data-when" in page.get(LIST).content.decode()
    defining.workflow_pause(who=builder, workflow=made)
    words = main_of(page.get(LIST))
    assert "Version 1 Paused" in words
    assert "By hand only, while it is paused" in words


def test_the_list_is_searched_and_narrowed_to_a_tag(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, name="one", tags=["stock"])
    workflow({"a": give(1)}, name="two", tags=["risk"])
    assert "Two" not in main_of(page.get(LIST, {"q": "on"}))
    assert "One" not in main_of(page.get(LIST, {"tag": "risk"}))
    assert "No workflow matches" in main_of(page.get(LIST, {"q": "on", "tag": "risk"}))
    assert "No workflow matches" in main_of(page.get(LIST, {"q": "a\0b", "tag": "a\0b"}))


def test_archived_workflows_have_a_list_of_their_own(page: Client, builder: User, workflow: MakeWorkflow) -> None:
    defining.workflow_archive(who=builder, workflow=workflow({"a": give(1)}))
    assert "No workflow yet" in main_of(page.get(LIST))
    assert "Test test Archived" in main_of(page.get(LIST, {"archived": "1"}))


def test_the_list_has_pages(page: Client, workflow: MakeWorkflow) -> None:
    for number in range(31):
        workflow({"a": give(1)}, name=f"flow-{number:02}")
    assert "Flow-30" not in main_of(page.get(LIST))
    assert "Flow-30" in main_of(page.get(LIST, {"page": "2"}))
    assert "page 2 of 2" in main_of(page.get(LIST, {"page": "99999"}))


def test_the_list_costs_the_same_however_many_workflows_and_runs(
    page: Client, builder: User, workflow: MakeWorkflow
) -> None:
    ended(workflow({"a": give(1)}), "succeeded")
    statements(page, LIST)
    few = statements(page, LIST)
    for number in range(12):
        made = workflow({"a": give(1)}, name=f"flow-{number}", tags=[f"tag-{number}"])
        starting.trigger_create(who=builder, user=builder, workflow=made, kind="schedule", settings={"every": "1h"})
        for status in ("succeeded", "failed", "running"):
            ended(made, status, number)
    assert statements(page, LIST) == few


def test_a_builder_without_workflows_is_offered_blueprints(page: Client, builder: User) -> None:
    answer = page.get(LIST)
    first = blueprints_list(who=builder)[0]
    assert "No workflow yet" in main_of(answer)
    assert first.title in main_of(answer)
    made = page.post(f"/workflows/blueprints/{first.key}/use/")
    assert made.status_code == 302
    assert Workflow.objects.get(name=made["Location"].split("/")[2]).title == first.title


def test_a_viewer_sees_workflows_and_changes_nothing(client_for: Browse, member: Make, workflow: MakeWorkflow) -> None:
    viewer = client_for(member("viewer"))
    assert "New workflow" not in main_of(viewer.get(LIST))
    workflow({"a": give(1)})
    for address in (LIST, ONE, f"{ONE}versions/1/", f"{ONE}workflow.yaml"):
        assert viewer.get(address).status_code == 200
    assert f"{ONE}edit/" not in viewer.get(ONE).content.decode()
    for address in ("/workflows/new/", f"{ONE}edit/", f"{ONE}start/", f"{ONE}archive/", f"{ONE}triggers/new/"):
        assert viewer.get(address).status_code == 403
    for act in ("publish", "rollback", "pause", "resume", "archive", "start", "edit"):
        assert viewer.post(f"{ONE}{act}/").status_code == 403
    found = Workflow.objects.get(name="test")
    assert (found.seq, found.is_paused, found.archived_at) == (3, False, None)


# --------------------------------------------------------------------------------------------------------- its page


def test_the_page_shows_steps_versions_runs_and_what_is_around_it(page: Client, workflow: MakeWorkflow) -> None:
    made = workflow({"first": give(1), "second": give(2)}, owner="ops", tags=["stock"], description="Does it.")
    workflow({"a": {"kind": "workflow", "workflow": "test"}}, name="caller")
    run = ended(made, "succeeded")
    run.refresh_from_db()
    words = main_of(page.get(ONE))
    for said in ("Does it.", "First", "Second", "after first", run.ref, "Version 1 In use", "Owner ops", "stock"):
        assert said in words
    assert "Started by workflows caller" in words


def test_the_page_costs_the_same_statements_however_much_there_is(
    page: Client, builder: User, workflow: MakeWorkflow
) -> None:
    made = workflow({"a": give(1)})
    ended(made, "succeeded")
    starting.trigger_create(who=builder, user=builder, workflow=made, kind="schedule", settings={"every": "1h"})
    workflow({"a": {"kind": "workflow", "workflow": "test"}}, name="caller")
    statements(page, ONE)
    few = statements(page, ONE)
    for number in range(6):
        made = workflow({"a": give(number)})
        ended(made, "failed", number)
        starting.trigger_create(who=builder, user=builder, workflow=made, kind="webhook", settings={})
    assert statements(page, ONE) == few


def test_a_step_that_is_chosen_is_told(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"first": give(7), "second": give(2)})
    assert "kind: transform set: x: 7" in main_of(page.get(ONE, {"step": "first"}))
    assert "kind: transform set: x: 2" in main_of(page.get(f"{ONE}versions/1/", {"step": "second"}))
    assert "kind: transform" not in main_of(page.get(ONE, {"step": "nothing"}))


def test_a_draft_is_dropped_and_had_back(page: Client, workflow: MakeWorkflow, draft: Callable[..., Workflow]) -> None:
    workflow({"a": give(1)})
    draft({"a": give(1), "b": give(2)})
    answer = page.post(f"{ONE}discard/")
    assert "The draft of Test is dropped" in main_of(answer)
    assert "A draft waits" not in main_of(page.get(ONE))
    page.post(f"{ONE}edit/yaml/", {"text": answer.context["text"], "action": "save"})
    assert "after a" in main_of(page.get(ONE, {"shown": "draft"}))


def test_a_workflow_that_is_nothing_but_a_draft_offers_no_drop(page: Client, draft: Callable[..., Workflow]) -> None:
    draft({"a": give(1)})
    assert "Drop the draft" not in main_of(page.get(ONE))
    assert "nothing but its draft" in main_of(page.post(f"{ONE}discard/"))


def test_a_draft_is_published_with_a_note(page: Client, workflow: MakeWorkflow, draft: Callable[..., Workflow]) -> None:
    workflow({"a": give(1)})
    draft({"a": give(1), "b": give(2)})
    words = main_of(page.get(ONE))
    assert "A draft waits to be published" in words
    assert "Step b was added (transform)." in words
    assert "after a" not in words
    assert "after a" in main_of(page.get(ONE, {"shown": "draft"}))
    answer = page.post(f"{ONE}publish/", {"note": "One more step"}, follow=True)
    assert "Version 2 is published" in text_of(answer)
    assert "Version 2 In use One more step" in main_of(answer)
    assert "A draft waits" not in main_of(answer)


def test_what_cannot_be_published_says_why_on_the_page(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    answer = page.post(f"{ONE}publish/")
    assert answer.status_code == 409
    assert "Test has no draft; nothing was published." in main_of(answer)
    assert 'role="alert"' in answer.content.decode()


def test_an_earlier_version_says_what_it_changed_and_is_gone_back_to(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    workflow({"a": give(1), "b": give(2)})
    assert "Step b was added (transform)." in main_of(page.get(f"{ONE}versions/2/"))
    words = main_of(page.get(f"{ONE}versions/1/"))
    assert "It was the first." in words
    assert "Step b was added (transform)." in words
    assert "Version 3 is published" in text_of(page.post(f"{ONE}rollback/", {"number": "1"}, follow=True))
    assert Workflow.objects.get(name="test").published.number == 3  # type: ignore[union-attr]
    assert page.post(f"{ONE}rollback/", {"number": "x"}).status_code == 409


def test_a_version_that_is_not_there_is_not_found(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    for number in (0, 2, 2**31, 10**30):
        assert page.get(f"{ONE}versions/{number}/").status_code == 404


def test_its_triggers_are_paused_and_resumed(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    assert "Paused" in main_of(page.post(f"{ONE}pause/", follow=True))
    assert Workflow.objects.get(name="test").is_paused
    page.post(f"{ONE}resume/")
    assert not Workflow.objects.get(name="test").is_paused


def test_a_workflow_is_archived_after_a_question(page: Client, workflow: MakeWorkflow) -> None:
    ended(workflow({"a": give(1)}), "running")
    words = main_of(page.get(f"{ONE}archive/"))
    assert "Archive Test?" in words
    assert "1 run that is open goes on to the end." in words
    assert "Test is archived" in text_of(page.post(f"{ONE}archive/", follow=True))
    assert Workflow.objects.get(name="test").archived_at is not None
    assert f"{ONE}start/" not in page.get(ONE).content.decode()


def test_a_workflow_that_others_start_is_not_archived(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    workflow({"a": {"kind": "workflow", "workflow": "test"}}, name="caller")
    assert "It cannot be archived while caller starts it" in main_of(page.get(f"{ONE}archive/"))
    answer = page.post(f"{ONE}archive/")
    assert answer.status_code == 409
    assert "Test is started by caller; nothing was changed." in main_of(answer)
    assert Workflow.objects.get(name="test").archived_at is None


def test_a_workflow_of_another_tenant_is_not_found(
    client_for: Browse, member: Make, globex: Tenant, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)}, name="secret")
    stranger = client_for(member("owner", tenant=globex), tenant=globex)
    assert "Secret" not in main_of(stranger.get(LIST))
    for part in ("", "edit/", "workflow.yaml", "start/", "archive/", "versions/1/", "triggers/new/"):
        assert stranger.get(f"/workflows/secret/{part}").status_code == 404
    for part in ("publish/", "pause/", "resume/", "archive/", "rollback/", "start/", "edit/yaml/", "triggers/new/"):
        assert stranger.post(f"/workflows/secret/{part}").status_code == 404
    with tenant_context(globex):
        assert not Workflow.objects.exists()


def test_the_palette_finds_workflows(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, name="restock")
    groups = page.get("/palette.json", {"q": "resto"}).json()["groups"]
    assert [each["title"] for group in groups if group["title"] == "Workflows" for each in group["items"]] == [
        "Restock"
    ]


def test_the_runs_of_a_start_are_those_of_the_page(page: Client, workflow: MakeWorkflow, worked: Work) -> None:
    workflow({"a": give(1)})
    answer = page.post(f"{ONE}start/")
    worked()
    assert "Succeeded" in main_of(page.get(ONE))
    assert answer["Location"].removeprefix("/workflow-runs/").rstrip("/") in main_of(page.get(ONE))


def test_names_in_sentences_are_set_as_code_and_nothing_else_is_markup() -> None:
    assert named("Step `<b>` was `x` & `") == "Step <code>&lt;b&gt;</code> was <code>x</code> &amp; `"


def test_what_changed_in_a_list_is_told_item_by_item() -> None:
    def cases(value: int) -> Definition:
        when = {"field": "${inputs.amount}", "op": ">", "value": value}
        steps = {"size": {"kind": "branch", "cases": [{"when": when, "go": ["ask"]}]}, "ask": {"kind": "stop"}}
        return definition_parse({"name": "a", "title": "A", "inputs": {"amount": {"type": "integer"}}, "steps": steps})

    (told,) = definition_difference(cases(1), cases(2))
    assert told.startswith("Step `size`, cases, number 1: when was “")
    assert "[" not in told

"""The editor by forms, posted as a browser without scripts does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.common.yamls import text_write
from apps.tenants.models import Tenant
from apps.workflows import defining
from apps.workflows.editing import services
from apps.workflows.models import Trigger, Workflow, WorkflowEdit, WorkflowVersion
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.editing.test_services import _titled, draft
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import main_of, text_of

Browse = Callable[..., Client]
NEW, EDIT = "/workflows/new/", "/workflows/test/edit/"
EVERY_TWO_HOURS = {"kind": "schedule", "how": "every", "every": "2h", "zone": "UTC"}


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


def edits() -> str:
    """Where what is being changed is posted to."""
    return f"/workflows/edits/{WorkflowEdit.objects.get().pk}/"


def said() -> dict[str, Any]:
    return services.edit_content(WorkflowEdit.objects.get()).definition


def test_a_workflow_is_built_from_nothing_by_forms_alone(page: Client, acme: Tenant) -> None:
    begun = page.post(NEW, {"title": "Check the order"})
    assert begun["Location"] == f"{edits()}?add=-"
    shown = main_of(page.get(begun["Location"]))
    assert "No step yet" not in shown, "the list of what a step can be made of is open"
    assert "There is no step yet: add one." in shown
    added = page.post(f"{edits()}steps/", {"add": "kind:transform", "after": "-"})
    assert added["Location"] == f"{edits()}?step=transform#step-transform"
    (finding,) = page.get(edits()).context["editor"].verdict.wrong
    assert (finding.title, finding.place, finding.text) == ("Transform", "Set", "This is needed, and is not there yet.")
    page.post(
        f"{edits()}yaml/",
        {"text": "title: Check the order\nname: check-the-order\nsteps: {a: {kind: transform, set: {x: 1}}}"},
    )
    page.post(f"{edits()}triggers/", {"do": "add", **EVERY_TWO_HOURS})
    assert "Every 2h Made when you save Next:" in main_of(page.get(edits()))
    assert page.post(f"{edits()}save/")["Location"] == "/workflows/check-the-order/edit/"
    assert (Workflow.objects.get().title, Trigger.objects.get().kind) == ("Check the order", "schedule")
    assert "Nothing to save" in main_of(page.get("/workflows/check-the-order/edit/"))
    published = page.post(f"{edits()}publish/", {"note": "The first"}, follow=True)
    assert "Version 1 is published" in text_of(published)


def test_a_new_workflow_needs_a_title_and_gets_a_name_that_is_free(page: Client, workflow: MakeWorkflow) -> None:
    assert page.post(NEW, {"title": " "}).status_code == 422
    assert not WorkflowEdit.objects.exists()
    workflow({"a": give(1)}, name="order")
    page.post(NEW, {"title": "Order"})
    assert said()["name"] == "order-2"


def test_it_begins_with_a_blueprint_a_copy_an_agent_or_a_file(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    assert "It begins with Test" in main_of(page.get(NEW, {"copy": "test"}))
    for sent, steps in (
        ({"copy": "test", "title": "Other"}, ["a"]),
        ({"agent": "dummy.counter", "title": "Count"}, ["look"]),
        ({"file": SimpleUploadedFile("x.yaml", b"title: From a file\nsteps: {z: {kind: wait}}")}, ["z"]),
    ):
        WorkflowEdit.objects.all().delete()
        page.post(NEW, sent)
        assert list(said()["steps"]) == steps
    assert said()["title"] == "From a file"
    refused = page.post(NEW, {"title": "X", "file": SimpleUploadedFile("x.yaml", b"steps: [")})
    assert refused.status_code == 422


def test_steps_are_added_moved_copied_renamed_and_removed(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1), "b": give("${steps.a.x}")})
    page.get(EDIT)
    page.post(f"{edits()}steps/", {"add": "kind:wait", "after": "a"})
    assert list(said()["steps"]) == ["a", "wait", "b"]
    page.post(f"{edits()}steps/wait/act/", {"do": "down"})
    page.post(f"{edits()}steps/wait/act/", {"do": "move", "to": "0"})
    assert list(said()["steps"]) == ["wait", "a", "b"]
    page.post(f"{edits()}steps/b/act/", {"do": "duplicate"})
    renamed = page.post(f"{edits()}steps/a/act/", {"do": "rename", "name": "begin", "step": "a"})
    assert renamed["Location"] == f"{EDIT}?step=begin#step-begin"
    assert said()["steps"]["b_2"]["set"] == {"x": "${steps.begin.x}"}
    refused = page.post(f"{edits()}steps/b/act/", {"do": "rename", "name": "No!"})
    assert refused.status_code == 422
    assert "A name is a small letter" in main_of(refused)
    page.post(f"{edits()}steps/wait/act/", {"do": "remove", "step": "b"})
    assert list(said()["steps"]) == ["begin", "b", "b_2"]
    page.post(f"{edits()}history/", {"do": "undo"})
    assert list(said()["steps"]) == ["wait", "begin", "b", "b_2"]
    page.post(f"{edits()}history/", {"do": "redo"})
    assert list(said()["steps"]) == ["begin", "b", "b_2"]
    assert page.post(f"{edits()}history/", {"do": "redo"}).status_code == 302, "there is nothing more, which is said"


def test_a_step_is_changed_by_its_form_and_what_is_not_whole_is_kept_and_told(
    page: Client, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    page.post(f"{edits()}steps/", {"add": "kind:approval"})
    page.post(f"{edits()}steps/approval/", {"s.title": "Ask the board", "s.question.mode": "text"})
    assert said()["steps"]["approval"]["title"] == "Ask the board"
    shown = page.get(EDIT, {"step": "approval"})
    assert "To be mended" in main_of(shown)
    assert (
        'href="/workflows/test/edit/?step=approval#step-approval">Ask the board</a>, question' in shown.content.decode()
    )
    refused = page.post(f"{edits()}save/")
    assert refused.status_code == 422
    assert "nothing was stored" in main_of(refused)
    assert draft_or_none() is None


def test_settings_inputs_and_outputs_are_changed_by_their_forms(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    for panel in ("settings", "inputs", "outputs"):
        assert page.get(EDIT, {"open": panel}).status_code == 200
    page.post(f"{edits()}whole/settings/", {"w.title": "Other", "w.owner": "board@example.com", "w.deadline": "2h"})
    assert (said()["title"], said()["owner"], said()["deadline"]) == ("Other", "board@example.com", "2h")
    assert page.post(f"{edits()}whole/else/").status_code == 404
    assert said()["name"] == "test", "which never changes"


def test_somebody_else_who_saved_is_told_with_what_differs(page: Client, workflow: MakeWorkflow, builder: User) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    page.post(f"{edits()}whole/settings/", {"w.title": "Mine"})
    defining.workflow_save(who=builder, user=builder, definition=_titled("Theirs"))
    shown = main_of(page.get(EDIT))
    assert "Somebody else saved this workflow since you began" in shown
    assert "The workflow: title was Theirs, and is Mine." in shown
    refused = page.post(f"{edits()}save/")
    assert (refused.status_code, draft("test").title) == (409, "Theirs")
    page.post(f"{edits()}rebase/", {"take": "mine"})
    page.post(f"{edits()}save/")
    assert draft("test").title == "Mine"
    assert page.post(f"{edits()}rebase/", {"take": "nothing"}).status_code == 422


def test_a_trigger_that_is_wrong_is_told_at_its_field(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    looked = page.post(f"{edits()}triggers/", {"do": "look", **EVERY_TWO_HOURS})
    assert "The next times" in main_of(looked)
    refused = page.post(f"{edits()}triggers/", {"do": "add", **EVERY_TWO_HOURS, "every": "1s"})
    assert refused.status_code == 422
    assert services.edit_content(WorkflowEdit.objects.get()).triggers == []


def test_the_secret_of_a_webhook_is_shown_once_and_kept_by_no_browser(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    page.post(f"{edits()}triggers/", {"do": "add", "kind": "webhook", "answer": "now"})
    assert "Made when you save" in main_of(page.get(EDIT))
    saved = page.post(f"{edits()}save/")
    assert (saved.status_code, saved["Cache-Control"]) == (201, "no-store")
    assert "whsec_" in saved.content.decode()
    page.post(f"{edits()}triggers/", {"do": "add", **EVERY_TWO_HOURS})
    page.post(f"{edits()}triggers/", {"do": "remove", "number": "0"})
    assert services.edit_content(WorkflowEdit.objects.get()).triggers == []


def test_what_is_changed_is_read_and_changed_as_yaml_and_kept_as_a_file(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    assert "kind: transform" in main_of(page.get(f"{edits()}yaml/"))
    refused = page.post(f"{edits()}yaml/", {"text": "steps:\n  a: [\n"})
    assert (refused.status_code, "Line 3" in main_of(refused)) == (422, True)
    page.post(f"{edits()}yaml/", {"text": "name: stolen\ntitle: New\nsteps:\n  z: {kind: nothing}\n"})
    assert (said()["name"], said()["steps"]) == ("test", {"z": {"kind": "nothing"}})
    assert page.get(EDIT, {"step": "z"}).status_code == 200
    file = page.get(f"{edits()}workflow.yaml")
    assert b"kind: nothing" in file.content
    assert file["Content-Disposition"] == 'attachment; filename="test.yaml"'


def test_changes_are_discarded_once_that_was_asked(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    page.post(f"{edits()}whole/settings/", {"w.title": "Mine"})
    assert "1 change of yours is dropped" in main_of(page.get(f"{edits()}discard/"))
    page.post(f"{edits()}discard/")
    assert not WorkflowEdit.objects.exists()


def test_the_page_costs_the_same_statements_whatever_the_number_of_steps(page: Client, workflow: MakeWorkflow) -> None:
    counts = []
    workflow({"a": give(1)}, name="called")
    for n in (1, 12):
        call = {"kind": "workflow", "workflow": "called"}
        workflow({f"s{m}": call for m in range(n)}, name=f"test-{n}")
        address = f"/workflows/test-{n}/edit/"
        page.get(address)
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert page.get(address, {"step": "s0"}).status_code == 200
        counts.append(len(made))
    assert counts[0] == counts[1]
    assert counts[0] <= 30, [query["sql"][:90] for query in made.captured_queries]


def test_what_a_step_can_be_made_of_is_found_by_words(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, name="other")
    workflow({"a": give(1)})
    shown = page.get(EDIT, {"add": "-", "find": "another workflow other"}).context["editor"].offers
    assert [(group.title, [offer.what for offer in group.offers]) for group in shown] == [
        ("Workflows", ["workflow:other"])
    ]
    page.get(EDIT)
    assert page.post(f"{edits()}steps/", {"add": "workflow:test"}).status_code == 422, "not itself"
    assert "Nothing here is called" in main_of(page.get(EDIT, {"add": "-", "find": "qqq"}))


def test_who_may_not_edit_opens_no_editor(
    client_for: Browse, member: Callable[..., User], workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    viewer = client_for(member("viewer"))
    assert [viewer.get(address).status_code for address in (NEW, EDIT)] == [403, 403]
    assert not WorkflowEdit.objects.exists()


def draft_or_none() -> WorkflowVersion | None:
    return WorkflowVersion.objects.filter(workflow__name="test", number=None).first()


@pytest.mark.parametrize(
    "steps",
    [
        "{a: {kind: workflow, workflow: [other]}, b: {kind: workflow, workflow: {x: 1}}}",
        "{a: {kind: [wait], title: {x: 1}, after: {x: 1}, when: {all: {}}, for_each: 7, on_error: 5, compensate: [a]}}",
        "{a: {}, b: {kind: branch, cases: [1, {go: 5, when: 3}]}, c: {kind: approval, roles: 5, form: {x: 1}}}",
    ],
)
def test_what_is_no_definition_by_far_is_still_shown_to_be_mended(page: Client, steps: str) -> None:
    page.post(NEW, {"title": "Check"})
    text = f"name: [x]\ntitle: {{a: 1}}\non_failure: [x]\ninputs: {{a: 1, b: {{type: [x]}}}}\nsteps: {steps}"
    assert page.post(f"{edits()}yaml/", {"text": text}).status_code == 302
    for look in ({}, *({"step": name} for name in said()["steps"]), {"open": "inputs"}, {"open": "settings"}):
        assert page.get(edits(), look).status_code == 200, look
    assert page.post(f"{edits()}save/").status_code == 422


@pytest.mark.parametrize("name", ["a/b", "", "..", "<b>", "a b", "x" * 101])
def test_a_step_that_no_page_could_address_is_refused_with_its_name(page: Client, name: str) -> None:
    page.post(NEW, {"title": "Check"})
    refused = page.post(f"{edits()}yaml/", {"text": f"title: X\nsteps: {{{name!r}: {{kind: wait}}}}"})
    assert refused.status_code == 422
    assert "is no name of a step" in main_of(refused)
    assert said()["steps"] == {}
    assert page.get(edits()).status_code == 200


def test_a_late_window_overwrites_nothing_and_loses_nothing(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1), "b": give(2)})
    first, step = page.get(EDIT, {"step": "a"}), f"{edits()}steps/a/"
    late = {"s.title": "Typed <late>", "at": first.context["editor"].at}
    page.post(step, {"s.title": "Newer", "at": late["at"]})
    refused = page.post(step, late)
    assert (refused.status_code, said()["steps"]["a"]["title"]) == (409, "Newer")
    shown, raw = main_of(refused), refused.content.decode()
    assert "What you typed here is not kept" in shown
    assert "title: Typed &lt;late&gt;" in raw, "it is there to be read and copied"
    assert f'data-at="{late["at"]}"' in raw, "where scripts run the form stays what it was made of"
    page.post(f"{edits()}steps/b/", {"s.title": "Another step", "at": late["at"]})
    assert said()["steps"]["b"]["title"] == "Another step", "which nobody has changed"
    typed = refused.context["editor"].typed
    page.post(typed.url, {**dict(typed.fields), "at": page.get(EDIT).context["editor"].at})
    assert said()["steps"]["a"]["title"] == "Typed <late>"
    page.post(f"{edits()}history/", {"do": "undo"})
    assert said()["steps"]["a"]["title"] == "Newer"


def test_a_late_window_of_a_step_that_is_gone_says_so_and_shows_what_was_typed(
    page: Client, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1), "b": give(2)})
    at = page.get(EDIT, {"step": "b"}).context["editor"].at
    page.post(f"{edits()}steps/b/act/", {"do": "remove"})
    refused = page.post(f"{edits()}steps/b/", {"s.title": "Typed", "at": at})
    assert refused.status_code == 409
    assert "title: Typed" in refused.content.decode()
    assert "Keep mine" not in refused.content.decode()
    assert list(said()["steps"]) == ["a"]


@pytest.mark.parametrize("part", ["settings", "inputs", "outputs"])
def test_a_late_window_of_a_whole_part_overwrites_nothing(page: Client, workflow: MakeWorkflow, part: str) -> None:
    workflow({"a": give(1)}, inputs={"n": {"type": "number"}}, outputs={"x": "${steps.a.x}"})
    at = page.get(EDIT, {"open": part}).context["editor"].at
    raw = said() | {"title": "Newer", "inputs": {}, "outputs": {}}
    page.post(f"{edits()}yaml/", {"text": text_write(raw), "at": at})
    refused = page.post(f"{edits()}whole/{part}/", {"w.title": "Late", "i.rows": "1", "o.rows": "1", "at": at})
    assert refused.status_code == 409
    assert (said()["title"], said()["inputs"], said()["outputs"]) == ("Newer", {}, {})


def test_a_late_window_of_yaml_keeps_its_text_and_overwrites_nothing_unseen(
    page: Client, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    page.get(EDIT)
    at = page.get(f"{edits()}yaml/").context["at"]
    page.post(f"{edits()}steps/a/", {"s.title": "Newer", "at": at})
    late = "title: Late\nsteps: {z: {kind: wait}}"
    refused = page.post(f"{edits()}yaml/", {"text": late, "at": at})
    assert refused.status_code == 409
    assert late in refused.content.decode()
    assert list(said()["steps"]) == ["a"]
    page.post(f"{edits()}yaml/", {"text": late, "at": refused.context["at"]})
    assert list(said()["steps"]) == ["z"]


def test_a_late_window_takes_out_no_other_trigger_and_publishes_nothing_unseen(page: Client) -> None:
    page.post(NEW, {"title": "Check", "file": SimpleUploadedFile("x.yaml", b"title: X\nsteps: {z: {kind: stop}}")})
    for every in ("2h", "3h"):
        page.post(f"{edits()}triggers/", {"do": "add", **EVERY_TWO_HOURS, "every": every})
    at = page.get(edits()).context["editor"].at
    page.post(f"{edits()}triggers/", {"do": "remove", "number": "0", "at": at})
    refused = page.post(f"{edits()}triggers/", {"do": "remove", "number": "0", "at": at})
    assert refused.status_code == 409
    assert "Every 3h" in main_of(page.get(edits()))
    for act in ("save", "publish", "discard"):
        late = page.post(f"{edits()}{act}/", {"at": at})
        assert (late.status_code, Workflow.objects.exists(), WorkflowEdit.objects.count()) == (409, False, 1), act
        assert "another window" in main_of(late)


def test_what_is_begun_is_found_again_where_a_new_one_is_begun(
    page: Client, client_for: Browse, member: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_BEGUN", 1)
    page.post(NEW, {"title": "A <b>"})
    shown = page.get(NEW)
    assert f'href="{edits()}">A &lt;b&gt;</a>' in shown.content.decode()
    assert f'href="{edits()}discard/"' in shown.content.decode()
    refused = page.post(NEW, {"title": "Another"})
    assert (refused.status_code, WorkflowEdit.objects.count()) == (409, 1)
    assert "Save or discard some of them" in main_of(refused)
    assert 'value="Another"' in refused.content.decode(), "what was typed is kept"
    assert "A &lt;b&gt;" not in client_for(member("builder")).get(NEW).content.decode()

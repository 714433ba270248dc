"""Workflows as text: what is wrong and on which line, what is kept, and that nobody overwrites anybody unawares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Tenant
from apps.workflows import defining
from apps.workflows.blueprints import blueprints_list
from apps.workflows.checking import definition_check
from apps.workflows.definition import LARGEST, definition_load
from apps.workflows.drafting import EXAMPLE
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.selectors import TenantCatalogue
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import main_of, text_of

Browse = Callable[..., Client]
NEW, EDIT = "/workflows/new/yaml/", "/workflows/test/edit/yaml/"
TEXT = """\
name: test
title: Test
steps:
  a:
    kind: transform
    set: {x: 1}
"""


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


def saved(page: Client, address: str, text: str, **more: Any) -> Any:
    return page.post(address, {"action": "save", "text": text, **more})


def shown(answer: Any) -> str:
    """What stands in the field of the text."""
    draft = answer.context["draft"]
    return str(draft.text)


def test_the_example_can_be_saved_published_and_started(acme: Tenant, page: Client, builder: User) -> None:
    definition_check(definition_load(EXAMPLE), TenantCatalogue())
    answer = page.get(NEW)
    assert shown(answer) == EXAMPLE
    assert saved(page, NEW, EXAMPLE)["Location"] == "/workflows/check-the-order/"
    page.post("/workflows/check-the-order/publish/")
    started = page.post("/workflows/check-the-order/start/", {"inputs.amount": "5"})
    assert started["Location"].startswith("/workflow-runs/W-")


def test_a_new_workflow_begins_as_a_draft(page: Client, builder: User) -> None:
    answer = page.post(NEW, {"text": TEXT.replace("\n", "\r\n")}, follow=True)
    assert "Test is saved as a draft" in text_of(answer)
    assert "This workflow is a draft: nothing runs it yet" in main_of(answer)
    made = Workflow.objects.get(name="test")
    assert (made.published, made.created_by) == (None, builder)


def test_what_is_wrong_is_told_by_line_and_path_and_the_text_is_kept(page: Client) -> None:
    text = TEXT.replace("{x: 1}", "{x: '${steps.b.y}'}")
    answer = saved(page, NEW, text)
    assert answer.status_code == 422
    words = main_of(answer)
    assert "Line 6 set: {x: '${steps.b.y}'} steps.a.set.x" in words
    assert "There is no step 'b'" in words
    assert shown(answer) == text
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "Line 1"),
        ("name: test\ntitle: x\n\tbad: 1\n", "Line 3"),
        ("", "dictionary"),
        ("name: test\ntitle: Test\nsteps: {}\n", "Line 3"),
        ("name: new\ntitle: Test\nsteps: {a: {kind: stop}}\n", "The console has a page called 'new'"),
        (TEXT.replace("kind: transform", "kind: dance"), "kind is one of"),
        ("x" * (LARGEST + 1), "at most 256 KiB"),
    ],
)
def test_no_text_breaks_the_page(page: Client, text: str, said: str) -> None:
    answer = saved(page, NEW, text)
    assert answer.status_code == 422
    assert said in main_of(answer)


def test_a_text_that_no_database_stores_is_refused_before_it_is_read(page: Client) -> None:
    answer = saved(page, NEW, "name: \0")
    assert answer.status_code == 400
    assert "the character NUL" in main_of(answer)
    assert not Workflow.objects.exists()


def test_to_check_stores_nothing_and_says_what_would_change(page: Client, workflow: MakeWorkflow) -> None:
    made = workflow({"a": give(1)})
    text = TEXT + "  b:\n    kind: stop\n"
    answer = page.post(EDIT, {"action": "check", "text": text, "seq": made.seq})
    assert answer.status_code == 200
    assert "Nothing is wrong with it It would change: Step b was added" in main_of(answer)
    assert "It is not saved yet." in main_of(answer)
    assert not WorkflowVersion.objects.filter(number=None).exists()
    wrong = page.post(EDIT, {"action": "check", "text": TEXT.replace("x: 1", "x: '${steps.q}'"), "seq": made.seq})
    assert wrong.status_code == 422
    assert "Line 6" in main_of(wrong)


def test_a_draft_is_what_is_edited_next(page: Client, workflow: MakeWorkflow) -> None:
    made = workflow({"a": give(1)})
    assert saved(page, EDIT, TEXT.replace("x: 1", "x: 2"), seq=made.seq).status_code == 302
    assert "x: 2" in shown(page.get(EDIT))
    made.refresh_from_db()
    assert made.published is not None
    assert made.published.number == 1


def test_who_saves_over_the_change_of_somebody_else_is_told_first(
    page: Client, builder: User, workflow: MakeWorkflow
) -> None:
    made = workflow({"a": give(1)})
    theirs = definition_load(TEXT.replace("title: Test", "title: Theirs"))
    defining.workflow_save(who=builder, user=builder, definition=theirs)
    mine = TEXT.replace("title: Test", "title: Mine")
    answer = saved(page, EDIT, mine, seq=made.seq)
    assert answer.status_code == 409
    words = main_of(answer)
    assert "Somebody else has changed the workflow since you began; nothing of yours was stored." in words
    assert "The workflow: title was Theirs, and is Mine." in words
    assert "Save mine in its place" in words
    assert shown(answer) == mine
    assert Workflow.objects.get().title == "Theirs"
    assert saved(page, EDIT, mine, seq=answer.context["draft"].seq).status_code == 302
    assert Workflow.objects.get().title == "Mine"


def test_a_name_that_is_taken_is_refused_and_the_text_kept(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    answer = saved(page, NEW, TEXT)
    assert answer.status_code == 409
    assert "There is a workflow 'test' already; nothing was stored." in main_of(answer)
    assert shown(answer) == TEXT


def test_a_workflow_keeps_its_name(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    answer = saved(page, EDIT, TEXT.replace("name: test", "name: other"))
    assert answer.status_code == 422
    assert "Line 1 name: other name : It is 'test', as in the address" in main_of(answer)
    assert not Workflow.objects.filter(name="other").exists()


def test_a_file_takes_the_place_of_the_text_and_is_not_stored_yet(page: Client) -> None:
    file = SimpleUploadedFile("flow.yaml", b"\xef\xbb\xbf" + TEXT.encode())
    answer = page.post(NEW, {"action": "import", "text": "before", "file": file})
    assert answer.status_code == 200
    assert shown(answer) == TEXT
    assert "Nothing is wrong with it" in main_of(answer)
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe\x00", "no text in UTF-8"), (b"x" * (LARGEST + 1), "more than 256 KiB"), (None, "No file was chosen")],
)
def test_a_file_that_cannot_be_read_leaves_the_text(page: Client, content: bytes | None, said: str) -> None:
    file = {"file": SimpleUploadedFile("flow.yaml", content)} if content is not None else {}
    answer = page.post(NEW, {"action": "import", "text": TEXT, **file})
    assert answer.status_code == 422
    assert said in main_of(answer)
    assert shown(answer) == TEXT


def test_what_is_exported_is_read_again(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    made = workflow({"a": give(1), "b": give(2)})
    answer = page.get("/workflows/test/workflow.yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="test.yaml"'
    assert made.published is not None
    assert definition_load(answer.content.decode()) == made.published.definition
    former = page.get("/workflows/test/workflow.yaml", {"version": "1"})
    assert list(definition_load(former.content.decode()).steps) == ["a"]
    assert page.get("/workflows/test/workflow.yaml", {"version": "9"}).status_code == 404


def test_a_duplicate_has_a_name_of_its_own(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    text = shown(page.get(NEW, {"copy": "test"}))
    assert "name: test-copy" in text
    assert saved(page, NEW, text).status_code == 302
    assert set(Workflow.objects.values_list("name", flat=True)) == {"test", "test-copy"}
    assert page.get(NEW, {"copy": "nothing"}).status_code == 404
    assert page.get(NEW, {"copy": "a\0b"}).status_code == 404


def test_a_blueprint_is_read_before_it_is_used(page: Client, builder: User) -> None:
    first = blueprints_list(who=builder)[0]
    assert f"title: {first.title}" in shown(page.get(NEW, {"blueprint": first.key}))
    assert not Workflow.objects.exists()
    assert page.get(NEW, {"blueprint": "nothing"}).status_code == 404

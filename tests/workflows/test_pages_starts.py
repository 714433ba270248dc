"""Starting a workflow by hand: a form of its inputs, what is wrong by field, and many runs at once."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.common.errors import InvalidInput, TooLarge
from apps.datasets.services import dataset_upload
from apps.workflows import defining
from apps.workflows.definition import definition_parse
from apps.workflows.models import WorkflowRun
from apps.workflows.services import MOST_STARTED
from apps.workflows.start_forms import batch_read
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import main_of, text_of

Browse = Callable[..., Client]
START = "/workflows/test/start/"
INPUTS: dict[str, Any] = {
    "amount": {"type": "integer", "title": "Amount", "description": "How many.", "minimum": 1},
    "price": {"type": "number", "required": False},
    "kind": {"type": "choice", "choices": ["small", "large"]},
    "urgent": {"type": "boolean", "default": False},
    "day": {"type": "date", "required": False},
    "at": {"type": "datetime", "required": False},
    "rows": {"type": "list", "required": False},
    "extra": {"type": "object", "required": False},
    "note": {"type": "text", "required": False, "example": "by Friday"},
}


@pytest.fixture
def page(client_for: Browse, member: Callable[..., User], builder: User) -> Client:
    return client_for(member("analyst"))


@pytest.fixture
def typed(workflow: MakeWorkflow) -> Any:
    return workflow({"a": give(1)}, inputs=INPUTS)


def started(page: Client, **values: str) -> Any:
    return page.post(
        START, {name if name in {"mode", "json", "batch"} else f"inputs.{name}": text for name, text in values.items()}
    )


def inputs() -> list[dict[str, Any]]:
    return [run.inputs for run in WorkflowRun.objects.order_by("id")]


def test_the_form_has_a_field_for_each_input(page: Client, typed: Any) -> None:
    answer = page.get(START)
    words = main_of(answer)
    for said in ("Amount", "How many.", "Choose…", "small", "optional", "For example by Friday.", "As JSON"):
        assert said in words
    kinds = {each.name: each.kind for each in answer.context["form"].schema.fields}
    assert kinds["inputs.amount"] == "integer"
    assert kinds["inputs.kind"] == "choice"
    assert kinds["inputs.urgent"] == "flag"
    assert kinds["inputs.day"] == "date"
    assert kinds["inputs.rows"] == kinds["inputs.extra"] == "json"


def test_a_run_is_started_with_values_of_their_types(page: Client, typed: Any) -> None:
    answer = started(
        page,
        amount=" 5 ",
        price="2.5",
        kind="large",
        urgent="true",
        day="2026-11-25",
        at="2026-11-25T16:40+01:00",
        rows='[1, {"a": 2}]',
        extra='{"b": [true]}',
        note="",
    )
    run = WorkflowRun.objects.get()
    assert answer["Location"] == f"/workflow-runs/W-{run.number}/"
    assert run.origin == "console"
    assert run.inputs == {
        "amount": 5,
        "price": 2.5,
        "kind": "large",
        "urgent": True,
        "day": "2026-11-25",
        "at": "2026-11-25T16:40:00+01:00",
        "rows": [1, {"a": 2}],
        "extra": {"b": [True]},
        "note": None,
    }


def test_what_is_wrong_is_told_by_field_and_what_was_entered_is_kept(page: Client, typed: Any) -> None:
    answer = started(page, amount="0", kind="", rows="[1", note="Keep me")
    assert answer.status_code == 422
    fields = {each.name: each for each in answer.context["form"].schema.fields}
    assert "This is not JSON" in fields["inputs.rows"].error
    assert fields["inputs.note"].value == "Keep me"
    answer = started(page, amount="0", kind="", rows="[1]")
    fields = {each.name: each for each in answer.context["form"].schema.fields}
    assert "greater than or equal to 1" in fields["inputs.amount"].error
    assert fields["inputs.kind"].error
    assert fields["inputs.amount"].value == "0"
    assert answer.context["form"].other_issues == []
    assert not WorkflowRun.objects.exists()


def test_a_run_is_started_by_json(page: Client, typed: Any) -> None:
    assert started(page, mode="json", json='{"amount": 3, "kind": "small"}').status_code == 302
    assert inputs()[0]["amount"] == 3
    wrong = started(page, mode="json", json='{"amount": 3, "kind": "small", "more": 1}')
    assert wrong.status_code == 422
    assert "inputs.more" in main_of(wrong)
    assert "in line 1, column" in main_of(started(page, mode="json", json='{"amount": '))
    assert WorkflowRun.objects.count() == 1


def test_many_runs_are_started_by_a_table(page: Client, typed: Any) -> None:
    table = 'amount,kind,rows,note\n1,small,"[1, 2]",\n2,large,,"a, b"\n\n'
    answer = started(page, mode="batch", batch=table)
    assert answer["Location"] == "/workflow-runs/?workflow=test"
    first, second = inputs()
    assert (first["amount"], first["rows"], first["note"]) == (1, [1, 2], None)
    assert (second["kind"], second["rows"], second["note"]) == ("large", None, "a, b")
    file = SimpleUploadedFile("many.json", b'[{"amount": 7, "kind": "small"}]')
    page.post(START, {"mode": "batch", "file": file})
    assert inputs()[2]["amount"] == 7


def test_of_a_table_all_runs_are_started_or_none(page: Client, typed: Any) -> None:
    answer = started(page, mode="batch", batch="amount,kind\n1,small\n0,small\n2,huge\n")
    assert answer.status_code == 422
    words = main_of(answer)
    assert "Run 2: amount: Input should be greater than or equal to 1" in words
    assert "Run 3: kind:" in words
    assert "1,small" in answer.context["form"].sample
    assert not WorkflowRun.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row"),
        ("amount,what\n1,2\n", "must name inputs"),
        ("amount,amount\n1,2\n", "each once"),
        ('amount\n"1\n', "not CSV"),
        ("amount\n1,2\n", "rows cannot be read"),
        ("rows\n[1\n", "rows cannot be read"),
        ("[1, 2]", "rows are no objects"),
        ('[{"amount": 1}', "not JSON"),
        ("[]", "no row"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text: str, said: str) -> None:
    definition = definition_parse({"name": "a", "title": "A", "inputs": INPUTS, "steps": {"a": give(1)}})
    with pytest.raises(InvalidInput, match=said):
        batch_read(text, definition)


def test_a_table_has_a_thousand_rows_at_most() -> None:
    definition = definition_parse({"name": "a", "title": "A", "inputs": INPUTS, "steps": {"a": give(1)}})
    assert len(batch_read("amount\n" + "1\n" * MOST_STARTED, definition)) == MOST_STARTED
    with pytest.raises(TooLarge):
        batch_read("amount\n" + "1\n" * (MOST_STARTED + 1), definition)
    with pytest.raises(TooLarge):
        batch_read("x" * (6 * 1024 * 1024), definition)


def test_a_dataset_is_chosen_from_those_that_there_are(page: Client, workflow: MakeWorkflow, builder: User) -> None:
    workflow({"a": give(1)}, inputs={"table": {"type": "dataset"}})
    data = dataset_upload(file=BytesIO(b"a,b\n1,2\n3,4\n"), name="weekly.csv", user=builder)
    (field,) = page.get(START).context["form"].schema.fields
    assert (str(data.pk), data.name) in field.choices
    started(page, table=str(data.pk))
    assert inputs() == [{"table": str(data.pk)}]
    assert started(page, table="nothing").status_code == 422


def test_a_choice_of_one_is_a_choice(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, inputs={"one": {"type": "choice", "choices": ["only"]}})
    (field,) = page.get(START).context["form"].schema.fields
    assert (field.kind, field.choices[1:]) == ("choice", [("only", "only")])


def test_a_workflow_that_is_busy_says_so(page: Client, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, overlap={"limit": 1, "policy": "skip"})
    assert "It takes no inputs." in main_of(page.get(START))
    assert page.post(START).status_code == 302
    answer = page.post(START)
    assert answer.status_code == 409
    assert "Test runs 1 at a time, and they are at work; nothing was started." in main_of(answer)


def test_what_is_not_published_or_archived_is_not_started(page: Client, builder: User, workflow: MakeWorkflow) -> None:
    definition = definition_parse({"name": "draft", "title": "Draft", "steps": {"a": give(1)}})
    defining.workflow_save(who=builder, user=builder, definition=definition)
    for answer in (page.get("/workflows/draft/start/"), page.post("/workflows/draft/start/")):
        assert answer.status_code == 409
        assert "Draft has no published version" in text_of(answer)
    defining.workflow_archive(who=builder, workflow=workflow({"a": give(1)}))
    assert page.post(START).status_code == 409
    assert not WorkflowRun.objects.exists()

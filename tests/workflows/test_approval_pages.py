"""The inbox of questions, and the page on which one is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import services
from apps.workflows.models import Approval
from apps.workflows.shapes import shape_of
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]
Browse = Callable[..., Client]
Asked = Callable[..., Approval]
INBOX = "/approvals/"


@pytest.fixture
def page(client_for: Browse, approver: User) -> Client:
    return client_for(approver)


def at(approval: Approval) -> str:
    return f"{INBOX}{approval.pk}/"


def late(approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(due_at=timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize("role", ["viewer", "analyst", "auditor", "builder"])
def test_who_answers_nothing_sees_what_is_open_and_no_form(
    role: str, asked: Asked, member: Make, client_for: Browse
) -> None:
    question, page = asked("approver", "builder"), client_for(member(role))
    assert "Ship 14.0 pieces?" in text_of(page.get(INBOX))
    assert "Your role answers no questions" in text_of(page.get(INBOX, {"tab": "mine"}))
    shown = page.get(at(question))
    assert b'name="answer"' not in shown.content
    assert "You cannot answer this. Your role does not let you answer questions." in text_of(shown)
    assert page.post(at(question), {"answer": "yes"}).status_code == 403
    assert Approval.objects.get().is_open


# ------------------------------------------------------------------------------------------------------------ decision


def test_a_decision_shows_what_it_rests_on_and_nothing_else(page: Client, asked: Asked) -> None:
    question = asked(details={"on_hand": 3, "orders": [{"item": "Tea", "pieces": 1200}], "urgent": True})
    words = text_of(page.get(at(question)))
    for said in ("On hand 3", "Item Pieces", "Tea 1,200", "Urgent yes", "May answer Approver; an owner always"):
        assert said in words
    assert "It counts as a no, and the run goes on" in words
    assert "X 14" in words
    assert "Counted to 3" in words
    assert "kitchen" not in words
    assert "Which way" not in words


def test_what_an_agent_gave_is_for_those_who_may_see_its_runs(
    page: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, can = asked(), User.can
    monkeypatch.setattr(User, "can", lambda self, code: code != "runs.view" and can(self, code))
    words = text_of(page.get(at(question)))
    assert "Your role may not see results of agents." in words
    assert "Counted to 3" not in words
    assert "X 14" in words


def test_credentials_in_what_a_step_gave_are_not_shown(page: Client, asked: Asked) -> None:
    words = text_of(page.get(at(asked(details={"password": "hunter2", "user": "tea"}))))
    assert "hunter2" not in words
    assert "User tea" in words


def test_a_yes_needs_no_comment_and_the_run_goes_on(page: Client, approver: User, asked: Asked, worked: Work) -> None:
    question = asked()
    answer = page.post(at(question), {"answer": "yes"}, follow=True)
    words = text_of(answer)
    assert "Yes by Ada Approver" in words
    assert "All approvals" in words
    decided = Approval.objects.get()
    assert (decided.approved, decided.decided_by) == (True, approver)
    worked("flow")
    assert after(question.run).outputs == {"yes": True}


def test_a_no_without_a_comment_is_asked_for_one_and_keeps_the_page(page: Client, asked: Asked) -> None:
    question = asked()
    answer = page.post(at(question), {"answer": "no", "comment": "  "})
    assert answer.status_code == 422
    assert "Say why not" in text_of(answer)
    assert b'aria-invalid="true"' in answer.content
    assert Approval.objects.get().is_open
    assert "Too dear" in text_of(page.post(at(question), {"answer": "no", "comment": "Too dear"}, follow=True))


def test_an_answer_that_is_neither_is_refused_and_the_comment_kept(page: Client, asked: Asked) -> None:
    question = asked()
    answer = page.post(at(question), {"answer": "maybe", "comment": "Let me see"})
    assert answer.status_code == 422
    assert "Let me see" in text_of(answer)
    assert Approval.objects.get().is_open


def test_who_comes_second_is_told_who_decided_what(
    page: Client, asked: Asked, member: Make, client_for: Browse
) -> None:
    question = asked("approver", "administrator")
    first = client_for(member("administrator", name="Bo Boss"))
    first.post(at(question), {"answer": "no", "comment": "Too dear"})
    second = page.post(at(question), {"answer": "yes"})
    assert second.status_code == 409
    words = text_of(second)
    assert "Your answer was not recorded" in words
    assert "Bo Boss answered no at" in words
    assert "“Too dear”" in words
    assert Approval.objects.get().approved is False


def test_a_button_that_is_pressed_twice_answers_once(page: Client, asked: Asked) -> None:
    question = asked()
    page.post(at(question), {"answer": "yes"})
    decided = Approval.objects.get()
    assert page.post(at(question), {"answer": "yes"}).status_code == 302
    assert Approval.objects.get().decided_at == decided.decided_at
    assert page.post(at(question), {"answer": "no", "comment": "Wait"}).status_code == 409
    assert Approval.objects.get().approved is True


def test_a_question_that_nobody_waits_for_any_more_says_so(page: Client, asked: Asked, worked: Work) -> None:
    question = asked()
    services.run_stop(run=question.run)
    worked("flow")
    answer = page.post(at(question), {"answer": "yes"})
    assert answer.status_code == 409
    words = text_of(answer)
    assert "Nobody waits for an answer any more" in words
    assert "Nobody answered." in words
    assert Approval.objects.get().decided_at is None


def test_a_role_that_is_not_asked_decides_nothing(page: Client, asked: Asked) -> None:
    question = asked("administrator")
    answer = page.post(at(question), {"answer": "yes"})
    assert answer.status_code == 403
    assert "This asks administrator. Nothing was decided." in text_of(answer)
    assert Approval.objects.get().is_open


def test_a_decision_costs_the_same_statements_however_many_steps_came_before(
    page: Client, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    def address(count: int) -> str:
        steps = {f"s{n}": give(n if n == 0 else f"${{steps.s{n - 1}.x}}") for n in range(count)}
        steps["ask"] = {"kind": "approval", "question": "Go?", "after": [f"s{count - 1}"]}
        run = start(workflow(steps, name=f"w{count}"))
        worked("flow")
        return at(Approval.objects.get(run=run))

    few, many = address(1), address(12)
    statements(page, few)
    statements(page, many)
    assert statements(page, few) == statements(page, many)


def test_a_question_of_another_tenant_is_not_found(
    asked: Asked, member: Make, client_for: Browse, acme: Tenant, globex: Tenant
) -> None:
    question = asked()
    page = client_for(member("owner", tenant=globex), tenant=globex)
    assert page.get(at(question)).status_code == 404
    assert page.post(at(question), {"answer": "yes"}).status_code == 404
    assert "Ship" not in text_of(page.get(INBOX, {"tab": "team"}))
    with tenant_context(acme):
        assert Approval.objects.get().is_open


# -------------------------------------------------------------------------------------------------------------- values


def test_values_are_shown_as_people_read_them() -> None:
    shape = shape_of(
        {"at_most": 1234.5, "ok": False, "none": None, "tags": ["a", "b"], "rows": [{"a": 1, "b": [1, 2]}]}
    )
    told = dict(shape.pairs)
    assert [told[name].text for name in ("At most", "Ok", "None")] == ["1,234.5", "no", "–"]
    assert told["Tags"].items == ["a", "b"]
    table = told["Rows"]
    assert [(column.title, column.is_number) for column in table.columns] == [("A", True), ("B", False)]
    assert [[(cell.text, cell.is_number) for cell in row] for row in table.rows] == [[("1", True), ("2 values", False)]]


def test_what_is_too_deep_or_has_no_form_is_json_and_what_is_long_is_cut() -> None:
    deep: Any = {"a": {"b": {"c": {"d": 1}}}}
    for _ in range(3):
        deep = shape_of(deep).pairs[0][1] if isinstance(deep, dict) else deep.pairs[0][1]
    assert deep.kind == "json"
    assert shape_of([[1], [2]]).kind == "json"
    table = shape_of([{"n": n} for n in range(100)])
    assert (len(table.rows), table.more) == (20, 80)
    assert (len(shape_of(list(range(30))).items), shape_of(list(range(30))).more) == (20, 10)
    assert shape_of({}).is_empty

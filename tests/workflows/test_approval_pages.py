"""The page on which a question is decided, the same panel at the run, and what a link in a mail opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.models import AgentDecision, AgentRun
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import services
from apps.workflows.approvals.links import link_token
from apps.workflows.models import Approval, ApprovalDecision, Delegation, StepRun, WorkflowRun
from apps.workflows.shapes import shape_of
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import Asked, MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]
Browse = Callable[..., Client]
INBOX = "/approvals/"


@pytest.fixture
def page(client_for: Browse, approver: User) -> Client:
    return client_for(approver)


def at(approval: Approval) -> str:
    return f"{INBOX}{approval.pk}/"


def lend(giver: User, taker: User) -> Delegation:
    now = timezone.now()
    times = {"begins_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    return Delegation.objects.create(giver=giver, taker=taker, **times)


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


# ------------------------------------------------------------------------------------------------------- what it tells


def test_what_an_agent_decided_stands_beside_the_question_with_its_reasons_and_its_record(
    page: Client, asked: Asked
) -> None:
    question = asked()
    (step,) = StepRun.objects.filter(run=question.run, step=0, ended=False)
    assert step.ref is not None
    run = AgentRun.objects.get(pk=step.ref)
    AgentDecision.objects.filter(run=run).delete()
    said = {"verdict": "odd", "summary": "It looks odd.", "confidence": 0.87}
    record = {**said, "reasons": [{"text": "It is far off.", "weight": 1.0}], "caveat": "Verify it."}
    for position in range(7):
        told = {**record, "subject": f"Case {position}"}
        AgentDecision.objects.create(
            run=run, position=position, agent_key=run.agent_key, agent_version="1", verdict="odd", record=told
        )
    answer = page.get(at(question))
    words = text_of(answer)
    for each in ("Case 0 It looks odd.", "87% sure", "It is far off.", "Verify it.", "All decisions of this step"):
        assert each in words
    assert "Case 4" in words
    assert "Case 5" not in words
    assert f"/runs/{run.ref}/?decision=0#decision" in answer.content.decode()


@pytest.mark.parametrize("over", ["${steps.list.rows}", "${steps.count}"])
def test_a_question_about_an_item_rests_on_what_was_found_of_that_item(
    over: str, page: Client, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    rows = [{"steps": 3}, {"steps": 4}]
    count = {"kind": "agent", "agent": "dummy.counter", "input": {"steps": "${item.steps}"}}
    run = start(
        workflow(
            {
                "list": {"kind": "transform", "set": {"rows": rows}},
                "count": {**count, "title": "Count", "for_each": {"items": "${steps.list.rows}"}},
                "ask": {"kind": "approval", "question": "Go?", "for_each": {"items": over}},
            }
        )
    )
    worked("flow", "cpu")
    second = text_of(page.get(at(Approval.objects.get(run=run, item=1))))
    assert "Count, item 2" in second
    assert "Counted to 4" in second
    assert "Counted to 3" not in second


def test_what_may_follow_is_marked_where_nothing_takes_it_back(page: Client, asked: Asked) -> None:
    call = {"kind": "http", "url": "http://127.0.0.1:9/"}
    question = asked(
        then={
            "pay": {**call, "title": "Pay it", "compensate": "refund"},
            "refund": {**call, "title": "Pay back"},
            "look": {**call, "title": "Look it up", "method": "GET", "after": ["ask"]},
            "tell": {**call, "title": "Tell the customer", "method": "PUT", "after": ["pay"]},
        }
    )
    words = text_of(page.get(at(question)))
    follow = words[words.index("What may follow") : words.index("An answer is for good")]
    assert "Pay it Sends a POST request to another system. “Pay back” can take it back." in follow
    assert "Tell the customer Sends a PUT request to another system. Cannot be undone" in follow
    assert "Look it up" not in follow
    assert follow.count("Cannot be undone") == 1


def test_the_page_tells_when_it_is_due_reminded_and_escalated_and_what_then(page: Client, asked: Asked) -> None:
    times = {"answer_within": "2d", "remind_after": "1d", "escalate_after": "36h", "escalates_to": ["administrator"]}
    question = asked(**times)
    words = text_of(page.get(at(question)))
    for each in ("Still asked Ada Approver", "in 2 days Reminder", "Escalates", "to Administrator"):
        assert each in words
    Approval.objects.update(escalated_at=timezone.now())
    again = text_of(page.get(at(question)))
    assert "Escalated" in again
    assert "May answer Approver, Administrator; an owner always" in again


# --------------------------------------------------------------------------------------------------- several, and forms


def test_a_yes_of_several_keeps_the_question_open_and_tells_who_is_still_asked(
    page: Client, asked: Asked, member: Make, client_for: Browse
) -> None:
    other = client_for(member("approver", name="Bo Boss"))
    question = asked(quorum=2)
    assert "2 have to say yes before the run goes on" in text_of(page.get(at(question)))
    words = text_of(page.post(at(question), {"answer": "yes", "comment": "Fine"}, follow=True))
    for each in (
        "Your yes is recorded. 1 more has to say yes.",
        "1 of 2 said yes",
        "Yes , you,",
        "Fine",
        "You said yes. 1 more has to say yes before the run goes on.",
        "Still asked Bo Boss",
    ):
        assert each in words
    assert page.post(at(question), {"answer": "yes"}).status_code == 302, "the button was pressed twice"
    assert page.post(at(question), {"answer": "no", "comment": "No"}).status_code == 403
    assert "Yours is the last yes that it takes" in text_of(other.get(at(question)))
    done = text_of(other.post(at(question), {"answer": "yes"}, follow=True))
    assert "2 of 2 said yes" in done
    assert Approval.objects.get().approved is True


def test_a_form_is_filled_in_with_a_yes_and_what_is_wrong_stands_beside_its_field(page: Client, asked: Asked) -> None:
    fields = {"pieces": {"type": "integer", "minimum": 1}, "place": {"type": "text", "title": "Where to"}}
    question = asked(form=fields)
    html = page.get(at(question)).content.decode()
    assert 'name="answers.pieces"' in html
    wrong = page.post(at(question), {"answer": "yes", "answers.pieces": "0", "answers.place": "Dock 4"})
    assert wrong.status_code == 422
    assert "1 field is not filled in as asked" in text_of(wrong)
    assert '<a href="#f-answers-pieces">Pieces</a>: ' in wrong.content.decode()
    assert 'id="f-answers-pieces"' in wrong.content.decode()
    assert 'value="Dock 4"' in wrong.content.decode() or ">Dock 4<" in wrong.content.decode()
    assert Approval.objects.get().is_open
    done = page.post(at(question), {"answer": "yes", "answers.pieces": "3", "answers.place": "Dock 4"}, follow=True)
    assert "Pieces 3 Where to Dock 4" in text_of(done)
    assert ApprovalDecision.objects.get().answers == {"pieces": 3, "place": "Dock 4"}


def test_a_no_needs_nothing_filled_in(page: Client, asked: Asked) -> None:
    question = asked(form={"pieces": {"type": "integer"}})
    page.post(at(question), {"answer": "no", "comment": "Too dear", "answers.pieces": ""})
    assert Approval.objects.get().approved is False


def test_what_was_typed_is_kept_to_copy_where_somebody_else_was_faster(
    page: Client, asked: Asked, member: Make, client_for: Browse
) -> None:
    question = asked("approver", "administrator", form={"place": {"type": "text", "title": "Where to"}})
    client_for(member("administrator")).post(at(question), {"answer": "no", "comment": "Too dear"})
    late = page.post(at(question), {"answer": "yes", "comment": "To me it is fine", "answers.place": "Dock 4"})
    assert late.status_code == 409
    words = text_of(late)
    assert "What you had written, to keep or to copy: Where to Dock 4 Comment To me it is fine" in words
    assert b'name="answer"' not in late.content


# ------------------------------------------------------------------------------------------- whose right, and whose not


def test_who_has_a_part_in_what_is_asked_is_told_so_and_what_helps(
    page: Client, approver: User, asked: Asked, member: Make
) -> None:
    member("approver", name="Bo Boss")
    question = asked(forbids_own=True)
    WorkflowRun.objects.update(created_by=approver)
    words = text_of(page.get(at(question)))
    assert "You cannot answer this. You started this run: somebody else has to answer." in words
    assert "a delegation does not help" in words
    assert "Still asked Bo Boss Due" in words
    assert "Not who started the run" in words
    assert page.post(at(question), {"answer": "yes"}).status_code == 403


def test_one_who_stands_in_for_another_answers_in_their_name(
    page: Client, approver: User, asked: Asked, member: Make
) -> None:
    boss = member("administrator", name="Bo Boss")
    question = asked("administrator")
    assert "Somebody who is asked can answer, or let you stand in for them" in text_of(page.get(at(question)))
    lend(boss, approver)
    assert "You answer for Bo Boss, who lets you stand in." in text_of(page.get(at(question)))
    done = page.post(at(question), {"answer": "yes"}, follow=True)
    assert "you for Bo Boss," in text_of(done)
    assert ApprovalDecision.objects.get().holder == boss


def test_one_who_stands_in_for_several_says_for_whom(page: Client, approver: User, asked: Asked, member: Make) -> None:
    first, second = (member("administrator", name=name) for name in ("Bo Boss", "Cy Chief"))
    question = asked("administrator")
    lend(first, approver)
    lend(second, approver)
    open_to = page.get(at(question))
    assert "Choose… Cy Chief Bo Boss" in text_of(open_to)
    refused = page.post(at(question), {"answer": "yes"})
    assert refused.status_code == 422
    assert "Say for whom you answer" in text_of(refused)
    foreign = page.post(at(question), {"answer": "yes", "for": str(approver.pk)})
    assert foreign.status_code == 403
    page.post(at(question), {"answer": "yes", "for": str(second.pk)})
    assert ApprovalDecision.objects.get().holder == second


# ------------------------------------------------------------------------------------------- at the run, and kept fresh


def test_the_page_of_the_run_has_the_same_panel_at_the_step_that_asks(
    page: Client, asked: Asked, member: Make, client_for: Browse
) -> None:
    question = asked(risk="high")
    at_run = f"/workflow-runs/{question.run.ref}/?step=ask"
    answer = page.get(at_run)
    words = text_of(answer)
    assert "Ship 14.0 pieces? High risk What it rests on" in words
    assert f'action="{at(question)}"' in answer.content.decode()
    assert b'name="answer"' not in client_for(member("viewer")).get(at_run).content
    done = page.post(at(question), {"answer": "yes", "back": "run"})
    assert done["Location"] == at_run
    assert b'name="answer"' not in page.get(at_run).content


def test_a_step_that_asks_of_each_item_shows_its_questions_and_of_one_item_its_panel(
    page: Client, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    ask = {"kind": "approval", "question": "Take ${item}?", "for_each": {"items": ["tea", "milk"]}}
    run = start(workflow({"ask": ask}))
    worked("flow")
    many = text_of(page.get(f"/workflow-runs/{after(run).ref}/?step=ask"))
    assert "Take tea?" in many
    assert "Take milk?" in many
    one = text_of(page.get(f"/workflow-runs/{after(run).ref}/?step=ask&item=1"))
    assert "Take milk? Normal risk" in one
    assert "Your answer" not in many
    question = Approval.objects.get(item=1)
    assert "about item 2" in text_of(page.get(at(question)))


def test_the_state_of_a_question_changes_with_each_answer(page: Client, asked: Asked, member: Make) -> None:
    question, bo = asked(quorum=2), member("approver")

    def state() -> str:
        return str(page.get(f"{at(question)}state/").json()["state"])

    first = state()
    ApprovalDecision.objects.create(approval=question, user=bo, holder=bo, approved=True, via="api")
    second = state()
    page.post(at(question), {"answer": "yes"})
    assert len({first, second, state()}) == 3
    assert page.get(f"{at(question)}state/").json()["run"] == str(question.run_id)


# ---------------------------------------------------------------------------------------------------------------- links


def test_a_link_asks_for_sign_in_and_comes_back_then_decides_by_link(
    page: Client, approver: User, asked: Asked, client_for: Browse
) -> None:
    question = asked()
    address = f"{INBOX}link/{link_token(approval=question, user=approver)}/"
    stranger = client_for().get(address)
    assert stranger.status_code == 302
    assert f"next={quote(address, safe='/')}" in stranger["Location"]
    shown = page.get(address)
    (token,) = re.findall(r'name="token" value="([^"]+)"', shown.content.decode())
    assert "Ship 14.0 pieces?" in text_of(shown)
    page.post(at(question), {"answer": "yes", "token": token})
    assert ApprovalDecision.objects.get().via == "link"
    assert "This was decided already" in text_of(page.get(address))


def test_a_link_is_for_one_person_and_one_question(
    page: Client, approver: User, asked: Asked, member: Make, client_for: Browse
) -> None:
    question = asked()
    other = member("approver")
    theirs = page.get(f"{INBOX}link/{link_token(approval=question, user=other)}/")
    assert theirs.status_code == 403
    words = text_of(theirs)
    assert "This link is not yours" in words
    assert "You are signed in as Ada Approver" in words
    assert "Ship" not in words
    broken = page.get(f"{INBOX}link/{link_token(approval=question, user=approver)[:-2]}/")
    assert broken.status_code == 404
    assert "This link leads nowhere" in text_of(broken)
    # A token of another person does not make an answer one that came by a link.
    page.post(at(question), {"answer": "yes", "token": link_token(approval=question, user=other)})
    assert ApprovalDecision.objects.get().via == "console"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"withdrawn_at": timezone.now()}, "Nobody waits for an answer any more"),
        ({"due_at": timezone.now() - timedelta(days=1)}, "The time of this link is over"),
    ],
)
def test_a_link_to_what_is_over_says_what_became_of_it(
    fields: dict[str, Any], said: str, page: Client, approver: User, asked: Asked
) -> None:
    question = asked()
    address = f"{INBOX}link/{link_token(approval=question, user=approver)}/"
    Approval.objects.update(**fields)
    shown = page.get(address)
    assert shown.status_code == 200
    assert said in text_of(shown)
    assert b'name="answer"' not in shown.content


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

"""The inbox of questions: whose they are, how they are narrowed and sorted, and the same answer to several."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.workflows import services
from apps.workflows.inbox import due_words
from apps.workflows.models import Approval, ApprovalDecision, Delegation, WorkflowRun
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import Asked, MakeWorkflow, Work, put
from tests.workflows.test_pump import Start

Make = Callable[..., User]
Browse = Callable[..., Client]
INBOX = "/approvals/"


@pytest.fixture
def page(client_for: Browse, approver: User) -> Client:
    return client_for(approver)


@pytest.fixture
def run(workflow: MakeWorkflow, start: Start) -> WorkflowRun:
    """A run that nobody carries out: questions are put beside it."""
    steps = {"ask": {"kind": "approval", "question": "Go?"}}
    made = start(workflow(steps, name="orders"))
    made.refresh_from_db()
    return made


def at(approval: Approval) -> str:
    return f"{INBOX}{approval.pk}/"


def lend(giver: User, taker: User, **fields: Any) -> Delegation:
    now = timezone.now()
    times = {"begins_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    return Delegation.objects.create(giver=giver, taker=taker, **{**times, **fields})


def late(approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(due_at=timezone.now() - timedelta(hours=1))


def test_an_approver_finds_what_waits_for_them_and_its_number_in_the_menu(page: Client, asked: Asked) -> None:
    asked("approver", name="mine")
    asked("administrator", name="theirs")
    words = text_of(page.get(INBOX))
    assert "Mine 1" in words
    assert "All open 2" in words
    assert "Approvals 1 waiting for you" in words
    assert "Ship 14.0 pieces?" in words
    assert "Theirs ·" not in words
    assert "Theirs ·" in text_of(page.get(INBOX, {"tab": "team"}))


def test_questions_whose_time_is_over_come_first_and_say_so(page: Client, asked: Asked) -> None:
    first, second = asked(name="first"), asked(name="second")
    late(second)
    words = text_of(page.get(INBOX, {"tab": "team"}))
    assert words.index("Second ·") < words.index("First ·")
    assert "Late" in words[words.index("Second ·") : words.index("First ·")]
    assert "Late" not in words[words.index("First ·") :]
    assert first.is_open


def test_what_was_answered_stays_to_be_seen_with_who_said_what(page: Client, asked: Asked, worked: Work) -> None:
    question, taken_back = asked(name="one"), asked(name="two")
    page.post(at(question), {"answer": "no", "comment": "Too dear"})
    services.run_stop(run=taken_back.run)
    worked("flow")
    words = text_of(page.get(INBOX, {"tab": "done"}))
    assert "No Normal risk Ada Approver," in words
    assert "No answer" in words
    assert "Nothing waits for you" in text_of(page.get(INBOX))


@pytest.mark.parametrize(("words", "found"), [("first", 1), ("ask", 2), ("FIRST ask", 1), ("nobody", 0), ("\x00", 2)])
def test_questions_are_searched_by_workflow_and_step(words: str, found: int, page: Client, asked: Asked) -> None:
    asked(name="first")
    asked(name="second")
    shown = text_of(page.get(INBOX, {"q": words}))
    assert shown.count("Ship 14.0 pieces?") == found
    assert ("Nothing matches" in shown) is (found == 0)


def test_a_question_is_found_by_the_number_of_its_run(page: Client, asked: Asked) -> None:
    asked(name="first")
    wanted = asked(name="second")
    shown = text_of(page.get(INBOX, {"q": wanted.run.ref}))
    assert "Second ·" in shown
    assert "First ·" not in shown


def test_many_questions_come_in_pages(page: Client, run: WorkflowRun) -> None:
    due = timezone.now() + timedelta(days=1)
    Approval.objects.bulk_create(
        Approval(run=run, step="ask", question="More?", roles=["approver"], due_at=due) for _ in range(35)
    )
    first, second = text_of(page.get(INBOX)), text_of(page.get(INBOX, {"page": "2"}))
    assert "page 1 of 2" in first
    assert "page 2 of 2" in second
    assert first.count("More?") + second.count("More?") == 35
    for odd in ("0", "99", "x", "-1", "9" * 30):
        assert page.get(INBOX, {"page": odd, "tab": odd}).status_code == 200


@pytest.mark.parametrize("tab", ["mine", "team", "done"])
def test_the_inbox_costs_the_same_statements_however_much_is_in_it(
    tab: str, page: Client, run: WorkflowRun, member: Make
) -> None:
    bo, giver = member("administrator"), member("approver")
    now = timezone.now()

    def fill() -> None:
        for ended in ({}, {"decided_at": now, "approved": True, "decided_by": bo}, {"withdrawn_at": now}):
            question = put(run, quorum=2, risk="low", **ended)
            ApprovalDecision.objects.create(approval=question, user=bo, holder=bo, approved=True, via="console")

    def read() -> int:
        """At its best: which tenant it is is kept for a moment, and may have been forgotten."""
        return min(statements(page, f"{INBOX}?tab={tab}") for _ in range(3))

    fill()
    few = read()
    for _ in range(4):
        fill()
    lend(giver, member("approver"))
    assert read() == few


# ------------------------------------------------------------------------------------------- narrowed, sorted, and told


def test_questions_are_narrowed_by_workflow_and_risk_and_searched(
    page: Client, run: WorkflowRun, workflow: MakeWorkflow, start: Start
) -> None:
    other = start(workflow({"ask": {"kind": "approval", "question": "Go?"}}, name="refunds"))
    put(run, question="Dear one", risk="high")
    put(run, question="Small one", risk="low")
    put(other, question="Money back")
    for query, found in [
        ({"workflow": "refunds"}, {"Money back"}),
        ({"risk": "high"}, {"Dear one"}),
        ({"risk": "no such risk"}, {"Dear one", "Small one", "Money back"}),
        ({"workflow": "orders", "risk": "low", "q": "ask"}, {"Small one"}),
        ({"workflow": "orders", "risk": "normal"}, set()),
    ]:
        words = text_of(page.get(INBOX, query))
        assert {each for each in ("Dear one", "Small one", "Money back") if each in words} == found, query
        assert ("Nothing matches" in words) is (not found)


@pytest.mark.parametrize(
    ("sort", "order"), [("due", "BCA"), ("risk", "ACB"), ("newest", "CBA"), ("anything else", "BCA")]
)
def test_questions_are_sorted_by_time_by_risk_or_by_age(sort: str, order: str, page: Client, run: WorkflowRun) -> None:
    now = timezone.now()
    put(run, question="[A]", risk="high", due_at=now + timedelta(days=3))
    put(run, question="[B]", risk="low", due_at=now + timedelta(days=1))
    put(run, question="[C]", risk="normal", due_at=now + timedelta(days=2))
    words = text_of(page.get(INBOX, {"sort": sort}))
    assert "".join(sorted("ABC", key=lambda letter: words.index(f"[{letter}]"))) == order


def test_a_row_says_what_it_is_about_how_risky_how_urgent_and_who_has_answered(
    page: Client, run: WorkflowRun, member: Make
) -> None:
    question = put(run, question="Release?", risk="high", item=2, quorum=3, due_at=timezone.now() + timedelta(hours=5))
    bo = member("administrator", name="Bo Boss")
    ApprovalDecision.objects.create(approval=question, user=bo, holder=bo, approved=True, via="console")
    words = text_of(page.get(INBOX))
    for said in ("Release?", "Orders · W-", "item 3", "High risk", "due in 5 hours", "1 of 3 said yes: Bo Boss"):
        assert said in words


def test_what_came_to_others_and_what_is_answered_for_others_says_so(
    page: Client, approver: User, run: WorkflowRun, member: Make
) -> None:
    put(run, question="[came]", roles=["administrator"], escalates_to=["approver"], escalated_at=timezone.now())
    put(run, question="[lent]", roles=["administrator"])
    put(run, question="[own]")
    assert "[lent]" not in text_of(page.get(INBOX))
    lend(member("administrator"), approver)
    words = text_of(page.get(INBOX, {"sort": "newest"}))
    own, lent, came = (words.index(each) for each in ("[own]", "[lent]", "[came]"))
    assert "you stand in for somebody" in words[lent:came]
    assert "stand in" not in words[own:lent] + words[came:]
    assert "escalated" in words[came:]
    assert "escalated" not in words[own:came]


def test_what_is_late_before_the_hour_is_over_is_marked(page: Client, run: WorkflowRun) -> None:
    put(run, question="Now?", due_at=timezone.now() + timedelta(minutes=40))
    put(run, question="Later?", due_at=timezone.now() + timedelta(hours=2))
    words = text_of(page.get(INBOX))
    assert "Due soon" in words[words.index("Now?") : words.index("Later?")]
    assert "Due soon" not in words[words.index("Later?") :]


def test_how_far_off_a_moment_is_is_said_in_the_largest_unit_that_tells_enough() -> None:
    now = timezone.now()
    for minutes, words in [
        (0.5, "in less than a minute"),
        (59, "in 59 min"),
        (60, "in 1 hour"),
        (59.8, "in 1 hour"),
        (47 * 60, "in 47 hours"),
        (48 * 60 - 1, "in 2 days"),
        (-100, "2 hours ago"),
    ]:
        assert due_words(now + timedelta(minutes=minutes), now) == words


def test_what_was_answered_comes_down_as_a_file_as_it_is_narrowed_and_that_is_recorded(
    page: Client, run: WorkflowRun, approver: User
) -> None:
    ended = {"decided_at": timezone.now(), "decided_by": approver, "approved": False, "comment": "=1+1"}
    put(run, question="Old", risk="high", **ended)
    put(run, question="Other", risk="low", withdrawn_at=timezone.now())
    put(run, question="Open", risk="high")
    answer = page.get(f"{INBOX}export.csv", {"risk": "high", "tab": "mine"})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["question"], row["answer"], row["answered by"]) == ("Old", "no", "Ada Approver")
    assert row["comment"] != "=1+1", "a table program would compute it"
    assert AuditEntry.objects.filter(kind="workflows.downloaded").exists()
    assert "export.csv?risk=high" in page.get(INBOX, {"tab": "done", "risk": "high"}).content.decode()


# --------------------------------------------------------------------------------------------- the same to several


def test_only_questions_of_low_risk_without_a_form_can_be_ticked_and_others_say_why(
    page: Client, run: WorkflowRun
) -> None:
    low, normal = put(run, risk="low"), put(run, risk="normal")
    form = put(run, risk="low", form={"fields": {"n": {"type": "number"}}})
    html = page.get(INBOX).content.decode()
    assert f'value="{low.pk}">' in html
    for each, why in ((normal, "its risk is normal"), (form, "it has a form to fill in")):
        assert f'value="{each.pk}" disabled' in html
        assert f"Cannot be ticked: {why}" in html


def test_where_nothing_can_be_ticked_there_is_nothing_to_tick_with(page: Client, run: WorkflowRun) -> None:
    put(run, risk="high")
    put(run, risk="low", roles=["administrator"])
    html = page.get(INBOX, {"tab": "team"}).content.decode()
    assert 'type="checkbox" name="approval"' not in html
    assert "to the ticked" not in html


def test_several_are_answered_each_for_itself_and_what_became_of_each_is_told(
    page: Client, run: WorkflowRun, approver: User
) -> None:
    first, gone, risky = put(run, risk="low"), put(run, risk="low", withdrawn_at=timezone.now()), put(run, risk="high")
    chosen = [str(each.pk) for each in (first, gone, risky)]
    answer = page.post(f"{INBOX}bulk/", {"approval": chosen, "answer": "yes", "back": "tab=mine&risk=low"})
    words = text_of(answer)
    assert "1 of 3 answered yes" in words
    assert words.count("Not recorded") == 2
    assert "It is of high risk" in words
    assert "Nobody waits for an answer any more" in words
    assert "?tab=mine&amp;risk=low" in answer.content.decode()
    first.refresh_from_db()
    assert (first.approved, first.decided_by) == (True, approver)
    assert ApprovalDecision.objects.get().via == "bulk"


def test_a_no_to_several_needs_a_comment_and_keeps_what_was_ticked(page: Client, run: WorkflowRun) -> None:
    ids = [str(put(run, risk="low").pk) for _ in range(2)]
    answer = page.post(f"{INBOX}bulk/", {"approval": ids, "answer": "no", "comment": " "})
    assert answer.status_code == 422
    assert "A no needs a comment; nothing was decided." in text_of(answer)
    assert all(f'name="approval" value="{id}"' in answer.content.decode() for id in ids)
    again = page.post(f"{INBOX}bulk/", {"approval": ids, "answer": "no", "comment": "Too dear"})
    assert "2 of 2 answered no" in text_of(again)
    assert {each.comment for each in Approval.objects.all()} == {"Too dear"}


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"answer": "yes"}, 422, "No question was ticked"),
        ({"answer": "perhaps", "approval": "of"}, 422, "Press Yes or No"),
        ({"answer": "yes", "approval": "00000000-0000-0000-0000-00000000000f"}, 404, "Not all of these questions"),
    ],
)
def test_what_cannot_be_answered_together_decides_nothing(
    sent: dict[str, Any], status: int, said: str, page: Client, run: WorkflowRun
) -> None:
    question = put(run, risk="low")
    if "approval" in sent:
        sent = {**sent, "approval": [str(question.pk), sent["approval"]]}
    answer = page.post(f"{INBOX}bulk/", sent)
    assert answer.status_code == status
    assert said in text_of(answer)
    question.refresh_from_db()
    assert question.is_open
    assert page.get(f"{INBOX}bulk/").status_code == 403

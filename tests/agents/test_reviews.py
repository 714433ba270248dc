"""What people hold of decisions: the agent's own verdict stays, and nobody overrides what they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents import decisions, reviews
from apps.agents.decisions import DecisionFilter
from apps.agents.models import AgentDecision, AgentReview, AgentRun
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.permissions import Platform
from apps.tenants.models import Tenant
from tests.agents.conftest import Start
from tests.agents.test_records import ASKED, DECIDER
from tests.dispatch.conftest import at_once

Make = Callable[..., User]
WHO = Platform()


@pytest.fixture
def decided(finished: Start) -> AgentRun:
    """A run with three decisions: refuse Cy, hold Bo, let Ada pass."""
    return finished(key=DECIDER, **ASKED)


def review(
    user: User, run: AgentRun, verdict: str, reason: str = "", *, seen: int = 0, place: int = 0
) -> AgentDecision:
    decision = decisions.decision_get(who=user, run=run, position=place)
    return reviews.decision_review(who=user, user=user, decision=decision, verdict=verdict, reason=reason, seen=seen)


def test_an_override_keeps_the_agents_own_verdict_and_says_who_and_why(decided: AgentRun, member: Make) -> None:
    user = member("analyst", name="Bo")
    row = review(user, decided, "hold", "The customer is known to us.")
    assert (row.verdict, row.override, row.stands, row.review) == ("refuse", "hold", "hold", "overridden")
    assert (row.reviewed_by, row.reviewed_at is not None) == (user, True)
    (one,) = decisions.reviews_of(row)
    assert (one.number, one.verdict, one.reason, one.by) == (1, "hold", "The customer is known to us.", user)
    decided.refresh_from_db()
    assert decided.verdict == "hold"


def test_a_review_of_a_further_decision_leaves_the_verdict_of_the_run(decided: AgentRun, member: Make) -> None:
    review(member("analyst"), decided, "pass", "Small.", place=1)
    decided.refresh_from_db()
    assert decided.verdict == "refuse"


def test_confirming_needs_no_reason_and_an_override_does(decided: AgentRun, member: Make) -> None:
    user = member("approver")
    with pytest.raises(InvalidInput) as refused:
        review(user, decided, "pass", "  ")
    assert refused.value.issues[0].path == "reason"
    assert not AgentReview.objects.exists()
    assert review(user, decided, "refuse").review == "confirmed"


def test_going_back_is_another_review_with_a_reason_of_its_own(decided: AgentRun, member: Make) -> None:
    user = member("analyst")
    review(user, decided, "pass", "A mistake.")
    with pytest.raises(InvalidInput):
        review(user, decided, "refuse", "", seen=1)
    row = review(user, decided, "refuse", "It was no mistake.", seen=1)
    assert (row.review, row.override, row.stands) == ("confirmed", "", "refuse")
    assert [each.verdict for each in decisions.reviews_of(row)] == ["pass", "refuse"]
    decided.refresh_from_db()
    assert decided.verdict == "refuse"


def test_nobody_overrides_what_they_have_not_seen(decided: AgentRun, member: Make) -> None:
    review(member("analyst", name="Ann"), decided, "hold", "I know them.")
    with pytest.raises(Conflict) as refused:
        review(member("approver"), decided, "pass", "Fine.")
    assert "Ann has reviewed it" in refused.value.detail
    assert "Hold for review, and said: “I know them.”" in refused.value.detail
    assert AgentReview.objects.count() == 1
    with pytest.raises(Conflict, match="Nobody has reviewed"):
        review(member("approver"), decided, "pass", "Fine.", seen=1, place=1)


def test_a_verdict_that_the_agent_does_not_have_is_refused(decided: AgentRun, member: Make) -> None:
    with pytest.raises(InvalidInput) as refused:
        review(member("analyst"), decided, "perhaps", "Who knows.")
    assert refused.value.issues[0].message == "There is no verdict 'perhaps'. There are: hold, pass, refuse."


@pytest.mark.parametrize("role", ["builder", "auditor", "viewer"])
def test_a_role_that_reviews_nothing_cannot(decided: AgentRun, member: Make, role: str) -> None:
    with pytest.raises(PermissionDenied):
        review(member(role), decided, "pass", "Fine.")


def test_a_program_reviews_nothing(decided: AgentRun, member: Make) -> None:
    program = member("analyst")
    program.set_unusable_password()
    program.is_service = True
    program.save()
    with pytest.raises(PermissionDenied):
        review(program, decided, "pass", "Fine.")


def test_of_many_at_once_one_is_heard(committed_db: str, decided: AgentRun, member: Make, acme: Tenant) -> None:
    user = member("analyst")

    def act(number: int) -> str:
        try:
            review(user, decided, "hold", f"Reason {number}")
        except Conflict:
            return "refused"
        return "heard"

    assert sorted(at_once(4, acme, act)) == ["heard", "refused", "refused", "refused"]
    assert AgentReview.objects.count() == 1


def test_decisions_are_narrowed_by_what_stands(decided: AgentRun, member: Make) -> None:
    review(member("analyst"), decided, "hold", "Known.")

    def found(**narrow: Any) -> list[int]:
        return [row.position for row in decisions.decisions_query(who=WHO, narrow=DecisionFilter(**narrow))]

    assert found() == [0, 1, 2]
    assert found(verdict="hold") == [0, 1]
    assert found(verdict="refuse") == []
    assert found(review="overridden") == [0]
    assert found(review="none") == [1, 2]
    assert found(search=decided.ref.lower()) == [0, 1, 2]
    assert found(search="R-999") == []
    assert found(search="Cy") == []
    assert found(agent="dummy.counter") == []
    assert found(before=decided.created_at) == []


def test_decisions_are_paged_by_key(decided: AgentRun, finished: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    later = finished(key=DECIDER, **ASKED)
    monkeypatch.setattr(decisions, "PAGE", 4)
    first = decisions.decisions_page(who=WHO, narrow=DecisionFilter())
    rest = decisions.decisions_page(who=WHO, narrow=DecisionFilter(), before=first.older)
    assert [(row.run_id, row.position) for row in (*first.decisions, *rest.decisions)] == [
        (run.pk, place) for run in (later, decided) for place in range(3)
    ]
    assert rest.older is None


def test_the_list_comes_down_with_what_people_said(decided: AgentRun, member: Make) -> None:
    user = member("analyst", name="Ann")
    review(user, decided, "hold", "=known")
    sheet = decisions.decisions_sheet(list(decisions.decisions_query(who=user)))
    first = dict(zip(sheet.columns, sheet.rows[0], strict=True))
    assert (first["subject"], first["verdict"], first["stands"]) == ("Cy", "Refuse", "Hold for review")
    assert (first["review"], first["reviewed by"], first["reason"]) == ("overridden", "Ann", "=known")


def test_a_decision_that_is_not_there_is_not_found(decided: AgentRun) -> None:
    with pytest.raises(NotFound):
        decisions.decision_get(who=WHO, run=decided, position=3)


# ----------------------------------------------------------------------------------------------------------- feedback


def test_the_last_word_of_a_person_about_a_run_holds(decided: AgentRun, member: Make) -> None:
    ann, ben = member("analyst"), member("builder")
    reviews.feedback_give(who=ann, user=ann, run=decided, is_right=True)
    reviews.feedback_give(who=ben, user=ben, run=decided, is_right=True)
    reviews.feedback_give(who=ann, user=ann, run=decided, is_right=False, comment=" Too strict. ")
    said = {each.by: (each.is_right, each.comment) for each in decisions.feedback_of(who=ann, run=decided)}
    assert said == {ann: (False, "Too strict."), ben: (True, None)}


def test_feedback_is_for_results_and_for_those_who_may_give_it(start: Start, decided: AgentRun, member: Make) -> None:
    ann, viewer = member("analyst"), member("viewer")
    with pytest.raises(Conflict):
        reviews.feedback_give(who=ann, user=ann, run=start(), is_right=True)
    with pytest.raises(PermissionDenied):
        reviews.feedback_give(who=viewer, user=viewer, run=decided, is_right=True)
    with pytest.raises(InvalidInput) as refused:
        reviews.feedback_give(who=ann, user=ann, run=decided, is_right=True, comment="x" * 2001)
    assert refused.value.issues[0].path == "comment"

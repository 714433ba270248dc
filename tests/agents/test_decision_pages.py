"""Pages of decisions: what a run's page shows of them, what people do there, and the list of all."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.agents import decisions, reviews
from apps.agents.models import AgentAction, AgentDecision, AgentFeedback, AgentReview, AgentRun
from apps.common.decisions import Decision, ProposedAction, Scale
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, Start, WorkOff
from tests.agents.test_pages import statements, text_of
from tests.agents.test_records import ASKED, DECIDER, decide

Make = Callable[..., User]
Browse = Callable[..., Client]


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst", name="Ann")


@pytest.fixture
def page(client_for: Browse, analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def decided(finished: Start) -> AgentRun:
    return finished(key=DECIDER, **ASKED)


def address(run: AgentRun, query: str = "") -> str:
    return f"/runs/{run.ref}/{query}"


# --------------------------------------------------------------------------------------------------------- run's page


def test_a_runs_page_shows_the_decision_with_its_score_reasons_and_evidence(page: Client, decided: AgentRun) -> None:
    answer = page.get(address(decided))
    words, body = text_of(answer), answer.content.decode()
    assert "Cy asks for 5000: refuse." in words
    assert 'aria-label="5,000.00 EUR on a scale of 0 to 10,000, Huge"' in body
    assert "5000 is asked for [1] [2] [3]" in words
    assert "Tell them why." in words
    assert "A test decided this." in words
    assert "Hold from 100 EUR 5,000 EUR" in words
    assert "Let it pass 0.200 : It is more than is let pass." in words
    assert '<a href="?row=Cy#detail">Cy</a>' in body
    assert 'href="https://example.org/asking"' in body
    assert "Count it again" in words


def test_evidence_shows_the_row_that_it_names(page: Client, decided: AgentRun, analyst: User) -> None:
    assert "name Cy amount 5000" in text_of(page.get(address(decided)))


def test_a_row_of_a_dataset_is_shown_when_it_is_asked_for(
    page: Client, start: Start, work_off: WorkOff, analyst: User
) -> None:
    dataset = dataset_upload(file=BytesIO(b"name,amount\nAda,5\nBo,500\n"), name="asks.csv", user=analyst)
    run = start(analyst, DECIDER, table={"dataset": str(dataset.pk)})
    work_off()
    first = page.get(address(run))
    assert "Row 3 of asks · Show the row · asks" in text_of(first)
    assert f'href="/data/{dataset.pk}/"' in first.content.decode()
    assert "name Bo" not in text_of(first)
    assert "name Bo amount 500" in text_of(page.get(address(run, "?source_row=3")))


def test_a_path_of_the_input_is_shown_with_what_stands_there(page: Client, finished: Start) -> None:
    run = finished(key=DECIDER, **ASKED, known=["Bo", "Cy"])
    words = text_of(page.get(address(run)))
    assert "The name is known (spoke against it) [1]" in words
    assert "Input known.1 Cy" in words


def test_the_record_says_what_it_came_from(page: Client, decided: AgentRun) -> None:
    words = text_of(page.get(address(decided)))
    assert records_hash(decided) in words
    assert "The agent's own" in words
    assert "hold_from 100" in words
    assert "None had a part in it" in words


def records_hash(run: AgentRun) -> str:
    return str(run.result.record["input_sha256"])


def test_many_decisions_are_listed_narrowed_and_one_is_opened(page: Client, decided: AgentRun) -> None:
    words = text_of(page.get(address(decided)))
    assert "3 decisions" in words
    second = text_of(page.get(address(decided, "?decision=1")))
    assert "500 is asked for [1] [2] [3]" in second
    assert "5000 is asked for" not in second
    narrow = text_of(page.get(address(decided, "?dq=ada")))
    assert "Ada asks for 5: pass." in narrow
    assert "Bo asks for 500" not in narrow
    assert "Bo asks for 500" in text_of(page.get(address(decided, "?dverdict=hold")))
    assert "No decision matches" in text_of(page.get(address(decided, "?dreview=wanted")))


def test_a_decision_that_is_not_there_shows_the_first(page: Client, decided: AgentRun) -> None:
    for asked in ("7", "x", "99999999"):
        assert "5000 is asked for" in text_of(page.get(address(decided, f"?decision={asked}")))


def test_a_run_with_decisions_costs_the_same_however_many_there_are(
    page: Client, finished: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def many(count: int) -> AgentRun:
        action = ProposedAction(kind="dummy.fail", title="Fail")
        decide(monkeypatch, *[Decision(verdict="hold", summary=f"N {n}", actions=[action]) for n in range(count)])
        return finished(key=DECIDER, **ASKED)

    few, more = many(2), many(200)
    page.get(address(few))
    assert statements(page, address(few)) == statements(page, address(more))
    assert "page 1 of 25" in text_of(page.get(address(more)))
    assert "N 199" in text_of(page.get(address(more, "?dpage=25")))


def test_a_run_without_decisions_pays_nothing_for_them(page: Client, finished: Start) -> None:
    run = finished()
    page.get(address(run))
    before = statements(page, address(run))
    AgentDecision.objects.create(
        run=finished(), position=0, agent_key=COUNTER, agent_version="1", verdict="x", record={}
    )
    assert statements(page, address(run)) == before


def test_a_score_is_drawn_within_its_scale(finished: Start, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    scale = Scale(title="Share", low=0, high=1)
    decide(monkeypatch, Decision(verdict="hold", summary="Beyond.", score=7, scale=scale))
    body = page.get(address(finished(key=DECIDER, **ASKED))).content.decode()
    assert 'aria-label="7.00 on a scale of 0 to 1"' in body
    assert '<rect class="o-scale-m" x="277.0"' in body


# ------------------------------------------------------------------------------------------------------------- review


def send(page: Client, run: AgentRun, **sent: Any) -> Any:
    return page.post(address(run, "?decision=0"), {"decision": 0, "seen": 0, **sent})


def test_an_override_is_kept_and_shown_with_its_reason(page: Client, decided: AgentRun) -> None:
    answer = send(page, decided, verdict="hold", reason="They called us.")
    assert answer.headers["Location"] == f"/runs/{decided.ref}/?decision=0#review"
    words = text_of(page.get(address(decided)))
    assert "The agent came to: Refuse. Ann decided otherwise." in words
    assert "Hold for review Ann" in words
    assert "They called us." in words
    assert "Review it again" in words
    assert decisions.decision_get(who=User(role="owner"), run=decided, position=0).stands == "hold"


def test_an_override_without_a_reason_is_told_beside_the_field_and_keeps_the_choice(
    page: Client, decided: AgentRun
) -> None:
    answer = send(page, decided, verdict="hold", reason=" ")
    assert answer.status_code == 422
    assert "Say why: it is kept with the decision, and whoever reads it" in text_of(answer)
    assert 'value="hold" required checked' in answer.content.decode()
    assert not AgentReview.objects.exists()


def test_who_was_slower_is_shown_what_the_other_said_and_keeps_the_words(
    page: Client, client_for: Browse, member: Make, decided: AgentRun
) -> None:
    send(client_for(member("approver", name="Ben")), decided, verdict="refuse")
    answer = send(page, decided, verdict="hold", reason="They called us.")
    words = text_of(answer)
    assert answer.status_code == 409
    assert "Ben has reviewed it at" in words
    assert "They called us." in words
    assert AgentReview.objects.count() == 1


def test_a_button_that_is_pressed_twice_is_heard_once(page: Client, decided: AgentRun) -> None:
    for _ in range(2):
        assert send(page, decided, verdict="hold", reason="They called us.").status_code == 302
    assert AgentReview.objects.count() == 1


def test_confirming_takes_one_click(page: Client, decided: AgentRun) -> None:
    assert "Confirm “Refuse”" in text_of(page.get(address(decided)))
    send(page, decided, verdict="refuse")
    assert "Confirmed by Ann" in text_of(page.get(address(decided)))


def test_a_role_that_does_not_review_sees_reviews_and_no_form(
    client_for: Browse, member: Make, page: Client, decided: AgentRun
) -> None:
    send(page, decided, verdict="hold", reason="They called us.")
    viewer = client_for(member("viewer"))
    words = text_of(viewer.get(address(decided)))
    assert "They called us." in words
    assert "Your role does not review decisions." in words
    assert "Keep this review" not in words
    assert send(viewer, decided, verdict="pass", reason="Fine.", seen=1).status_code == 403


# ------------------------------------------------------------------------------------------------- actions and feedback


def test_a_proposal_is_carried_out_by_a_click_and_then_shown_with_its_link(page: Client, decided: AgentRun) -> None:
    act = f"/runs/{decided.ref}/decisions/0/actions/0/"
    for _ in range(2):
        assert page.post(act).headers["Location"] == f"/runs/{decided.ref}/?decision=0#actions"
    started = AgentRun.objects.get(agent_key=COUNTER)
    answer = page.get(address(decided))
    assert f'<a href="/runs/{started.ref}/">Counter was started as {started.ref}.</a>' in answer.content.decode()
    assert act not in answer.content.decode()


def test_a_proposal_that_failed_says_why_and_can_be_tried_again(page: Client, decided: AgentRun) -> None:
    act = f"/runs/{decided.ref}/decisions/0/actions/1/"
    page.post(act)
    answer = page.get(address(decided))
    assert "Not done: The shelf is full. Make room." in text_of(answer)
    assert act in answer.content.decode()


def test_who_may_not_do_it_sees_the_button_disabled_and_why(
    client_for: Browse, member: Make, decided: AgentRun
) -> None:
    approver = client_for(member("approver"))
    answer = approver.get(address(decided))
    assert "Your role does not hold the permission to: run agents." in text_of(answer)
    assert "/actions/0/" not in answer.content.decode()
    assert approver.post(f"/runs/{decided.ref}/decisions/0/actions/0/").status_code == 403
    assert not AgentAction.objects.exists()


def test_thumbs_are_kept_with_a_comment_and_shown_pressed(page: Client, decided: AgentRun) -> None:
    page.post(f"/runs/{decided.ref}/feedback/", {"right": "no", "comment": "Too strict"})
    body = page.get(address(decided)).content.decode()
    assert 'value="no" aria-label="No, it was wrong" aria-pressed="true"' in body
    assert 'value="Too strict"' in body
    page.post(f"/runs/{decided.ref}/feedback/", {"right": "perhaps"})
    assert AgentFeedback.objects.get().is_right is False


def test_what_others_found_stands_on_the_runs_page_and_on_that_of_its_agent(
    client_for: Browse, member: Make, decided: AgentRun
) -> None:
    viewer, agent = client_for(member("viewer")), f"/agents/{DECIDER}/"
    assert "Whether people found it right" not in text_of(viewer.get(address(decided)))
    assert "found right" not in text_of(viewer.get(agent))
    client_for(member("approver", name="Ben")).post(f"/runs/{decided.ref}/feedback/", {"right": "yes"})
    client_for(member("analyst", name="Cem")).post(
        f"/runs/{decided.ref}/feedback/", {"right": "no", "comment": "Too strict"}
    )
    words = text_of(viewer.get(address(decided)))
    assert words.index("Whether people found it right") < words.index("Wrong Cem") < words.index("Too strict")
    assert words.index("Too strict") < words.index("Right Ben")
    words = text_of(viewer.get(agent))
    assert "found right 1 time, wrong 1" in words
    assert f"of {decided.ref} Too strict" in words


def test_a_result_without_a_decision_is_found_right_or_wrong_as_well(page: Client, finished: Start) -> None:
    run = finished(key=COUNTER, steps=2)
    assert "Was this right?" in text_of(page.get(address(run)))
    assert "Was this right?" in text_of(page.get(f"/agents/{COUNTER}/?run={run.number}"))
    page.post(f"/runs/{run.ref}/feedback/", {"right": "no", "comment": "It is 3."})
    assert "Wrong Ann" in text_of(page.get(address(run)))


def test_the_record_names_prompts_and_models_that_were_trained_here(page: Client, decided: AgentRun) -> None:
    model = {"name": "oracle", "version": "", "prompts": {"dummy.decider": "2.1"}}
    decided.result.record |= {"trained": {"dummy.tendency": 3}, "model": model}
    decided.result.save()
    words = text_of(page.get(address(decided)))
    assert "Prompt dummy.decider Version 2.1" in words
    assert "Trained here, dummy.tendency Version 3" in words


# -------------------------------------------------------------------------------------------------------------- lists


def test_the_list_of_decisions_shows_and_narrows(page: Client, decided: AgentRun, analyst: User) -> None:
    words = text_of(page.get("/decisions/"))
    assert words.index("Cy asks for 5000") < words.index("Bo asks for 500:") < words.index("Ada asks for 5:")
    assert "Bo asks" not in text_of(page.get("/decisions/", {"verdict": "refuse"}))
    assert "No decision matches" in text_of(page.get("/decisions/", {"agent": COUNTER}))
    assert "Cy asks" in text_of(page.get("/decisions/", {"q": decided.ref, "since": "24h", "review": "none"}))


def test_decisions_that_wait_are_counted_in_the_menu_and_listed(page: Client, decided: AgentRun) -> None:
    assert "No decision waits for a person" in text_of(page.get("/decisions/", {"review": "wanted"}))
    AgentDecision.objects.filter(run=decided, position__lt=2).update(review="wanted")
    answer = page.get("/decisions/")
    assert "2 decisions wait for a person" in text_of(answer)
    assert "2 waiting for a person" in text_of(answer)
    assert "Ada asks" not in text_of(page.get("/decisions/", {"review": "wanted"}))
    assert "It waits for a person" in text_of(page.get(address(decided)))


def test_the_list_of_decisions_costs_the_same_however_many_there_are(
    page: Client, decided: AgentRun, finished: Start
) -> None:
    page.get("/decisions/")
    few = statements(page, "/decisions/")
    for _ in range(5):
        finished(key=DECIDER, **ASKED)
    assert statements(page, "/decisions/") == few


def test_the_list_comes_down_as_csv_as_filtered_and_inert(page: Client, decided: AgentRun, analyst: User) -> None:
    row = decisions.decision_get(who=analyst, run=decided, position=0)
    reviews.decision_review(who=analyst, user=analyst, decision=row, verdict="hold", reason="=1+1", seen=0)
    answer = page.get("/decisions/export.csv", {"review": "overridden"})
    lines = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [(line["subject"], line["stands"], line["reason"]) for line in lines] == [("Cy", "Hold for review", "'=1+1")]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="decisions.csv"'


def test_the_list_of_runs_shows_and_narrows_by_verdict(page: Client, decided: AgentRun, finished: Start) -> None:
    other = finished()
    assert "Refuse" in text_of(page.get("/runs/"))
    words = text_of(page.get("/runs/", {"verdict": "refuse"}))
    assert decided.ref in words
    assert other.ref not in words
    assert "No run matches" in text_of(page.get("/runs/", {"verdict": "pass"}))


def test_decisions_of_another_tenant_are_not_found(
    decided: AgentRun, globex: Tenant, client_for: Browse, member: Make
) -> None:
    other = client_for(member("owner", tenant=globex), tenant=globex)
    assert other.get(address(decided)).status_code == 404
    assert "Cy" not in text_of(other.get("/decisions/"))
    assert other.get(f"/runs/{decided.ref}/decisions/0/record.pdf").status_code == 404
    assert other.post(f"/runs/{decided.ref}/decisions/0/actions/0/").status_code == 404

"""What models say of results, on the pages of agents and runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import services
from apps.ai.contract import ModelProblem, Reply
from apps.ai.fake import FakeModel, standing_in
from apps.gateway import limits

pytestmark = pytest.mark.usefixtures("acme", "board")


@pytest.fixture
def analyst(client_for: Any, member: Any) -> Client:
    client: Client = client_for(member("analyst"))
    return client


def at(run: AgentRun, rest: str = "") -> str:
    return f"/runs/R-{run.number}/{rest}"


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_model_the_page_says_so_and_who_can_connect_one(
    decided: AgentRun, analyst: Client, client_for: Any, member: Any
) -> None:
    shown = page(analyst, at(decided))
    assert "No model is connected." in shown
    assert "An owner or administrator can connect one." in shown
    assert "Explain this result" in shown
    assert 'name="question"' not in shown
    assert "Connect a model" in page(client_for(member("administrator")), at(decided))


def test_an_explanation_without_a_model_says_that_none_was_asked(
    decided: AgentRun, analyst: Client, write: Any
) -> None:
    answer = analyst.post(at(decided, "messages/"), {"kind": "explanation"})
    assert answer["Location"] == at(decided, "#message-1")
    write()
    shown = page(analyst, at(decided))
    assert "Explained from the computation, no model was asked." in shown
    assert "2000 is asked for" in shown


def test_numbers_are_shown_with_where_they_are_from_or_marked(decided: AgentRun, analyst: Client, write: Any) -> None:
    with standing_in(FakeModel("Cy asks for 2,000 <b>and</b> Bo for 777.")):
        analyst.post(at(decided, "messages/"), {"kind": "answer", "question": "Who asks?"})
        write()
        shown = page(analyst, at(decided))
    assert f'href="{at(decided)}?decision=0#decision">2,000<span class="o-fig-s"> (from: Decision 1 (Cy)' in shown
    assert '<mark class="o-unfig">777 <span class="o-unfig-w">(not from the result)</span></mark>' in shown
    assert "1 of its 2 numbers is not from the result." in shown
    assert "Its number is from the result" not in shown
    assert "&lt;b&gt;and&lt;/b&gt;" in shown


def test_only_a_text_whose_numbers_are_all_from_the_result_has_the_badge(
    decided: AgentRun, analyst: Client, write: Any
) -> None:
    with standing_in(FakeModel("Cy asks for 2,000, Bo for 500.")):
        analyst.post(at(decided, "messages/"), {"kind": "explanation"})
        write()
    shown = page(analyst, at(decided))
    assert "Each of its 2 numbers is from the result." in shown
    assert "o-unfig" not in shown


def test_a_provider_that_fails_is_named_beside_the_agents_own_words(
    decided: AgentRun, analyst: Client, write: Any
) -> None:
    with standing_in(FakeModel(ModelProblem("The provider answered 500."))):
        analyst.post(at(decided, "messages/"), {"kind": "explanation"})
        write()
    shown = page(analyst, at(decided))
    assert "No model wrote this: The model did not answer. The provider answered 500." in shown
    assert "2000 is asked for" in shown


def test_a_question_that_cannot_be_asked_stays_in_its_field(decided: AgentRun, analyst: Client) -> None:
    with standing_in(FakeModel()):
        answer = analyst.post(at(decided, "messages/"), {"kind": "draft", "audience": "The head", "purpose": " "})
    assert answer.status_code == 422
    assert "Say what the draft is for" in answer.content.decode()
    assert "The head" in answer.content.decode()
    assert AgentMessage.objects.count() == 0


def test_a_draft_is_kept_as_it_was_changed_unless_somebody_else_was_first(
    decided: AgentRun, analyst: Client, write: Any
) -> None:
    with standing_in(FakeModel("Dear Bo, 777.")):
        analyst.post(at(decided, "messages/"), {"kind": "draft", "purpose": "Ask Bo"})
        write()
    seq = AgentMessage.objects.get().seq
    change = at(decided, "messages/1/change/")
    assert analyst.post(change, {"text": "Dear Bo, 500.", "seq": seq}).status_code == 302
    late = analyst.post(change, {"text": "Dear Bo, 600.", "seq": seq})
    assert late.status_code == 409
    assert "Dear Bo, 600." in late.content.decode()
    assert "changed by a person" in page(analyst, at(decided))
    assert "Dear Bo, 500." in analyst.get(at(decided, "messages/1/text.txt")).content.decode()


def test_there_is_no_file_of_what_is_not_written(decided: AgentRun, analyst: Client) -> None:
    analyst.post(at(decided, "messages/"), {"kind": "explanation"})
    assert analyst.get(at(decided, "messages/1/text.md")).status_code == 409


def test_what_waits_can_be_stopped_from_the_page(decided: AgentRun, analyst: Client, write: Any) -> None:
    analyst.post(at(decided, "messages/"), {"kind": "explanation"})
    assert "Stop" in page(analyst, at(decided))
    for _ in range(2):
        assert analyst.post(at(decided, "messages/1/stop/")).status_code == 302
    assert AgentMessage.objects.get().status == "cancelled"
    assert write() == 0


def test_the_snapshot_has_what_is_written_so_far(
    decided: AgentRun, analyst: Client, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TOLD_EVERY", 0.0)
    seen: list[dict[str, Any]] = []
    end = services._end

    def look_first(*given: Any, **more: Any) -> None:
        seen.append(analyst.get(at(decided, "messages/snapshot/")).json())
        end(*given, **more)

    monkeypatch.setattr(services, "_end", look_first)
    with standing_in(FakeModel("One two.")):
        analyst.post(at(decided, "messages/"), {"kind": "explanation"})
        write()
    (event,) = seen[0]["events"]
    assert (event["status"], event["start"], event["text"]) == ("running", 0, "One two.")
    (event,) = analyst.get(at(decided, "messages/snapshot/")).json()["events"]
    assert (event["status"], event["text"]) == ("succeeded", "")


def test_a_viewer_reads_what_others_asked_and_asks_nothing(
    decided: AgentRun, analyst: Client, client_for: Any, member: Any, write: Any
) -> None:
    viewer = client_for(member("viewer"))
    analyst.post(at(decided, "messages/"), {"kind": "explanation"})
    write()
    shown = page(viewer, at(decided))
    assert "2000 is asked for" in shown
    assert "Explain this result" not in shown
    assert viewer.post(at(decided, "messages/"), {"kind": "explanation"}).status_code == 403


def test_a_page_costs_the_same_however_much_was_said(
    decided: AgentRun, analyst: Client, write: Any, django_assert_num_queries: Any
) -> None:
    page(analyst, at(decided))
    with CaptureQueriesContext(connection) as few:
        page(analyst, at(decided))
    before = len(few)  # the next request empties the list
    for _ in range(4):
        analyst.post(at(decided, "messages/"), {"kind": "explanation"})
        write()
    with django_assert_num_queries(before):
        page(analyst, at(decided))


def test_a_person_may_ask_so_much_in_a_minute(
    decided: AgentRun, analyst: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ASKS", 1)
    assert analyst.post(at(decided, "messages/"), {"kind": "explanation"}).status_code == 302
    answer = analyst.post(at(decided, "messages/"), {"kind": "explanation"})
    assert answer.status_code == 429
    assert "may ask models for 1 things a minute" in answer.content.decode()


def test_a_form_is_filled_in_from_words_and_says_which_fields(analyst: Client) -> None:
    reply = Reply(data={"input": {"steps": 7}, "could_not_tell": ["How fast"]})
    with standing_in(FakeModel(reply)):
        answer = analyst.post("/agents/dummy.counter/fill/", {"words": "Count to seven, fast"})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "Filled in from your words" in shown
    assert "fake filled in <b>Steps</b>. Nothing was started." in shown
    assert "How fast" in shown
    assert 'value="7"' in shown
    assert "Count to seven, fast" in shown
    assert AgentRun.objects.count() == 0


def test_words_that_cannot_be_used_stay_and_say_why(analyst: Client) -> None:
    with standing_in(FakeModel(Reply(refusal="I will not."))):
        answer = analyst.post("/agents/dummy.counter/fill/", {"words": "Count"})
    assert answer.status_code == 502
    assert "I will not." in answer.content.decode()
    assert analyst.post("/agents/dummy.counter/fill/", {"words": "Count"}).status_code == 409


def test_the_page_of_an_agent_has_a_box_for_words(analyst: Client, client_for: Any, member: Any) -> None:
    assert "No model is connected." in page(analyst, "/agents/dummy.counter/")
    with standing_in(FakeModel()):
        assert "What do you want to know?" in page(analyst, "/agents/dummy.counter/")
        assert "In your own words" not in page(client_for(member("viewer")), "/agents/dummy.counter/")
    assert analyst.get("/agents/dummy.counter/fill/")["Location"] == "/agents/dummy.counter/"

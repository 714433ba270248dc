"""The model by script behaves as the real ones do."""

from __future__ import annotations

import pytest

from apps.ai.calling import model_for
from apps.ai.contract import Message, ModelProblem, Purpose, Reply, Request
from apps.ai.failures import AnswerUnusable
from apps.ai.fake import FakeModel, standing_in

ASKED = Request(messages=(Message(role="user", text="How many?"),))
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_replies_come_in_their_order_and_requests_are_kept() -> None:
    model = FakeModel("One.", Reply(text="Two."), lambda request: request.messages[0].text)
    assert [model.ask(ASKED).text for _ in range(3)] == ["One.", "Two.", "How many?"]
    assert model.asked == [ASKED] * 3


def test_a_call_too_many_is_an_error_of_the_test() -> None:
    model = FakeModel("One.")
    model.ask(ASKED)
    with pytest.raises(AssertionError, match="asked 2 times"):
        model.ask(ASKED)


def test_the_last_reply_may_be_repeated() -> None:
    model = FakeModel("One.", "More.", repeats=True)
    assert [model.ask(ASKED).text for _ in range(4)] == ["One.", "More.", "More.", "More."]


def test_a_scripted_problem_is_raised() -> None:
    with pytest.raises(ModelProblem, match="away"):
        FakeModel(ModelProblem("It is away.")).ask(ASKED)


def test_it_streams_the_whole_text_in_pieces() -> None:
    pieces: list[str] = []
    FakeModel("It is  seven.\n").ask(ASKED, told=pieces.append)
    assert pieces == ["It ", "is  ", "seven.\n"]


def test_an_answer_is_checked_against_the_schema_as_a_real_one() -> None:
    asked = ASKED.model_copy(update={"answer_schema": SCHEMA})
    assert FakeModel('{"n": 7}').ask(asked).data == {"n": 7}
    with pytest.raises(AnswerUnusable, match="n: 'x' is not of type 'integer'"):
        FakeModel('{"n": "x"}').ask(asked)


def test_it_stands_in_for_whatever_is_chosen_and_only_meanwhile(acme: object) -> None:
    with standing_in(FakeModel("One.")):
        model = model_for(Purpose("explain"))
        assert model is not None
        assert model.ask(ASKED).text == "One."
    assert model_for(Purpose("explain")) is None

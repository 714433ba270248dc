"""Messages about results: written once, each number looked up, ended whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import saying, services
from apps.agents.talk.asking import NoModel
from apps.agents.talk.said import Mark, Said, said_of
from apps.agents.talk.shown import Shown
from apps.ai.contract import ModelProblem, Reply, Request, ToolCall
from apps.ai.fake import FakeModel, standing_in
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.dispatch import rows
from apps.tenants.models import Tenant
from tests.dispatch.conftest import expire

pytestmark = pytest.mark.usefixtures("acme")


def written(message: AgentMessage) -> AgentMessage:
    message.refresh_from_db()
    return message


def test_an_explanation_is_written_with_each_number_looked_up(decided: AgentRun, ask: Any, write: Any) -> None:
    model = FakeModel("Cy asks for 2,000, which is refused. Bo asks for 700.")
    with standing_in(model):
        message = ask(decided)
        assert message.status == "queued"
        assert write() == 1
    said = said_of(written(message))
    assert message.status == "succeeded"
    assert message.finished_at is not None
    assert [(said.text[each.start : each.end], each.verified) for each in said.marks] == [
        ("2,000", True),
        ("700", False),
    ]
    assert said.marks[0].source.startswith("run.decisions[0]")
    assert said.unmatched == 1
    assert not said.is_verified
    assert said.model == "fake"
    assert said.prompt.startswith("explain@")


def test_the_model_is_told_the_decisions_with_their_reasons_and_offered_reads_alone(
    decided: AgentRun, ask: Any, write: Any
) -> None:
    model = FakeModel("Refused.")
    with standing_in(model):
        ask(decided)
        write()
    (request,) = model.asked
    told = request.messages[1].text
    assert '"verdict":"Refuse"' in told
    assert "2000 is asked for" in told
    assert {each.name for each in request.tools} == {"result_rows", "result_detail", "result_decisions"}


def test_a_number_that_a_tool_read_is_verified_by_what_it_read(decided: AgentRun, ask: Any, write: Any) -> None:
    asks = {"table": "asked", "where": [{"column": "name", "is": "!=", "value": "Cy"}]}
    look = Reply(calls=(ToolCall(id="1", name="result_rows", arguments=asks),))
    with standing_in(FakeModel(look, "Without Cy it is 505 in all.")):
        message = ask(decided, "answer", question="How much without Cy?")
        write()
    said = said_of(written(message))
    assert said.is_verified
    assert said.marks[0].source == "read[0].over_all_that_match.amount.sum"
    assert said.reads[0].title == "Rows of the result"


def test_a_question_goes_on_from_the_answers_before(decided: AgentRun, ask: Any, write: Any, member: Any) -> None:
    model, user = FakeModel("Bo asks for 500.", "As I said."), member("analyst")
    with standing_in(model):
        for question in ("What does Bo ask for?", "Are you sure?"):
            ask(decided, "answer", question=question, user=user)
            write()
    assert "What does Bo ask for?" in model.asked[1].messages[1].text
    assert "Bo asks for 500." in model.asked[1].messages[1].text


def test_without_a_model_a_result_is_explained_in_the_agents_own_words(decided: AgentRun, ask: Any, write: Any) -> None:
    message = ask(decided)
    write()
    said = said_of(written(message))
    assert message.status == "succeeded"
    assert said.text.startswith("Cy: Refuse. Cy asks for 2000: refuse.\n- 2000 is asked for\n- Held against: Hold from")
    assert said.model == ""
    assert said.why_plain == ""


@pytest.mark.parametrize("kind", [{"kind": "answer", "question": "Why?"}, {"kind": "draft", "purpose": "A letter"}])
def test_without_a_model_nothing_is_answered_or_drafted(decided: AgentRun, ask: Any, kind: dict[str, str]) -> None:
    with pytest.raises(NoModel):
        ask(decided, **kind)
    assert AgentMessage.objects.count() == 0


def test_a_provider_that_fails_leaves_the_agents_own_words_and_says_why(
    decided: AgentRun, ask: Any, write: Any
) -> None:
    with standing_in(FakeModel(ModelProblem("The provider answered 500."))):
        message = ask(decided)
        write()
    said = said_of(written(message))
    assert message.status == "succeeded"
    assert said.text.startswith("Cy: Refuse.")
    assert said.why_plain == "The model did not answer. The provider answered 500."


def test_a_question_that_fails_says_why(decided: AgentRun, ask: Any, write: Any) -> None:
    with standing_in(FakeModel(ModelProblem("The provider answered 500."))):
        message = ask(decided, "answer", question="Why?")
        write()
    assert written(message).status == "failed"
    assert message.problem["detail"] == "The provider answered 500."
    assert message.problem_code == "model_failed"


def test_a_refusal_is_told_as_one(decided: AgentRun, ask: Any, write: Any) -> None:
    with standing_in(FakeModel(Reply(refusal="I must not."))):
        message = ask(decided, "answer", question="Why?")
        write()
    assert written(message).problem_code == "model_refused"
    assert "I must not." in message.problem["detail"]


def test_an_error_of_the_program_shows_nothing_of_the_inside(
    decided: AgentRun, ask: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret of the inside")

    message = ask(decided)
    monkeypatch.setattr(saying, "digest_of", broken)
    write()
    assert written(message).problem_code == "message_failed"
    assert "secret" not in str(message.problem)


def test_nothing_is_said_about_a_run_without_a_result(start: Any, ask: Any) -> None:
    with pytest.raises(Conflict, match="it has no result"):
        ask(start())


def test_a_viewer_may_not_ask(decided: AgentRun, ask: Any, member: Any) -> None:
    with pytest.raises(PermissionDenied):
        ask(decided, user=member("viewer"))


def test_whoever_lost_the_right_meanwhile_is_not_answered(decided: AgentRun, ask: Any, write: Any, member: Any) -> None:
    user, model = member("analyst"), FakeModel()
    with standing_in(model):
        message = ask(decided, "answer", question="Why?", user=user)
        user.role = "viewer"
        user.save(update_fields=["role"])
        write()
    assert written(message).problem_code == "permission_denied"
    assert model.asked == []


def test_a_person_has_few_texts_under_way(decided: AgentRun, ask: Any, member: Any) -> None:
    user = member("analyst")
    for _ in range(services.MOST_OPEN):
        ask(decided, user=user)
    with pytest.raises(Conflict, match="are being written"):
        ask(decided, user=user)
    assert ask(decided, user=member("builder")).number == services.MOST_OPEN + 1


def test_a_message_that_waits_is_stopped_at_once(decided: AgentRun, ask: Any, write: Any, member: Any) -> None:
    message = ask(decided)
    services.message_cancel(who=member("analyst"), message=message)
    assert written(message).status == "cancelled"
    assert write() == 0
    with pytest.raises(Conflict, match="already ended: stopped"):
        services.message_cancel(who=member("analyst"), message=message)


def test_a_message_that_is_being_written_stops_at_its_next_words(
    decided: AgentRun, ask: Any, write: Any, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TOLD_EVERY", 0.0)
    user = member("analyst")
    take = services.Writing.take

    def stop_after_two(self: services.Writing, piece: str) -> None:
        take(self, piece)
        if self.text == "One two ":
            services.message_cancel(who=user, message=AgentMessage.objects.get(pk=message.pk))
            monkeypatch.setattr(work, "stopping", lambda claim: True)  # as the heartbeat learns of it

    monkeypatch.setattr(services.Writing, "take", stop_after_two)
    with standing_in(FakeModel("One two three four.")):
        message = ask(decided, "answer", question="Count", user=user)
        write()
    assert written(message).status == "cancelled"
    assert said_of(message).text == "One two "
    assert not said_of(message).checked


def test_what_is_written_so_far_is_kept_and_told(
    decided: AgentRun, ask: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TOLD_EVERY", 0.0)
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("apps.agents.talk.live.publish_to", lambda topics, event: events.append(event))
    with standing_in(FakeModel("One two three.")):
        message = ask(decided)
        write()
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    pieces = [(each["start"], each["text"]) for each in events if each["text"]]
    assert pieces == [(0, "One "), (4, "two "), (8, "three.")]
    assert events[-1]["status"] == "succeeded"
    assert written(message).seq == events[-1]["seq"]


def test_words_before_a_tool_are_no_part_of_what_is_said(decided: AgentRun, ask: Any, write: Any) -> None:
    look = Reply(text="Let me see.", calls=(ToolCall(id="1", name="result_detail", arguments={"row": "Bo"}),))
    with standing_in(FakeModel(look, "Bo asked.")):
        message = ask(decided)
        write()
    assert said_of(written(message)).text == "Bo asked."


def test_a_killed_worker_leaves_a_message_that_is_written_once(decided: AgentRun, ask: Any, acme: Tenant) -> None:
    class Killed(BaseException):
        pass

    def die(request: Request) -> str:
        raise Killed

    with standing_in(FakeModel(die)):
        message = ask(decided)
        dead = claim(acme)
        with pytest.raises(Killed):
            services.message_execute(dead)
    assert written(message).status == "running"
    expire(message.pk)
    with standing_in(FakeModel("Once.")):
        services.message_execute(claim(acme))
    with pytest.raises(work.FenceLost):
        services._end(dead, message, "succeeded", said=Said(text="Twice."))
    assert said_of(written(message)).text == "Once."


def test_a_worker_that_must_stop_leaves_the_message_to_another(
    decided: AgentRun, ask: Any, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with standing_in(FakeModel("One two.")):
        message = ask(decided)
        held = claim(acme)
        with monkeypatch.context() as stopping:
            stopping.setattr(work, "stopping", lambda claim: True)
            services.message_execute(held)
    assert written(message).status == "running"
    rows.release(held)
    services.message_execute(claim(acme))
    assert written(message).status == "succeeded"


def claim(tenant: Tenant) -> work.Claim:
    """Take the one work row that is due, as a worker does."""
    (one,) = rows.claim(tenant=tenant.schema_name, queue="io", limit=1, slots=4).claims
    return one


def test_what_was_given_up_can_be_asked_for_again(decided: AgentRun, ask: Any, write: Any) -> None:
    message = ask(decided)
    services.message_bury(message.id, "Three workers died.")
    assert written(message).problem_code == "message_abandoned"
    services.message_revive(message.id)
    assert written(message).status == "queued"
    assert message.problem is None
    assert write() == 1
    assert written(message).status == "succeeded"


def test_a_draft_is_changed_by_a_person_and_looked_up_anew(
    decided: AgentRun, ask: Any, write: Any, member: Any
) -> None:
    with standing_in(FakeModel("Dear Bo, you asked for 501.")):
        message = ask(decided, "draft", purpose="Ask Bo why")
        write()
    assert said_of(written(message)).unmatched == 1
    changed = services.draft_change(who=member("analyst"), message=message, text="Dear Bo, you asked for 500.\r\n")
    said = said_of(changed)
    assert said.text == "Dear Bo, you asked for 500."
    assert said.is_verified
    assert said.edited
    with pytest.raises(InvalidInput):
        services.draft_change(who=member("analyst"), message=message, text=" ")


def test_an_answer_is_not_changed(decided: AgentRun, ask: Any, write: Any, member: Any) -> None:
    message = ask(decided)
    write()
    with pytest.raises(Conflict, match="Only a draft"):
        services.draft_change(who=member("analyst"), message=written(message), text="Other")


def test_each_run_has_messages_of_its_own(decided: AgentRun, finished: Any, ask: Any, globex: Tenant) -> None:
    other = finished()
    assert ask(decided).number == 1
    assert ask(other).number == 1
    assert ask(decided).number == 2


def test_a_text_whose_numbers_claim_nothing_is_not_called_verified() -> None:
    plain = Mark(start=0, end=1, verified=True, source="run.decisions", is_plain=True)
    said = Said(text="3 and 700", marks=[plain], checked=True, model="m")
    assert not said.is_verified
    figure = Mark(start=6, end=9, verified=True, source="run.mean")
    assert said.model_copy(update={"marks": [plain, figure]}).is_verified
    wrong = figure.model_copy(update={"verified": False})
    assert not said.model_copy(update={"marks": [plain, wrong]}).is_verified


def test_a_text_whose_numbers_are_all_plain_says_that_it_has_no_figures(
    decided: AgentRun, ask: Any, write: Any
) -> None:
    with standing_in(FakeModel("1. Refused.\n2. Allowed.")):
        message = ask(decided)
        write()
    shown = Shown.of(written(message))
    assert [(each.verified, each.is_plain) for each in shown.said.marks] == [(True, True), (True, True)]
    assert not shown.said.is_verified
    assert shown.told.startswith("There are no figures in it")

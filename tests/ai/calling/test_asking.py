"""What becomes of a call, whatever the provider does: a clear end, within its time, with the money accounted."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.ai.budgets.problems import BudgetSpent
from apps.ai.calling import chain, model_for, model_of
from apps.ai.contract import Message, ModelProblem, Purpose, Reply, Request, Usage
from apps.ai.failures import AnswerUnusable, ModelMisconfigured, ModelStopped, ModelUnavailable
from apps.ai.masking import PersonalDataStays
from apps.ai.models import AiPolicy, Budget, LanguageModel, ModelCall, ModelChoice, Provider
from tests.ai.calling.conftest import ASKED, BY_SCHEMA
from tests.aiserver import AiServer, Asked, Call, Fail, Say, connect
from tests.conftest import MakeMember

COST = Decimal("0.0004")
"""Of an answer of the server, by the prices of `connect`."""


def ask(request: Request = ASKED, *, told: Any = None, agent: str = "", **options: Any) -> Reply:
    model = model_for(Purpose("explain", agent_key=agent), **{"seconds": 60.0, **options})
    assert model is not None
    return model.ask(request, told=told)


def _asked_first(asked: Asked) -> str:
    """The first words of the person."""
    return next(turn.text for turn in asked.turns if turn.role == "user")


def calls() -> list[ModelCall]:
    return list(ModelCall.objects.order_by("id"))


def test_without_a_choice_there_is_no_model(acme: object) -> None:
    assert model_for(Purpose("explain")) is None


def test_what_is_turned_off_is_no_choice(server: AiServer) -> None:
    connect(server, "plain")
    LanguageModel.objects.update(is_enabled=False)
    assert model_for(Purpose("explain")) is None
    LanguageModel.objects.update(is_enabled=True)
    Provider.objects.update(is_enabled=False)
    assert model_for(Purpose("explain")) is None


def test_an_agent_with_a_choice_of_its_own_uses_no_other(server: AiServer) -> None:
    connect(server, "plain")
    connect(server, "echo", agent="retail.demand_forecaster")
    assert ask(agent="retail.demand_forecaster").text == "How is it?"
    assert ask(agent="finance.other").text == "All is well."
    LanguageModel.objects.filter(name="echo").update(is_enabled=False)
    assert model_for(Purpose("explain", agent_key="retail.demand_forecaster")) is None


def test_a_call_is_on_the_ledger_with_all_that_it_was(server: AiServer, member: MakeMember) -> None:
    user: User = member("analyst")
    (model,) = connect(server, "plain")
    purpose = Purpose("draft", agent_key="a.b", user_id=user.pk, subject_kind="agents.run", subject=user.pk)
    asked = Request(messages=(Message(role="user", text="Write to ana@acme.example please."),))
    chosen = model_for(Purpose(**{**vars(purpose), "prompt": "draft@3", "is_demo": True}))
    assert chosen is not None
    assert chosen.ask(asked, told=lambda _: None).usage == Usage(input=100, output=20)
    (call,) = calls()
    assert (call.purpose, call.agent_key, call.user_id) == ("draft", "a.b", user.pk)
    assert (call.subject_kind, call.subject) == ("agents.run", user.pk)
    assert (call.prompt, call.is_demo, call.model_id) == ("draft@3", True, model.pk)
    assert (call.provider_name, call.model_name, call.status) == ("Scripted", "plain", "succeeded")
    assert (call.tokens_input, call.tokens_output, call.money, call.attempts) == (100, 20, COST, 1)
    assert call.first_word_ms is not None
    assert call.masked == {"email": 1}
    assert "ana@" not in str(call.sent)
    assert call.answered == {"text": "All is well."}


def test_personal_data_stays_here_and_comes_back_in_the_answer(server: AiServer) -> None:
    connect(server, "echo")
    pieces: list[str] = []
    asked = Request(messages=(Message(role="user", text="Write to ana@acme.example today."),))
    assert ask(asked, told=pieces.append).text == "Write to ana@acme.example today."
    assert "".join(pieces) == "Write to ana@acme.example today."
    assert "ana@" not in server.asked[0].raw


def test_a_tenant_that_keeps_personal_data_sends_no_documents(server: AiServer) -> None:
    connect(server, "plain")
    AiPolicy.objects.create(keeps_personal_data=True)
    with pytest.raises(PersonalDataStays):
        ask(ASKED.model_copy(update={"holds_documents": True}))
    assert server.asked == []
    assert calls() == []


def test_what_was_masked_keeps_its_type_in_an_answer_by_schema(server: AiServer) -> None:
    schema = {"type": "object", "properties": {"card": {"type": "string", "pattern": "^4"}}, "required": ["card"]}
    server.always("copier", lambda asked: Say('{"card": "' + asked.turns[-1].text.split()[-1] + '"}'))
    connect(server, "copier")
    asked = Request(messages=(Message(role="user", text="The card is 4111111111111111"),), answer_schema=schema)
    assert ask(asked).data == {"card": "4111111111111111"}
    assert "4111111111111111" not in server.asked[0].raw


def test_a_failure_that_is_not_charged_is_tried_again_on_the_same_row(server: AiServer, waits: list[float]) -> None:
    connect(server, "plain")
    server.queue("plain", Fail(500), Fail(503), Fail(429))
    assert ask().text == "All is well."
    (call,) = calls()
    assert (call.status, call.attempts, call.money) == ("succeeded", 4, COST)
    assert len(waits) == 3
    assert all(0 <= wait <= 0.5 * 2**place for place, wait in enumerate(waits))


def test_tries_come_to_an_end(server: AiServer, waits: list[float]) -> None:
    connect(server, "broken")
    with pytest.raises(ModelUnavailable, match="answered 500"):
        ask()
    (call,) = calls()
    assert (call.status, call.attempts, call.money, call.tokens_input) == ("failed", 4, Decimal(0), 0)
    assert call.problem_code == "model_unavailable"


def test_what_the_provider_says_is_waited_for(server: AiServer, waits: list[float]) -> None:
    connect(server, "plain")
    server.queue("plain", Fail(429, headers={"Retry-After": "2"}))
    ask()
    assert 2 <= waits[0] <= 3


def test_a_wait_beyond_the_time_is_none_and_the_next_model_is_asked(server: AiServer, waits: list[float]) -> None:
    connect(server, "rate-limited-long", "plain")
    assert ask().text == "All is well."
    assert waits == []
    assert [(each.model_name, each.status) for each in calls()] == [
        ("rate-limited-long", "failed"),
        ("plain", "succeeded"),
    ]


def test_a_connection_that_broke_off_counts_as_reserved_and_the_next_try_is_a_row_of_its_own(
    server: AiServer, waits: list[float]
) -> None:
    connect(server, "plain")
    server.queue("plain", Say("All is well.", breaks_after=1))
    assert ask().text == "All is well."
    broken, good = calls()
    assert (broken.status, broken.money, broken.attempts) == ("unknown", broken.reserved_money, 1)
    assert broken.money > COST
    assert (good.status, good.money, good.attempts) == ("succeeded", COST, 1)


def test_nothing_is_told_twice(server: AiServer, waits: list[float]) -> None:
    connect(server, "plain", "echo")
    server.queue("plain", Say("All is well.", breaks_after=3))
    pieces: list[str] = []
    with pytest.raises(ModelUnavailable, match="broke off"):
        ask(told=pieces.append)
    assert "".join(pieces) == "All is "
    assert [(each.model_name, each.status) for each in calls()] == [("plain", "unknown")]


def test_one_that_hangs_leaves_time_for_the_next(server: AiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "LEAST", 0.1)
    connect(server, "hang", "plain")
    assert ask(seconds=2.0).text == "All is well."
    assert [each.status for each in calls()] == ["unknown", "succeeded"]
    assert server.asked[0].closed.wait(5)


def test_when_no_model_answers_it_is_told_what_became_of_each(server: AiServer) -> None:
    connect(server, "used-up", "unheard-of")
    with pytest.raises(ModelProblem, match=r"None of 2 models answered\. used-up: .*used up.* unheard-of: .*not know"):
        ask()
    assert [(each.status, each.money) for each in calls()] == [("failed", Decimal(0)), ("failed", Decimal(0))]


def test_a_wrong_key_is_not_tried_again(server: AiServer) -> None:
    connect(server, "plain")
    provider = Provider.objects.get()
    provider.access = {**provider.access, "key": "wrong"}
    provider.save()
    with pytest.raises(ModelMisconfigured, match="refuses the key"):
        ask()
    (call,) = calls()
    assert (call.status, call.attempts, call.problem_code) == ("failed", 1, "model_misconfigured")


def test_settings_that_are_not_whole_are_told_by_their_names(server: AiServer) -> None:
    connect(server, "plain")
    provider = Provider.objects.get()
    provider.access = {"key": "any"}
    provider.save()
    with pytest.raises(ModelMisconfigured, match="look at base_url"):
        ask()


def test_a_kind_that_is_gone_is_told(server: AiServer) -> None:
    connect(server, "plain", kind="from_a_plugin")
    with pytest.raises(ModelMisconfigured, match="not installed here"):
        ask()


@pytest.mark.parametrize("bad", ["malformed-json", "wrong-schema"])
def test_an_answer_that_cannot_be_used_may_be_mended_once(server: AiServer, bad: str) -> None:
    connect(server, bad)
    server.queue(bad, server.answer_named(bad), Say('```json\n{"answer": 4}\n```'))
    assert ask(BY_SCHEMA).data == {"answer": 4}
    first, second = calls()
    assert [(first.status, first.money), (second.status, second.money)] == [("failed", COST), ("succeeded", COST)]
    assert first.problem_code == "model_answer_unusable"
    assert "cannot be used" in server.asked[1].turns[-1].text


@pytest.mark.parametrize(
    ("bad", "says"), [("malformed-json", "not JSON"), ("wrong-schema", "answer: 'four' is not of type 'integer'")]
)
def test_an_answer_that_stays_unusable_is_told_and_both_are_paid(server: AiServer, bad: str, says: str) -> None:
    connect(server, bad)
    with pytest.raises(AnswerUnusable, match=says):
        ask(BY_SCHEMA)
    assert [(each.status, each.money) for each in calls()] == [("failed", COST), ("failed", COST)]


def test_an_answer_that_was_cut_off_is_not_asked_for_again(server: AiServer) -> None:
    connect(server, "cut-answer")
    with pytest.raises(AnswerUnusable, match="cut off"):
        ask(BY_SCHEMA)
    assert len(calls()) == 1


def test_what_is_told_to_a_model_about_its_answer_is_masked(server: AiServer) -> None:
    server.always("copier", lambda asked: Say('{"answer": "' + _asked_first(asked).split()[-1] + '"}'))
    connect(server, "copier")
    with pytest.raises(AnswerUnusable, match="ana@acme"):
        ask(BY_SCHEMA.model_copy(update={"messages": (Message(role="user", text="Of ana@acme.example"),)}))
    assert len(server.asked) == 2
    assert not any("ana@" in asked.raw for asked in server.asked)


def test_a_refusal_is_an_answer_without_data(server: AiServer) -> None:
    connect(server, "refusal")
    reply = ask(BY_SCHEMA)
    assert (reply.refusal, reply.data) == ("I will not do that.", None)
    assert calls()[0].status == "succeeded"


def test_arguments_that_are_no_json_may_be_mended(server: AiServer) -> None:
    connect(server, "malformed-arguments")
    server.queue("malformed-arguments", server.answer_named("malformed-arguments"), Say(calls=(Call("look_up"),)))
    assert [each.name for each in ask().calls] == ["look_up"]
    assert 'look_up({"item": )' in server.asked[1].turns[-2].text


def test_a_schema_is_put_into_words_for_a_model_that_takes_none(server: AiServer) -> None:
    connect(server, "plain", takes_schema=False)
    server.queue("plain", Say('{"answer": 4}'))
    assert ask(BY_SCHEMA).data == {"answer": 4}
    assert server.asked[0].schema is None
    assert '"required": ["answer"]' in server.asked[0].turns[0].text


def test_what_does_not_fit_is_not_sent_and_the_next_model_is_asked(server: AiServer) -> None:
    connect(server, "small", context=4_100)
    connect(server, "plain")
    assert ask(Request(messages=(Message(role="user", text="x" * 3_000),))).text == "All is well."
    assert [asked.model for asked in server.asked] == ["plain"]


def test_the_longest_answer_is_that_of_the_model_at_most(server: AiServer) -> None:
    connect(server, "plain", longest_answer=300)
    ask(ASKED.model_copy(update={"longest_answer": 5_000}))
    assert server.asked[0].body["max_tokens"] == 300


def test_tokens_are_estimated_where_the_provider_tells_none(server: AiServer) -> None:
    connect(server, "no-usage")
    usage = ask().usage
    assert usage is not None
    assert usage.input > 0
    assert usage.output > 0
    assert calls()[0].money > 0


def test_whoever_stops_it_closes_the_connection_and_it_counts_as_reserved(server: AiServer) -> None:
    connect(server, "hang", "plain")
    with pytest.raises(ModelStopped):
        ask(stopping=lambda: bool(server.asked), seconds=30.0)
    assert server.asked[0].closed.wait(5)
    (call,) = calls()
    assert (call.status, call.problem_code) == ("unknown", "model_stopped")


def test_whoever_listens_may_break_it_off(server: AiServer) -> None:
    connect(server, "slow-drip", "plain")

    def listen(piece: str) -> None:
        raise InterruptedError("nobody listens any more")

    with pytest.raises(InterruptedError):
        ask(told=listen)
    assert server.asked[0].closed.wait(5)
    assert [each.status for each in calls()] == ["unknown"]


def test_a_budget_that_is_spent_lets_nothing_leave(server: AiServer) -> None:
    connect(server, "plain")
    Budget.objects.create(scope="tenant", period="month", money=Decimal("0.0001"))
    with pytest.raises(BudgetSpent):
        ask()
    assert server.asked == []


def test_a_model_that_costs_nothing_answers_when_the_budget_is_spent(server: AiServer) -> None:
    connect(server, "plain")
    connect(server, "echo", price_input=0, price_output=0, price_cached=None)
    Budget.objects.create(scope="tenant", period="month", money=Decimal("0.0001"))
    assert ask().text == "How is it?"


def test_a_model_is_not_asked_while_a_transaction_is_open(committed_db: str, server: AiServer) -> None:
    connect(server, "plain")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ask()
    assert server.asked == []


def test_the_time_of_a_call_holds_for_all_of_it(server: AiServer) -> None:
    connect(server, "slow-drip", "hang")
    begun = time.monotonic()
    with pytest.raises(ModelProblem):
        ask(seconds=0.8)
    assert time.monotonic() - begun < 5  # not the ten seconds of the drip


def test_one_model_may_be_asked_whatever_is_chosen(server: AiServer) -> None:
    _plain, echo = connect(server, "plain", "echo")
    ModelChoice.objects.all().delete()
    assert model_of(echo, Purpose("test")).ask(ASKED).text == "How is it?"


def test_a_call_of_another_tenant_is_on_its_own_ledger(server: AiServer, globex: Any) -> None:
    from apps.tenants.context import tenant_context

    connect(server, "plain")
    with tenant_context(globex):
        assert model_for(Purpose("explain")) is None
        connect(server, "echo")
        assert ask().text == "How is it?"
        assert len(calls()) == 1
    assert calls() == []


def test_the_log_and_the_metrics_tell_of_a_call_without_its_text(
    server: AiServer, caplog: pytest.LogCaptureFixture
) -> None:
    from apps.ai.calling import metrics
    from apps.common.redaction import is_secret_name

    connect(server, "plain")
    before = metrics.CALLS.labels("compatible", "succeeded")._value.get()
    with caplog.at_level("INFO", logger="apps.ai.calling"):
        ask()
    (line,) = [each for each in caplog.records if each.name.startswith("apps.ai.calling")]
    assert vars(line)["outcome"] == "succeeded"
    assert vars(line)["usage_input"] > 0
    assert [name for name in vars(line) if is_secret_name(name)] == [], "such fields of a line are left out"
    assert "How is it" not in str(vars(line))
    assert "All is well" not in str(vars(line))
    assert metrics.CALLS.labels("compatible", "succeeded")._value.get() == before + 1
    assert metrics.CALLS._labelnames == ("kind", "outcome")

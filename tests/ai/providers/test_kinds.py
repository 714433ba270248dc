"""Every kind of provider, by its real client against a server that speaks the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from apps.ai.contract import PROVIDER_KINDS, Message, ModelProblem, Reply, Request, ToolCall, ToolOffer, Usage
from apps.ai.failures import AnswerUnusable, ModelMisconfigured, ModelStopped, ModelUnavailable
from apps.ai.wire.parts import call_of
from tests.aiserver import AiServer, Call, Say

HELLO = Request(messages=(Message(role="system", text="Be brief."), Message(role="user", text="How is it?")))
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}, "note": {"type": "string", "default": ""}},
    "required": ["answer"],
}
LOOK_UP = ToolOffer(
    name="look_up", description="Look an item up.", parameters={"type": "object", "properties": {"item": {}}}
)
KINDS = {
    "responses": ("openai", {"form": "responses"}),
    "chat": ("openai", {"form": "chat completions"}),
    "compatible": ("compatible", {}),
    "langchain": ("langchain", {}),
}

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(server: AiServer, kind: str, model: str, asked: Request = HELLO, **options: Any) -> Reply:
    key, more = KINDS[kind]
    settings = {"base_url": server.url, "key": server.key, **more, **options.pop("settings", {})}
    provider = PROVIDER_KINDS[key]
    return provider.ask(provider.settings_type.model_validate(settings), model, asked, **{"seconds": 60.0, **options})


def test_an_answer_comes_with_its_tokens(server: AiServer, kind: str) -> None:
    reply = ask(server, kind, "plain")
    assert reply == Reply(text="All is well.", usage=Usage(input=100, output=20))
    (asked,) = server.asked
    assert [(turn.role, turn.text) for turn in asked.turns] == [("system", "Be brief."), ("user", "How is it?")]
    assert asked.headers["authorization"] == f"Bearer {server.key}"


def test_cached_tokens_are_told(server: AiServer, kind: str) -> None:
    server.queue("plain", Say("Yes.", tokens=(50, 30, 2)))
    assert ask(server, kind, "plain").usage == Usage(input=50, cached=30, output=2)


def test_a_stream_is_told_piece_by_piece_and_is_the_same_answer(server: AiServer, kind: str) -> None:
    pieces: list[str] = []
    reply = ask(server, kind, "plain", told=pieces.append)
    assert pieces == ["All ", "is ", "well."]
    assert reply == Reply(text="All is well.", usage=Usage(input=100, output=20))
    assert server.asked[0].streams


@pytest.mark.parametrize("streams", [False, True])
def test_tools_are_asked_with_their_arguments(server: AiServer, kind: str, streams: bool) -> None:
    asked = HELLO.model_copy(update={"tools": (LOOK_UP,)})
    reply = ask(server, kind, "parallel-tool-calls", asked, told=(lambda _: None) if streams else None)
    assert [(each.name, each.arguments) for each in reply.calls] == [
        ("look_up", {"item": "A1"}),
        ("look_up", {"item": "B2"}),
    ]
    assert len({each.id for each in reply.calls}) == 2
    assert server.asked[0].tools == ["look_up"]


def test_what_a_tool_answered_is_sent_back_to_its_call(server: AiServer, kind: str) -> None:
    call = ToolCall(id="call_7", name="look_up", arguments={"item": "Ä1"})
    turns = (
        *HELLO.messages,
        Message(role="assistant", calls=(call,)),
        Message(role="tool", answers="call_7", text='{"stock": 3}'),
    )
    ask(server, kind, "plain", Request(messages=turns, tools=(LOOK_UP,)))
    told = server.asked[0].turns
    assert [each.role for each in told[2:]] == ["assistant", "tool"]
    assert told[2].calls[0][0] == "look_up"
    assert "Ä1" in told[2].calls[0][1] or "\\u00c41" in told[2].calls[0][1]
    assert told[3].text == '{"stock": 3}'
    assert server.asked[0].raw.count("call_7") == 2


def test_a_schema_is_asked_for_strictly_and_its_fillers_are_taken_out(server: AiServer, kind: str) -> None:
    server.queue("plain", Say('{"answer": 4, "note": null}'))
    reply = ask(server, kind, "plain", HELLO.model_copy(update={"answer_schema": SCHEMA}))
    assert reply.text == '{"answer": 4}'
    schema = server.asked[0].schema
    assert schema is not None
    assert schema["required"] == ["answer", "note"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("streams", [False, True])
def test_a_refusal_is_told_as_one(server: AiServer, kind: str, streams: bool) -> None:
    reply = ask(server, kind, "refusal", told=(lambda _: None) if streams else None)
    if not (kind == "langchain" and streams):  # LangChain drops the words of a refusal that streams
        assert reply.refusal == "I will not do that."
    assert reply.text == ""


def test_an_answer_that_is_as_long_as_it_may_be_says_so(server: AiServer, kind: str) -> None:
    reply = ask(server, kind, "cut-answer", HELLO.model_copy(update={"longest_answer": 7}))
    assert reply.is_cut
    assert 7 in server.asked[0].body.values()


@pytest.mark.parametrize("streams", [False, True])
def test_halves_of_characters_become_whole_or_the_sign_for_what_cannot_be_read(
    server: AiServer, kind: str, streams: bool
) -> None:
    server.queue("plain", Say("One \ud83d alone, two \ud83d\ude00 together.", tokens=(5, 0, 7)))
    pieces: list[str] = []
    reply = ask(server, kind, "plain", told=pieces.append if streams else None)
    assert reply.text == "One \N{REPLACEMENT CHARACTER} alone, two 😀 together."


@pytest.mark.parametrize(
    "arguments", ['{"a": "\\ud800"}', '{"a": "\\u0000"}', '{"a": 1e999}', '{"a":' * 80 + "1" + "}" * 80]
)
def test_arguments_that_nothing_could_store_are_an_answer_that_cannot_be_used(arguments: str) -> None:
    with pytest.raises(AnswerUnusable, match="no object of JSON"):
        call_of("c1", "look_up", arguments, None)


@pytest.mark.parametrize("streams", [False, True])
def test_arguments_that_are_no_json_are_an_answer_that_cannot_be_used(
    server: AiServer, kind: str, streams: bool
) -> None:
    with pytest.raises(AnswerUnusable, match="no object of JSON") as raised:
        ask(server, kind, "malformed-arguments", told=(lambda _: None) if streams else None)
    assert raised.value.usage == Usage(input=100, output=20)
    assert "look_up" in raised.value.answer


@pytest.mark.parametrize(
    ("model", "problem", "says", "may_repeat", "was_sent"),
    [
        ("rate-limited", ModelProblem, "no more requests", True, False),
        ("used-up", ModelMisconfigured, "used up", False, False),
        ("broken", ModelUnavailable, "answered 500", True, False),
        ("overloaded", ModelUnavailable, "answered 503", True, False),
        ("too-long", ModelProblem, "too long", False, False),
        ("unheard-of", ModelMisconfigured, "does not know this model", False, False),
        ("moved", ModelMisconfigured, "redirect", False, False),
        ("not-json", AnswerUnusable, "no answer of a model", False, True),
        ("half-json", AnswerUnusable, "no answer of a model", False, True),
        ("no-answer", AnswerUnusable, "no answer of a model", False, True),
        ("huge", ModelProblem, "longer than", False, True),
    ],
)
def test_what_goes_wrong_is_told_as_what_it_is(
    server: AiServer, kind: str, model: str, problem: type[ModelProblem], says: str, may_repeat: bool, was_sent: bool
) -> None:
    with pytest.raises(problem, match=says) as raised:
        ask(server, kind, model)
    assert (raised.value.may_repeat, raised.value.was_sent) == (may_repeat, was_sent)


def test_the_provider_says_when_to_come_back(server: AiServer, kind: str) -> None:
    with pytest.raises(ModelProblem) as raised:
        ask(server, kind, "rate-limited")
    assert raised.value.after == 1.0


def test_a_wrong_key_is_refused_and_not_repeated_in_words(server: AiServer, kind: str) -> None:
    with pytest.raises(ModelMisconfigured, match="refuses the key") as raised:
        ask(server, kind, "plain", settings={"key": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"})
    assert "abcdefghij" not in raised.value.detail


@pytest.mark.parametrize(("model", "streams"), [("hang", False), ("slow-drip", True)])
def test_an_answer_ends_when_its_time_is_over_and_the_connection_is_closed(
    server: AiServer, kind: str, model: str, streams: bool
) -> None:
    ask(server, kind, "plain")  # what is imported at the first call takes time too
    server.forget()
    with pytest.raises(ModelUnavailable, match="did not answer within") as raised:
        ask(server, kind, model, seconds=0.8, told=(lambda _: None) if streams else None)
    assert raised.value.was_sent
    assert server.asked[0].closed.wait(5)


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_that_breaks_off_may_have_been_charged(server: AiServer, kind: str, streams: bool) -> None:
    with pytest.raises(ModelUnavailable, match="broke off") as raised:
        ask(server, kind, "cut-stream", told=(lambda _: None) if streams else None)
    assert raised.value.was_sent
    assert raised.value.may_repeat


@pytest.mark.parametrize("model", ["hang", "slow-drip"])
def test_whoever_stops_it_closes_the_connection(server: AiServer, kind: str, model: str) -> None:
    with pytest.raises(ModelStopped):
        ask(server, kind, model, told=lambda _: None, stopping=lambda: bool(server.asked), seconds=30.0)
    assert server.asked[0].closed.wait(5)


def test_a_provider_at_an_inner_address_is_not_called(kind: str) -> None:
    key, more = KINDS[kind]
    provider = PROVIDER_KINDS[key]
    settings = provider.settings_type.model_validate({"base_url": "http://10.1.2.3/v1", "key": "any", **more})
    with pytest.raises(ModelMisconfigured, match="not on the public network") as raised:
        provider.ask(settings, "plain", HELLO, seconds=5.0)
    assert not raised.value.was_sent


def test_nobody_there_is_a_problem_that_was_not_sent(kind: str) -> None:
    with AiServer() as gone:
        pass
    with pytest.raises(ModelUnavailable, match="no connection") as raised:
        ask(gone, kind, "plain")
    assert not raised.value.was_sent


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "OPENAI_PROXY", "OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_the_environment_leads_nobody_astray(
    server: AiServer, kind: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9/")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-machine")
    assert ask(server, kind, "plain").text == "All is well."
    assert "org-of-the-machine" not in server.asked[0].headers.values()
    told = {name for name in server.asked[0].headers if name.startswith("x-stainless")}
    assert told <= {"x-stainless-raw-response"}  # which the library needs, and tells nothing


def test_the_models_of_a_service_are_listed(server: AiServer, kind: str) -> None:
    key, more = KINDS[kind]
    provider = PROVIDER_KINDS[key]
    settings = {"base_url": server.url, "key": server.key, **more}
    assert provider.models(provider.settings_type.model_validate(settings)) == server.models()
    with pytest.raises(ModelMisconfigured, match="refuses the key"):
        provider.models(provider.settings_type.model_validate({**settings, "key": "wrong"}))


def test_calls_of_tools_need_no_text_of_their_own(server: AiServer, kind: str) -> None:
    server.queue("plain", Say("I look.", calls=(Call("look_up"),)))
    reply = ask(server, kind, "plain", HELLO.model_copy(update={"tools": (LOOK_UP,)}))
    assert (reply.text, reply.calls[0].arguments) == ("I look.", {})

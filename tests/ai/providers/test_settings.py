"""What a provider's settings say, and where services differ."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from apps.ai.contract import PROVIDER_KINDS, ToolOffer
from apps.ai.failures import ModelMisconfigured
from apps.ai.providers.compatible import Compatible, CompatibleSettings
from apps.ai.providers.langchain import LangChain, LangChainSettings
from apps.ai.providers.openai import OpenAI, OpenAISettings
from apps.console.schemaforms import shape_of
from tests.ai.providers.test_kinds import HELLO, SCHEMA
from tests.aiserver import AiServer

COMPATIBLE, OPENAI, LANGCHAIN = Compatible(), OpenAI(), LangChain()


@pytest.mark.parametrize("kind", ["compatible", "langchain", "openai"])
def test_every_setting_says_what_it_is_and_keys_are_secrets(kind: str) -> None:
    settings_type = PROVIDER_KINDS[kind].settings_type
    fields = settings_type.model_fields
    assert all(field.description for field in fields.values())
    assert shape_of(settings_type).by_name["key"].kind == "secret"


def test_azure_has_its_deployment_its_version_and_its_header(server: AiServer) -> None:
    settings = CompatibleSettings.model_validate(
        {"base_url": f"{server.root}/", "key": server.key, "key_as": "api-key", "api_version": "2024-10-21"}
    )
    assert COMPATIBLE.ask(settings, "plain", HELLO, seconds=5.0).text == "All is well."
    (asked,) = server.asked
    assert asked.path == "/openai/deployments/plain/chat/completions?api-version=2024-10-21"
    assert asked.headers["api-key"] == server.key
    assert "authorization" not in asked.headers


def test_a_service_without_a_key_is_sent_none() -> None:
    with AiServer(key="") as open_server:
        settings = CompatibleSettings.model_validate({"base_url": open_server.url})
        assert COMPATIBLE.ask(settings, "plain", HELLO, seconds=5.0).text == "All is well."
        assert "authorization" not in open_server.asked[0].headers


def test_names_that_are_given_stand_in_for_a_list_and_the_key_is_tried_all_the_same() -> None:
    with AiServer(lists_models=False) as listless:
        given = {"base_url": listless.url, "key": listless.key, "models_offered": ["b", "a"]}
        assert COMPATIBLE.models(CompatibleSettings.model_validate(given)) == ["a", "b"]
        with pytest.raises(ModelMisconfigured, match="refuses the key"):
            COMPATIBLE.models(CompatibleSettings.model_validate({**given, "key": "wrong"}))
        with pytest.raises(ModelMisconfigured, match="nothing is at this address"):
            COMPATIBLE.models(CompatibleSettings.model_validate({**given, "models_offered": []}))


def test_the_length_of_answers_goes_under_the_name_that_the_service_takes(server: AiServer) -> None:
    asked = HELLO.model_copy(update={"longest_answer": 77})
    for name in ("max_tokens", "max_completion_tokens"):
        settings = {"base_url": server.url, "key": server.key, "limit_as": name}
        COMPATIBLE.ask(CompatibleSettings.model_validate(settings), "plain", asked, seconds=5.0)
        assert server.asked[-1].body[name] == 77


def test_tokens_of_streams_are_not_asked_for_where_the_service_refuses_that(server: AiServer) -> None:
    settings = CompatibleSettings.model_validate({"base_url": server.url, "key": server.key, "counts_streams": False})
    assert COMPATIBLE.ask(settings, "plain", HELLO, seconds=5.0, told=lambda _: None).usage is None
    assert "stream_options" not in server.asked[0].body


def test_openai_is_told_to_keep_nothing_and_whose_the_key_is(server: AiServer) -> None:
    settings = OpenAISettings.model_validate(
        {"base_url": server.url, "key": server.key, "organization": "org-1", "project": "proj_2"}
    )
    OPENAI.ask(settings, "plain", HELLO, seconds=5.0)
    assert server.asked[0].body["store"] is False
    assert server.asked[0].headers["openai-organization"] == "org-1"
    assert server.asked[0].headers["openai-project"] == "proj_2"


def test_a_schema_that_is_not_strict_is_sent_as_it_is(server: AiServer) -> None:
    free = {"type": "object", "additionalProperties": {"type": "integer"}}
    settings = OpenAISettings.model_validate({"base_url": server.url, "key": server.key})
    OPENAI.ask(settings, "plain", HELLO.model_copy(update={"answer_schema": free}), seconds=5.0)
    told = server.asked[0].body["text"]["format"]
    assert (told["schema"], told["strict"]) == (free, False)


def test_beside_tools_langchain_is_told_the_schema_in_words(server: AiServer) -> None:
    settings = LangChainSettings.model_validate({"base_url": server.url, "key": server.key})
    tool = ToolOffer(name="look_up", description="Look it up.", parameters={"type": "object", "properties": {}})
    LANGCHAIN.ask(settings, "plain", HELLO.model_copy(update={"tools": (tool,), "answer_schema": SCHEMA}), seconds=5.0)
    assert server.asked[0].tools == ["look_up"]
    assert server.asked[0].schema is None
    assert '"required": ["answer"]' in server.asked[0].text


def test_langchain_sends_nothing_to_langsmith(server: AiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith import utils

    forget: Any = utils.get_env_var  # it remembers what it read

    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.root)
    forget.cache_clear()
    seen: list[bool] = []
    server.always("watched", lambda asked: server.answer_named("plain"))  # type: ignore[arg-type, return-value]
    settings = LangChainSettings.model_validate({"base_url": server.url, "key": server.key})
    LANGCHAIN.ask(settings, "watched", HELLO, seconds=5.0, told=lambda _: seen.append(bool(utils.tracing_is_enabled())))
    forget.cache_clear()
    assert seen
    assert not any(seen)


def test_an_integration_that_the_operator_does_not_allow_is_refused(settings: object) -> None:
    with pytest.raises(ValidationError, match="The operator allows openai"):
        LangChainSettings.model_validate({"integration": "anthropic", "key": "any"})
    settings.LANGCHAIN_INTEGRATIONS = ["openai", "anthropic"]  # type: ignore[attr-defined]
    allowed = LangChainSettings.model_validate({"integration": "anthropic", "key": "any"})
    with pytest.raises(ModelMisconfigured, match="not installed here"):
        LANGCHAIN.ask(allowed, "any", HELLO, seconds=5.0)


def test_the_integration_openai_takes_no_settings_past_ours() -> None:
    with pytest.raises(ValidationError, match="no further settings"):
        LangChainSettings.model_validate({"key": "any", "options": {"openai_proxy": "http://10.0.0.1/"}})

"""Models and prompts, set up by programs."""

from __future__ import annotations

import json
from typing import Any

from orchestrall_client import Client, Prompt

from tests.client.conftest import RUN_ID, Server, answered

AT = "/api/v1/model-providers"


def provider(**more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"id": str(RUN_ID), "name": "Own", "kind": "compatible", "access": {"key": "**********"}}
    told |= {"is_enabled": True, "at_once": 8, "checked_at": None, "problem": None, "offered": None}
    return told | {"created_at": "2026-11-25T16:40:00Z"} | more


def model(**more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"id": str(RUN_ID), "provider": str(RUN_ID), "provider_name": "Own", "name": "small"}
    told |= {"context": 32_000, "longest_answer": 4096, "price_input": 2.5, "price_cached": None, "price_output": 10}
    return told | {"takes_tools": True, "takes_schema": True, "is_enabled": True} | more


def prompt(**more: Any) -> dict[str, Any]:
    words = {"system": "", "user": "{result}"}
    told: dict[str, Any] = {"key": "explain", "title": "Explain", "summary": "", "version": "2", "words": words}
    return told | {"variables": [], "draft": None, "seq": 3} | more


def test_a_provider_is_connected_tested_and_its_models_chosen(client: Client, server: Server) -> None:
    choice = {"agent": "default", "models": [str(RUN_ID)], "names": ["small"]}
    server.will(
        answered(provider(), 201),
        answered(provider(offered=["small"])),
        answered({"items": [model()]}),
        answered(choice),
        answered({"items": [choice]}),
    )
    made = client.models.connect("Own", "compatible", {"base_url": "https://models.example/v1"})
    assert client.models.test(made).offered == ["small"]
    (small,) = client.models.add(made, ["small"], settings={"price_input": 2.5})
    assert client.models.choose([small]).models == [RUN_ID]
    assert client.models.choices()["default"].models == [RUN_ID]
    assert server.asked == [
        f"POST {AT}", f"POST {AT}/{RUN_ID}/test", f"POST {AT}/{RUN_ID}/models",
        "PUT /api/v1/model-choices/default", "GET /api/v1/model-choices",
    ]  # fmt: skip
    assert json.loads(server.bodies[2]) == {"names": ["small"], "settings": {"price_input": 2.5}}
    assert server.sent("Idempotency-Key")[0]


def test_providers_and_models_are_listed_changed_and_deleted(client: Client, server: Server) -> None:
    server.will(
        answered({"items": [provider()], "next": None}),
        answered(provider(is_enabled=False)),
        answered({"items": [model()], "next": None}),
        answered(model(price_input=3)),
        answered(None, 204),
        answered(None, 204),
        answered({"keeps_personal_data": True, "currency": "EUR"}),
        answered({"is_analytic": True, "models": [], "text": "Everything works."}),
    )
    (first,) = client.models.providers()
    assert not client.models.change(first, is_enabled=False).is_enabled
    (small,) = client.models.list()
    assert client.models.save(small, price_input=3).price_input == 3
    client.models.remove(small)
    client.models.disconnect(first)
    assert client.models.set_policy(keeps_personal_data=True, currency="EUR").currency == "EUR"
    assert client.models.mode().is_analytic
    assert server.asked[3:6] == [
        f"PUT /api/v1/language-models/{RUN_ID}", f"DELETE /api/v1/language-models/{RUN_ID}", f"DELETE {AT}/{RUN_ID}",
    ]  # fmt: skip


def test_a_prompt_is_drafted_published_and_gone_back_from(client: Client, server: Server) -> None:
    version = {"number": 3, "words": {"system": "", "user": "{result}"}, "note": "New"}
    version |= {"published_by": None, "published_at": "2026-11-25T16:40:00Z"}
    server.will(
        answered({"items": [prompt()]}),
        answered(prompt(draft={"system": "", "user": "Say {result}"})),
        answered(version),
        answered({"items": [version], "next": None}),
        answered(prompt(version="4")),
        answered(None, 204),
    )
    (found,) = client.prompts.list()
    assert isinstance(found, Prompt)
    drafted = client.prompts.draft(found, user="Say {result}")
    assert drafted.draft
    assert drafted.draft.user == "Say {result}"
    assert client.prompts.publish(found, note="New").number == 3
    assert [each.note for each in client.prompts.versions("explain")] == ["New"]
    assert client.prompts.restore("explain", 2).version == "4"
    client.prompts.discard("explain")
    at = "/api/v1/prompts/explain"
    assert server.asked[1:] == [
        f"PUT {at}/draft", f"POST {at}/publish", f"GET {at}/versions", f"POST {at}/restore", f"DELETE {at}/draft",
    ]  # fmt: skip

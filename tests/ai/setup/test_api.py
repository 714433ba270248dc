"""Models and prompts over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.ai.models import LanguageModel, Provider
from tests.conftest import MakeMember

V1 = "/api/v1"
ApiFor = Callable[..., APIClient]


@pytest.fixture
def api(admin: User, api_for: ApiFor) -> APIClient:
    return api_for(admin)


def put(api: APIClient, path: str, body: Any, **headers: str) -> Any:
    return api.put(f"{V1}{path}", body, format="json", headers=headers)


def test_a_provider_is_connected_tested_and_its_models_chosen(api: APIClient) -> None:
    wanted = {"name": "Parrots", "kind": "dummy.parrot", "access": {"api_key": "secret-of-parrots"}}
    made = api.post(f"{V1}/model-providers", wanted, format="json")
    assert made.status_code == 201
    assert made.json()["access"]["api_key"] == "**********"
    at = made["Location"]
    assert api.get(at).json() == made.json()
    assert api.post(f"{at}/test").json()["offered"] == ["green", "grey"]
    added = api.post(f"{at}/models", {"names": ["grey"], "settings": {"price_input": 2.5}}, format="json")
    (grey,) = added.json()["items"]
    assert (grey["price_input"], grey["price_cached"], grey["context"]) == (2.5, None, 32000)
    assert put(api, "/model-choices/default", {"models": [grey["id"]]}).json()["models"] == [grey["id"]]
    assert api.get(f"{V1}/model-mode").json()["models"] == ["grey"]
    (choice,) = api.get(f"{V1}/model-choices").json()["items"]
    assert choice == {"agent": "default", "models": [grey["id"]], "names": ["grey"]}
    assert "secret-of-parrots" not in api.get(f"{V1}/model-providers").content.decode()


def test_a_test_that_fails_is_told_in_words(api: APIClient, provider: Provider) -> None:
    at = f"{V1}/model-providers/{provider.pk}"
    api.patch(at, {"access": {"api_key": "wrong"}}, format="json")
    assert api.post(f"{at}/test").json()["problem"]["remedy"] == "Enter another key."


def test_a_change_needs_the_state_that_was_read(api: APIClient, provider: Provider) -> None:
    at = f"{V1}/model-providers/{provider.pk}"
    tag = api.get(at)["ETag"]
    assert api.patch(at, {"at_once": 2}, format="json", headers={"If-Match": tag}).status_code == 200
    late = api.patch(at, {"at_once": 3}, format="json", headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert api.delete(at, headers={"If-Match": tag}).status_code == 412
    assert Provider.objects.get().at_once == 2


def test_a_model_is_saved_read_and_taken_out(api: APIClient, models: list[LanguageModel]) -> None:
    path = f"/language-models/{models[0].pk}"
    saved = put(api, path, {"price_input": 0.15, "price_output": 0.6, "context": 128000})
    assert (saved.json()["price_input"], saved.json()["context"]) == (0.15, 128000)
    assert api.get(f"{V1}{path}")["ETag"] == saved["ETag"]
    assert put(api, path, {}, **{"If-Match": '"0"'}).status_code == 412
    refused = put(api, path, {"context": 1000, "longest_answer": 1000})
    assert refused.status_code == 422
    assert api.delete(f"{V1}{path}").status_code == 204
    assert [each["name"] for each in api.get(f"{V1}/language-models").json()["items"]] == ["grey"]


def test_the_policy_is_saved(api: APIClient) -> None:
    assert api.get(f"{V1}/model-policy").json() == {"keeps_personal_data": False, "currency": "USD"}
    wanted = {"keeps_personal_data": True, "currency": "EUR"}
    assert put(api, "/model-policy", wanted).json() == wanted
    assert put(api, "/model-policy", {**wanted, "currency": "eur"}).status_code == 422


def test_kinds_tell_what_they_need(api: APIClient) -> None:
    kinds = {each["key"]: each for each in api.get(f"{V1}/model-provider-kinds").json()["items"]}
    assert kinds["dummy.parrot"]["settings_schema"]["required"] == ["api_key"]


def test_a_prompt_is_drafted_published_and_gone_back_from(member: MakeMember, api_for: ApiFor) -> None:
    api, path = api_for(member("builder")), "/prompts/dummy.say"
    before = api.get(f"{V1}{path}")
    assert before.json()["version"].startswith("built-in:")
    drafted = put(api, f"{path}/draft", {"user": "Say {counted}"}, **{"If-Match": before["ETag"]})
    assert drafted.json()["draft"] == {"system": "", "user": "Say {counted}"}
    assert put(api, f"{path}/draft", {"user": "Tell {counted}"}, **{"If-Match": before["ETag"]}).status_code == 412
    assert api.post(f"{V1}{path}/publish", {"note": "New"}, format="json").json()["number"] == 1
    assert api.post(f"{V1}{path}/publish", {}, format="json").status_code == 409
    wrong = put(api, f"{path}/draft", {"user": "Say {counter}"})
    assert [issue["path"] for issue in wrong.json()["issues"]] == ["user", "user"]
    assert [each["note"] for each in api.get(f"{V1}{path}/versions").json()["items"]] == ["New"]
    back = api.post(f"{V1}{path}/restore", {"version": None}, format="json")
    assert back.json()["version"] == before.json()["version"]
    assert api.get(f"{V1}/prompts/no.prompt").status_code == 404
    assert "dummy.say" in {each["key"] for each in api.get(f"{V1}/prompts").json()["items"]}


@pytest.mark.parametrize("role", ["builder", "analyst"])
def test_others_read_and_change_nothing(member: MakeMember, api_for: ApiFor, provider: Provider, role: str) -> None:
    api = api_for(member(role))
    assert api.get(f"{V1}/model-providers/{provider.pk}").status_code == 200
    assert api.delete(f"{V1}/model-providers/{provider.pk}").status_code == 403
    assert put(api, "/model-policy", {"keeps_personal_data": False, "currency": "USD"}).status_code == 403

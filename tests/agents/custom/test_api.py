"""Custom agents over the API."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents.custom.contents import EXAMPLE
from apps.agents.models import AgentRun
from tests.agents.custom.conftest import Make

URL = "/api/v1/custom-agents"


@pytest.fixture
def api(api_for: Any, builder: User) -> Any:
    return api_for(builder)


def test_an_agent_is_made_tried_published_and_gone_back_from(api: Any, board: Any) -> None:
    made = api.post(URL, EXAMPLE, format="json")
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    tried = api.post(f"{URL}/{key}/try", {"input": {"letter": "Hello"}}, format="json")
    assert tried.status_code == 202, tried.content
    assert AgentRun.objects.get().agent_key == key
    assert api.post(f"{URL}/{key}/publish", {"note": "First"}, format="json").json()["number"] == 1
    assert api.get(f"/api/v1/agents/{key}").json()["version"] == "1"
    seen = api.get(f"{URL}/{key}")
    changed = {**EXAMPLE, "summary": "Another."}
    saved = api.put(f"{URL}/{key}/draft", changed, format="json", headers={"If-Match": seen.headers["ETag"]})
    assert saved.json()["draft"]["summary"] == "Another."
    assert api.post(f"{URL}/{key}/publish", {}, format="json").json()["number"] == 2
    assert api.post(f"{URL}/{key}/rollback", {"version": 1}, format="json").json()["number"] == 3
    assert [each["number"] for each in api.get(f"{URL}/{key}/versions").json()["items"]] == [3, 2, 1]


def test_what_cannot_be_used_is_refused_with_its_place(api: Any) -> None:
    made = api.post(URL, {**EXAMPLE, "verdict": {"field": "topic"}}, format="json").json()
    answer = api.post(f"{URL}/{made['key']}/publish", {}, format="json")
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["issues"]] == ["verdict.field"]


def test_a_draft_is_dropped_and_the_last_one_is_not(api: Any, make: Make) -> None:
    agent = make()
    api.put(f"{URL}/{agent.key}/draft", EXAMPLE, format="json")
    assert api.delete(f"{URL}/{agent.key}/draft").status_code == 204
    other = api.post(URL, EXAMPLE, format="json").json()["key"]
    assert api.delete(f"{URL}/{other}/draft").status_code == 409


@pytest.mark.parametrize(
    "address", [f"{URL}/custom.a%00b", "/api/v1/agents/custom.a%00b", "/api/v1/model-choices/a%00"]
)
def test_an_address_with_what_no_database_stores_is_that_of_nothing(api_for: Any, member: Any, address: str) -> None:
    assert api_for(member("administrator")).get(address).status_code == 404

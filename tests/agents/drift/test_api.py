from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.drift import watching
from apps.agents.drift.detection import BASELINE, WINDOW
from tests.agents.drift.conftest import Decide
from tests.conftest import MakeMember

ADDRESS = "/api/v1/agents/dummy.decider/watch"


@pytest.fixture
def api(builder: User, api_for: Callable[..., APIClient], decide: Decide) -> APIClient:
    return api_for(builder)


def put(api: APIClient, **body: Any) -> Any:
    return api.put(ADDRESS, body, format="json")


def test_a_watch_is_set_read_and_ended(api: APIClient, decide: Decide, look: Callable[[], watching.Finding]) -> None:
    assert api.get(ADDRESS).status_code == 404
    made = put(api, falls_back=True).json()
    assert (made["falls_back"], made["baseline"], made["windows"]) == (True, None, [])
    decide(BASELINE)
    decide(WINDOW, held=0.5)
    decide(3)
    look()
    found = api.get(ADDRESS).json()
    assert found["drifting_since"] is not None
    assert (found["baseline_of"], found["baseline"]["verdicts"]) == ("first", {"pass": 270, "hold": 30})
    assert (found["waiting"], len(found["windows"])) == (3, 1)
    tests = {each["of"]: each["alarms"] for each in found["windows"][0]["tests"]}
    assert tests == {"verdicts": True, "score": False, "overrides": False}
    assert found["windows"][0]["stability_index"] > 0.25
    assert api.delete(ADDRESS).status_code == 204
    assert api.delete(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    "body", [{"baseline": "period"}, {"baseline": "latest"}, {"baseline": "best"}, {"since": "yesterday"}]
)
def test_a_watch_that_cannot_be_set_is_refused(api: APIClient, body: dict[str, Any]) -> None:
    assert put(api, **body).status_code == 422
    assert api.get(ADDRESS).status_code == 404


def test_an_agent_without_verdicts_is_not_watched(api: APIClient) -> None:
    assert api.put("/api/v1/agents/dummy.counter/watch", {}, format="json").status_code == 409


def test_analysts_read_and_set_nothing(api: APIClient, member: MakeMember, api_for: Callable[..., APIClient]) -> None:
    put(api)
    analyst = api_for(member("analyst"))
    assert analyst.get(ADDRESS).status_code == 200
    assert put(analyst, falls_back=True).status_code == 403
    assert analyst.delete(ADDRESS).status_code == 403

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.agents.conftest import WorkOff
from tests.conftest import MakeMember

ADDRESS = "/api/v1/agents/dummy.counter/evaluations"


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def api(builder: User, api_for: Callable[..., APIClient], work_off: WorkOff) -> APIClient:
    return api_for(builder)


def post(api: APIClient, address: str, **body: Any) -> Any:
    return api.post(address, body, format="json")


def test_an_evaluation_is_started_and_read(api: APIClient, builder: User, work_off: WorkOff) -> None:
    answer = post(api, ADDRESS, settings={"start": 1})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["is_draft"], answer.json()["total"]) == ("queued", True, 3)
    work_off()
    found = api.get(answer["Location"]).json()
    assert (found["status"], found["passed"], found["started_by"]) == ("ended", 2, builder.email)
    failed = next(each for each in found["results"] if not each["passed"])
    assert (failed["name"], failed["facts"][0]["found"]) == ("to three", "[2, 3, 4]")


def test_evaluations_are_listed_newest_first_without_results(api: APIClient, work_off: WorkOff) -> None:
    ids = []
    for version in (0, None):
        ids.append(post(api, ADDRESS, version=version).json()["id"])
        work_off()
    items = api.get(ADDRESS).json()["items"]
    assert [each["id"] for each in items] == ids[::-1]
    assert "results" not in items[0]


def test_an_evaluation_is_stopped(api: APIClient) -> None:
    made = post(api, ADDRESS).json()
    assert post(api, ADDRESS).status_code == 409
    stopped = api.post(f"{ADDRESS}/{made['id']}/stop")
    assert (stopped.status_code, stopped.json()["problem"]["code"]) == (202, "evaluation_stopped")
    assert api.post(f"{ADDRESS}/{made['id']}/stop").status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"settings": {"begin": 1}}, 422),
        ({"settings": []}, 422),
        ({"version": -1}, 422),
        ({"version": 7}, 404),
        ({"which": "now"}, 422),
    ],
)
def test_what_cannot_be_evaluated_is_refused(api: APIClient, body: dict[str, Any], status: int) -> None:
    assert post(api, ADDRESS, **body).status_code == status


def test_an_evaluation_of_another_agent_is_not_found(api: APIClient) -> None:
    made = post(api, ADDRESS).json()
    assert api.get(f"/api/v1/agents/dummy.idle/evaluations/{made['id']}").status_code == 404


def test_viewers_read_and_start_nothing(api: APIClient, member: MakeMember, api_for: Callable[..., APIClient]) -> None:
    post(api, ADDRESS)
    viewer = api_for(member("viewer"))
    assert len(viewer.get(ADDRESS).json()["items"]) == 1
    assert post(viewer, ADDRESS).status_code == 403

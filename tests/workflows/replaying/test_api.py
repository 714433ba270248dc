"""Replays over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.workflows.models import Replay, Workflow
from tests.workflows.conftest import Work

REPLAYS = "/api/v1/workflows/test/replays"


@pytest.fixture
def api(api_for: Callable[..., Any], builder: User) -> Any:
    return api_for(builder)


def test_one_is_started_read_and_its_runs_are_listed(api: Any, past: Workflow, worked: Work) -> None:
    started = api.post(REPLAYS, {"against": "1", "most": 3}, format="json")
    assert started.status_code == 202
    assert started.json()["runs"] == "The last 3 runs"
    at = started["Location"]
    assert api.get(at).json()["status"] == "running"
    worked("cpu")
    told = api.get(at).json()
    assert (told["status"], told["done"], told["summary"]["same"]) == ("succeeded", 3, 3)
    assert [each["id"] for each in api.get(REPLAYS).json()["items"]] == [told["id"]]
    runs = api.get(f"{at}/runs").json()["items"]
    assert [each["verdict"] for each in runs] == ["same"] * 3
    assert runs[0]["before"]["end"] == runs[0]["after"]["end"] == "succeeded"
    assert api.get(f"{at}/runs", {"verdict": "changed"}).json()["items"] == []


def test_one_is_cancelled_once(api: Any, past: Workflow) -> None:
    at = api.post(REPLAYS, {"against": "1"}, format="json")["Location"]
    assert api.post(f"{at}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{at}/cancel").status_code == 409


def test_what_cannot_be_followed_is_refused(api: Any, past: Workflow) -> None:
    assert api.post(REPLAYS, {"against": "9"}, format="json").status_code == 422
    assert api.post(REPLAYS, {"against": "1", "most": 0}, format="json").status_code == 422
    assert api.post(REPLAYS, {"against": "1", "status": "failed"}, format="json").status_code == 409
    assert not Replay.objects.exists()


def test_who_only_looks_starts_none(api_for: Callable[..., Any], member: Callable[..., User], past: Workflow) -> None:
    viewer = api_for(member("viewer"))
    assert viewer.post(REPLAYS, {"against": "1"}, format="json").status_code == 403
    assert viewer.get(REPLAYS).status_code == 200

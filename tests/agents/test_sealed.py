"""What callers are told of runs whose payloads do not open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentResult, AgentRun
from apps.tenants.keys import data_key_delete
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER


@pytest.fixture
def runs(member: Callable[..., User]) -> list[AgentRun]:
    made = {"agent_key": COUNTER, "agent_version": "1.0", "origin": "api", "created_by": member("owner")}
    found = [AgentRun.objects.create(input={}, status="succeeded", **made) for _ in range(2)]
    for number, run in enumerate(found):
        AgentResult.objects.create(run=run, output={"numbers": [number]})
    return found


def swap(runs: list[AgentRun]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update agents_agentresult set output = other.output from agents_agentresult other "
            "where agents_agentresult.run_id = %s and other.run_id = %s",
            [runs[0].pk, runs[1].pk],
        )


def test_a_result_that_was_moved_is_told_without_a_trace(
    runs: list[AgentRun], api_for: Callable[..., APIClient], client_for: Callable[..., Client]
) -> None:
    user = runs[0].created_by
    assert api_for(user).get(f"/api/v1/runs/{runs[0].pk}").json()["output"] == {"numbers": [0]}
    swap(runs)
    answer: Any = api_for(user).get(f"/api/v1/runs/{runs[0].pk}")
    assert (answer.status_code, answer.json()["code"]) == (500, "seal_broken")
    assert "keys status" in answer.json()["remedy"]
    page: Any = client_for(user).get(f"/runs/R-{runs[0].number}/")
    assert page.status_code == 500
    for text in (answer.content.decode(), page.content.decode()):
        assert "Traceback" not in text
        assert "cryptography" not in text
    assert api_for(user).get(f"/api/v1/runs/{runs[1].pk}").json()["output"] == {"numbers": [1]}
    assert api_for(user).get("/api/v1/runs").status_code == 200  # lists do not look


def test_without_the_key_it_is_gone(runs: list[AgentRun], acme: Tenant, api_for: Callable[..., APIClient]) -> None:
    data_key_delete(acme)
    answer: Any = api_for(runs[0].created_by).get(f"/api/v1/runs/{runs[0].pk}")
    assert (answer.status_code, answer.json()["code"]) == (410, "key_gone")

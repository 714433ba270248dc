"""What the gateway costs in SQL statements, on connections that really commit; `run.py bench gateway` measures more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import polars
import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_from_frame
from apps.gateway import tokens
from tests.benchmarks.gateway import ADDED_STATEMENTS, READ_STATEMENTS, statements
from tests.gateway.conftest import MakeKey

Api = Callable[..., APIClient]
STARTS = "/api/v1/agents/dummy.counter/runs"

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def owner(member: Callable[..., User]) -> User:
    return member("owner")


@pytest.fixture
def by_key(owner: User, api_for: Api, make_key: MakeKey) -> APIClient:
    api = api_for()
    _, key = make_key(owner, "agents.view", "agents.run", "runs.view", "datasets.view")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return api


@pytest.fixture
def by_token(owner: User, api_for: Api) -> APIClient:
    api = api_for()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.token_issue(user=owner)}")
    return api


def test_credential_limits_and_key_add_few_statements_to_what_is_created(
    owner: User, api_for: Api, by_key: APIClient, by_token: APIClient
) -> None:
    bare = len(statements(partial(api_for(owner).post, STARTS, {"input": {}})))
    for api in (by_key, by_token):

        def send(api: APIClient = api) -> Any:
            return api.post(STARTS, {"input": {}}, headers={"Idempotency-Key": str(uuid4())})

        assert len(statements(send)) - bare <= ADDED_STATEMENTS


@pytest.mark.parametrize("way", ["by_key", "by_token"])
def test_a_read_is_who_calls_and_what_they_read(way: str, owner: User, request: pytest.FixtureRequest) -> None:
    api: APIClient = request.getfixturevalue(way)
    frame = polars.DataFrame({"item": ["Tea"]})
    dataset: Dataset = dataset_from_frame(frame=frame, name="Sales", filename="sales.parquet", user=owner)
    run = AgentRun.objects.create(agent_key="dummy.counter", agent_version="1.0", input={}, origin="api")
    for address in (f"/runs/{run.pk}", f"/datasets/{dataset.pk}", "/runs", "/datasets", "/agents"):
        assert len(statements(partial(api.get, f"/api/v1{address}"))) <= READ_STATEMENTS, address

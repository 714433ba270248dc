"""Rule R7: the rows of work are an index. What is missing of it is found, made, and said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from redis.exceptions import ConnectionError as RedisAway

from apps.common.ids import uuid7
from apps.dispatch import rows, services, wakeups, worker
from apps.dispatch.metrics import WorkRows
from apps.tenants.context import current_schema
from apps.tenants.models import Tenant
from tests.dispatch.conftest import KIND, Take, scheduled, stored
from tests.dummy.handlers import DummyWork

pytestmark = pytest.mark.usefixtures("take")


@pytest.fixture
def complete(take: Take, acme: Tenant) -> None:
    """The rows that a tenant always has are there."""
    services.work_rebuild()


def counted() -> int:
    return wakeups.missing_counted().get(KIND, 0)


def test_what_was_missing_is_told_to_prometheus_whoever_found_it(acme: Tenant) -> None:
    wakeups.missing_count(KIND, 2)
    found = {family.name: family for family in WorkRows().collect()}
    samples = found["orchestrall_work_rows_missing"].samples
    assert [each.value for each in samples if each.labels == {"kind": KIND}] == [counted()]


def test_a_row_that_is_missing_is_made_logged_and_counted(
    acme: Tenant, globex: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    services.work_compare()  # what every tenant has, whatever else it does
    caplog.clear()
    lost, before = uuid7(), counted()
    DummyWork.wanted.append(lost)
    made = services.work_compare()
    assert stored(lost)
    assert made == counted() - before
    told = {record.tenant for record in caplog.records if record.getMessage().startswith("work rows were missing")}  # type: ignore[attr-defined]
    assert {acme.schema_name, globex.schema_name} <= told


def test_where_nothing_is_missing_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    [id] = scheduled()
    DummyWork.wanted.append(id)
    services.work_rebuild()  # of this tenant all is there
    assert services.work_rebuild() == {}
    assert caplog.records == []


def test_work_that_ends_while_it_is_compared_is_not_taken_for_missing(
    complete: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = uuid7()
    answers = iter([[ended], []])
    monkeypatch.setattr(DummyWork, "pending", lambda _: next(answers))
    assert services.work_rebuild() == {}
    assert stored(ended) is None


def test_what_was_given_up_is_not_missing(complete: None, take: Take, acme: Tenant) -> None:
    [id] = scheduled()
    [claim] = take()
    rows.bury(claim, "given up")
    DummyWork.wanted.append(id)
    assert services.work_rebuild() == {}


def test_the_rows_of_a_tenant_are_rebuilt_in_that_tenant(acme: Tenant) -> None:
    schemas: list[str] = []

    def pending(_: Any) -> list[UUID]:
        schemas.append(current_schema())
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DummyWork, "pending", pending)
        services.work_compare()
    assert {"t_acme", "t_globex"} <= set(schemas)


def test_of_all_workers_one_compares_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def compare() -> int:
        compared.append(1)
        return 0

    monkeypatch.setattr(services, "work_compare", compare)
    monkeypatch.setattr(connection, "close", lambda: None)
    wakeups._redis().delete("public:orchestrall:compare")
    worker.compare()
    worker.compare()
    assert compared == [1]
    wakeups._redis().delete("public:orchestrall:compare")


def test_without_redis_a_worker_compares(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise RedisAway

    monkeypatch.setattr(wakeups, "_redis", away)
    assert wakeups.first_of("compare", within=10)

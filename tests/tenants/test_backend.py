"""A connection remembers the schema that it was left in, and is never trusted with one that it may not be in."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg_pool import ConnectionPool

from apps.accounts.models import User
from apps.tenants import schemas
from apps.tenants.backend.base import DatabaseWrapper
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from tests.factories import make_member

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def names(acme: Tenant, globex: Tenant) -> Callable[[Tenant], list[str]]:
    """`names(tenant)`: who is there; each tenant has one member of its own name."""
    for tenant in (acme, globex):
        with tenant_context(tenant):
            make_member(name=tenant.slug)

    def ask(tenant: Tenant) -> list[str]:
        with tenant_context(tenant):
            return list(User.objects.values_list("name", flat=True))

    return ask


@contextmanager
def paths_set() -> Iterator[list[str]]:
    """The schemas that the search path is set to meanwhile."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as caught:
        yield found
    found += [each["sql"].split()[3].split(",")[0] for each in caught if each["sql"].startswith("SET search_path")]


Names = Callable[[Tenant], list[str]]


def test_the_schema_is_set_once_for_a_tenant_that_comes_again(names: Names, acme: Tenant) -> None:
    names(acme)
    with paths_set() as found:
        assert [names(acme), names(acme)] == [["acme"], ["acme"]]
    assert found == []


def test_it_is_set_whenever_another_tenant_comes(names: Names, acme: Tenant, globex: Tenant) -> None:
    names(acme)
    with paths_set() as found:
        assert [names(each) for each in (globex, globex, acme)] == [["globex"], ["globex"], ["acme"]]
    assert [each.strip('"') for each in found] == ["t_globex", "t_acme"]


def test_what_a_rolled_back_transaction_set_is_not_remembered(names: Names, acme: Tenant, globex: Tenant) -> None:
    names(acme)

    def fail() -> None:
        with transaction.atomic():
            assert names(globex) == ["globex"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [names(globex), names(acme)] == [["globex"], ["acme"]]


def test_what_a_committed_transaction_set_is_not_relied_on(names: Names, acme: Tenant, globex: Tenant) -> None:
    names(acme)
    with transaction.atomic():
        assert names(globex) == ["globex"]
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute("select 1 / 0")
        assert [names(acme), names(globex)] == [["acme"], ["globex"]]
    assert [names(acme), names(globex), names(acme)] == [["acme"], ["globex"], ["acme"]]


def test_a_function_that_sets_the_path_itself_is_forgotten(names: Names, acme: Tenant) -> None:
    names(acme)
    with public_context():
        Tenant.objects.count()
    schemas.clone_template("t_another")
    with public_context():
        assert Tenant.objects.filter(slug="acme").exists()
    assert names(acme) == ["acme"]


def test_a_connection_that_was_replaced_is_not_taken_for_the_old_one(names: Names, acme: Tenant) -> None:
    names(acme)
    connection.close()
    with paths_set() as found:
        assert names(acme) == ["acme"]
    assert len(found) == 1


def test_threads_that_take_turns_among_tenants_see_their_own_rows(names: Names, acme: Tenant, globex: Tenant) -> None:
    def ask(number: int) -> bool:
        tenant = (acme, globex)[number % 2]
        if number % 7 == 0:
            connection.close()
        if number % 5:
            return names(tenant) == [tenant.slug]
        with transaction.atomic():
            found = names(tenant)
            transaction.set_rollback(True)
        return found == [tenant.slug]

    def work(worker: int) -> bool:
        try:
            return all(ask(number * worker) for number in range(100))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(1, 7)))


def test_nothing_is_asked_where_the_schema_could_not_be_entered(names: Names, acme: Tenant, globex: Tenant) -> None:
    """Else the tenant that the connection served before would answer."""
    names(acme)

    def cancelled(execute: Callable[..., object], sql: str, *more: object) -> object:
        if sql.startswith("SET search_path"):
            raise OperationalError("canceling statement due to user request")
        return execute(sql, *more)

    with connection.execute_wrapper(cancelled), pytest.raises(OperationalError, match="could not be entered"):
        names(globex)
    assert [names(globex), names(acme)] == [["globex"], ["acme"]]


@pytest.fixture
def pooled(committed_db: str) -> Iterator[DatabaseWrapper]:
    """The database by a pool of one connection, as threads that share a process have it."""
    options = {**connection.settings_dict["OPTIONS"], "pool": {"min_size": 1, "max_size": 1, "timeout": 10}}
    wrapper = DatabaseWrapper({**connection.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": 0}, alias="pooled")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def process_of(wrapper: DatabaseWrapper) -> int:
    """The server's process that answers; the connection is given back to the pool."""
    with wrapper.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        found: int = cursor.fetchone()[0]
    wrapper.close()
    return found


def test_a_connection_of_the_pool_is_taken_again_and_not_asked(
    pooled: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = process_of(pooled)
    monkeypatch.setattr(ConnectionPool, "check_connection", Mock(side_effect=AssertionError("it was asked")))
    assert process_of(pooled) == first


def test_a_connection_that_the_server_has_closed_is_left_for_another(pooled: DatabaseWrapper) -> None:
    """As after a restart of PostgreSQL: each one that was idle would cost somebody an answer, even hours later."""
    first = process_of(pooled)
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [first])
        assert cursor.fetchone() == (True,)
    assert process_of(pooled) != first


def test_a_connection_whose_server_has_something_to_say_is_kept(pooled: DatabaseWrapper) -> None:
    first = process_of(pooled)
    with pooled.cursor() as cursor:
        cursor.execute("listen news")
    pooled.close()
    with connection.cursor() as cursor:
        cursor.execute("notify news")
    with pooled.pool.connection() as kept:
        assert select.select([kept.fileno()], [], [], 5)[0], "the news have not arrived"
    assert process_of(pooled) == first

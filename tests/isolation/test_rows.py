"""What the attacks are judged by sees every row, and is the same again where nothing came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.isolation.rows import Watched, digests


def test_a_row_that_is_written_changed_or_deleted_is_seen(acme: Tenant, globex: Tenant) -> None:
    rows = Watched(connection, [acme.schema_name, globex.schema_name])
    seen = [rows.now()]
    assert seen == [rows.at_first]
    with tenant_context(acme):
        user = User.objects.create_user("new@example.org")
        seen.append(rows.now())
        User.objects.filter(pk=user.pk).update(name="Ada")
        seen.append(rows.now())
        user.delete()
    assert len({each[acme.schema_name] for each in seen}) == 3
    assert {each[globex.schema_name] for each in seen} == {rows.at_first[globex.schema_name]}
    assert rows.now() == rows.at_first


def test_what_was_undone_is_no_change_and_what_comes_after_it_is_one(acme: Tenant) -> None:
    rows = Watched(connection, [acme.schema_name])
    with tenant_context(acme):
        for name in ("one", "two"):
            with transaction.atomic():
                User.objects.create_user(f"{name}@example.org")
                assert rows.now() != rows.at_first
                transaction.set_rollback(True)
            assert rows.now() == rows.at_first


@pytest.mark.parametrize("with_log", [True, False])
def test_it_is_what_a_look_at_everything_finds(acme: Tenant, watch: Callable[..., Watched], with_log: bool) -> None:
    def everything() -> dict[str, str]:
        return digests(connection, [acme.schema_name], with_log=with_log)

    ways: list[Callable[..., Watched]] = [partial(Watched, connection), watch]
    with tenant_context(acme):
        User.objects.create_user("before@example.org")
        watched = [way([acme.schema_name], with_log=with_log) for way in ways]
        assert [rows.at_first for rows in watched] == [everything()] * 2
        User.objects.create_user("new@example.org")
    assert [rows.now() for rows in watched] == [everything()] * 2

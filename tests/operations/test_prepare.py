"""`manage.py prepare`."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_tenants.utils import schema_exists

from apps.accounts.models import User
from apps.common.demo import PASSWORD, demo_tenants
from apps.operations import demo
from apps.tenants.context import tenant_context
from apps.tenants.models import Domain, Tenant


def prepare(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("prepare", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_a_second_time_there_is_nothing_to_do(
    committed_db: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(9):
        assert prepare() == ["The database is ready"]


def test_an_empty_database_gets_its_tables_and_the_operators(committed_db: str) -> None:
    with connection.cursor() as cursor:
        for schema in ("t_acme", "t_globex", "t_operators", "t_template", "public"):
            cursor.execute(f"drop schema {schema} cascade")
        cursor.execute("create schema public")
    assert prepare() == [
        "Migrating shared tables",
        "Migrating the template of new tenants",
        "Creating the operators' tenant",
        "The database is ready",
    ]
    assert list(Domain.objects.values_list("domain", flat=True)) == ["operators.localhost"]


def test_what_was_interrupted_is_finished(committed_db: str, acme: Tenant, globex: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("drop schema t_acme cascade")
    Tenant.objects.filter(slug="acme").update(status="creating")
    Tenant.objects.filter(slug="globex").update(status="deleting")
    assert prepare()[:2] == ["Finishing tenant acme", "Deleting tenant globex, as was asked before"]
    assert Tenant.objects.get(slug="acme").is_ready
    assert schema_exists("t_acme")
    assert not schema_exists("t_globex")


def test_the_first_operator_chooses_a_password_at_the_printed_link(operators: Tenant) -> None:
    line = prepare("--operator", "Ops@example.org")[0]
    assert line.startswith(
        "Ops@example.org is an operator. Choose a password within 24 hours at http://operators.localhost"
    )
    with tenant_context(operators):
        assert User.objects.get(email="ops@example.org").is_operator
    page = Client(headers={"host": "operators.localhost"}).get(line.rpartition(" ")[2], follow=True)
    assert b'name="password1"' in page.content
    assert prepare("--operator", "ops@example.org") == ["The database is ready"]


def test_a_demonstration_is_made_once_and_then_costs_a_query_more(
    committed_db: str,
    monkeypatch: pytest.MonkeyPatch,
    operators: Tenant,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    only = [each for each in demo_tenants() if each.slug == "nimbus"]
    monkeypatch.setattr(demo, "demo_tenants", lambda: iter(only))
    assert prepare("--demo") == ["Making demo tenant 1 of 1: Nimbus Software", "The database is ready"]
    with tenant_context(operators):
        operator = User.objects.get(email="operator@operators.example")
    assert operator.is_staff
    assert operator.check_password(PASSWORD)
    with django_assert_max_num_queries(15):  # a third of them are search paths
        assert prepare("--demo") == ["The database is ready"]

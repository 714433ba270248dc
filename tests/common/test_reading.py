"""Rows that are read by a statement which is composed once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.forms.models import model_to_dict

from apps.accounts.models import User
from apps.agents.models import AgentConfiguration
from apps.common.permissions import Platform
from apps.common.reading import Pointing
from apps.gateway.models import ApiKey
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import defining
from apps.workflows.definition import definition_parse
from apps.workflows.models import Workflow

KEYS = Pointing(ApiKey, by="prefix", key="user")
WORKFLOWS = Pointing(Workflow, by="name", key="published")
SETTINGS = Pointing(AgentConfiguration, by="agent_key", key="created_by", last="number")


@pytest.fixture
def key(member: Callable[..., User]) -> ApiKey:
    made, _ = key_create(who=Caller(member("owner")), name="A key", scopes=["workflows.view"], days=1)
    return made


def test_a_row_and_what_it_points_to_are_as_the_orm_reads_them_in_one_statement(
    key: ApiKey, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        found = KEYS.get(key.prefix)
        assert found is not None
        email = found.user.email
    known = ApiKey.objects.select_related("user").get(pk=key.pk)
    assert {name: getattr(found, name) for name in ("pk", *model_to_dict(known))} == {
        name: getattr(known, name) for name in ("pk", *model_to_dict(known))
    }
    assert model_to_dict(found.user) == model_to_dict(known.user)
    assert email == known.user.email
    assert not found._state.adding


def test_a_row_that_points_to_nothing_says_so_without_asking(
    acme: Tenant, django_assert_num_queries: Callable[..., object]
) -> None:
    step = {"kind": "transform", "set": {"x": 1}}
    definition = definition_parse({"name": "one", "title": "One", "steps": {"only": step}})
    defining.workflow_save(who=Platform(), user=None, definition=definition)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        found = WORKFLOWS.get("one")
        assert found is not None
        assert found.published is None


def test_there_is_nothing_under_another_value_or_in_another_tenant(key: ApiKey, globex: Tenant) -> None:
    assert KEYS.get("no-such-") is None
    with tenant_context(globex):
        assert KEYS.get(key.prefix) is None


def test_of_rows_that_share_a_value_the_last_one_counts_also_beside_another_question(
    member: Callable[..., User], django_assert_num_queries: Callable[..., object]
) -> None:
    owner = member("owner")
    for number in (1, 3, 2):
        AgentConfiguration.objects.create(agent_key="one", number=number, settings={"of": number}, created_by=owner)
    AgentConfiguration.objects.create(agent_key="other", number=9, settings={}, roles=["owner"])
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        found, beside = SETTINGS.get("one"), SETTINGS.get_with("one", "select %s + 1", [6])
        nothing = SETTINGS.get_with("none", "select %s::text", ["said"])
        assert found is not None
        assert (found.number, found.settings, found.created_by) == (3, {"of": 3}, owner)
    assert beside == (found, 7)
    assert nothing == (None, "said")
    other = SETTINGS.get("other")
    assert other is not None
    assert (other.roles, other.created_by) == (["owner"], None)

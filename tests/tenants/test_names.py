"""Slugs, schemas and hosts."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.names import host_of, require_schema, schema_of, validate_slug

SLUGS = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,39}", fullmatch=True).filter(lambda slug: len(slug) <= 40)


@pytest.mark.parametrize("slug", ["", "-a", "a-", "a--b", "Acme", "a_b", "a.b", "ä", "a" * 41, "a b", "acme\n", "www"])
def test_an_address_that_is_no_host_or_is_reserved_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        validate_slug(slug)


@given(SLUGS, SLUGS)
def test_no_two_addresses_share_a_schema(one: str, other: str) -> None:
    assert (schema_of(one) == schema_of(other)) == (one == other)


@pytest.mark.parametrize("schema", ["public", "t_", "t_a;drop", 't_"x', "pg_catalog", "t_" + "a" * 41, "t_a\n", "T_a"])
def test_nothing_but_a_tenants_schema_gets_near_a_statement(schema: str) -> None:
    with pytest.raises(ValueError, match="not the schema of a tenant"):
        require_schema(schema)


def test_a_tenant_answers_below_the_base_host(settings: pytest.FixtureRequest) -> None:
    settings.BASE_HOST = "orchestrall.example"  # type: ignore[attr-defined]
    assert host_of("st-clare") == "st-clare.orchestrall.example"

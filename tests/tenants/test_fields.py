"""Payload columns."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldError
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.fields import decode, encode
from apps.tenants.models import Tenant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def make(value: Any) -> Any:
    """Any row with a payload: a run's input."""
    return apps.get_model("agents", "AgentRun").objects.create(
        agent_key="x", agent_version="1", origin="test", input=value
    )


@given(JSON)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, {"deep": [-math.inf]}])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(value)


@pytest.mark.parametrize("stored", [b"", b"{}", b"\x02abc", b"\x01", b"\x01not deflated", encode("x")[:-3]])
def test_bytes_that_are_no_payload_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"payload"):
        decode(stored)


def test_a_payload_is_stored_and_read_whole(acme: Tenant) -> None:
    value = {"rows": [{"item": "ä", "quantity": 1.5, "note": None}] * 1000, "deep": [[[]]], "empty": {}}
    run = make(value)
    run.refresh_from_db()
    assert run.input == value


def test_a_payload_that_cannot_be_stored_leaves_the_old_one(acme: Tenant) -> None:
    run = make({"a": 1})
    run.input = {"a": math.nan}
    with pytest.raises(ValueError, match="not JSON compliant"), transaction.atomic():
        run.save()
    run.refresh_from_db()
    assert run.input == {"a": 1}


def test_a_payload_goes_with_its_transaction(acme: Tenant) -> None:
    run = make({"a": 1})
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        run.input = {"a": 2}
        run.save()
        raise ZeroDivisionError
    run.refresh_from_db()
    assert run.input == {"a": 1}


@pytest.mark.parametrize("lookup", ["input", "input__contains", "input__gt"])
def test_a_payload_is_never_searched(acme: Tenant, lookup: str) -> None:
    with pytest.raises(FieldError, match="cannot be searched"):
        apps.get_model("agents", "AgentRun").objects.filter(**{lookup: {"a": 1}}).count()

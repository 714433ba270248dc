"""Payload columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.fields import PayloadField, decode, encode
from apps.tenants.models import Tenant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Paper(models.Model):
    """A row with a payload; its table exists in these tests only."""

    body = PayloadField(null=True)

    objects: ClassVar[models.Manager[Paper]] = models.Manager()

    class Meta:
        app_label = "dummy"
        managed = False


@pytest.fixture
def paper(acme: Tenant) -> Callable[[Any], Paper]:
    with connection.schema_editor() as editor:
        editor.create_model(Paper)
    return lambda value: Paper.objects.create(body=value)


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


def test_a_payload_is_stored_and_read_whole(paper: Callable[[Any], Paper]) -> None:
    value = {"rows": [{"item": "ä", "quantity": 1.5, "note": None}] * 1000, "deep": [[[]]], "empty": {}}
    run = paper(value)
    run.refresh_from_db()
    assert run.body == value


def test_a_payload_that_cannot_be_stored_leaves_the_old_one(paper: Callable[[Any], Paper]) -> None:
    run = paper({"a": 1})
    run.body = {"a": math.nan}
    with pytest.raises(ValueError, match="not JSON compliant"), transaction.atomic():
        run.save()
    run.refresh_from_db()
    assert run.body == {"a": 1}


def test_a_payload_goes_with_its_transaction(paper: Callable[[Any], Paper]) -> None:
    run = paper({"a": 1})
    with transaction.atomic():
        run.body = {"a": 2}
        run.save()
        transaction.set_rollback(True)
    run.refresh_from_db()
    assert run.body == {"a": 1}


@pytest.mark.parametrize("lookup", ["body", "body__contains", "body__gt"])
def test_a_payload_is_never_searched(paper: Callable[[Any], Paper], lookup: str) -> None:
    with pytest.raises(FieldError, match="cannot be searched"):
        Paper.objects.filter(**{lookup: {"a": 1}}).count()


def test_a_payload_of_none_is_no_payload(paper: Callable[[Any], Paper]) -> None:
    stored = paper(None)
    stored.refresh_from_db()
    assert stored.body is None
    assert Paper.objects.filter(body__isnull=True).count() == 1

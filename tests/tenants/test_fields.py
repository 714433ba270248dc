"""Payload columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.common.ids import uuid7
from apps.tenants import keys
from apps.tenants.context import tenant_context
from apps.tenants.fields import PayloadField, Sealed, payload_fields
from apps.tenants.models import Tenant
from apps.tenants.sealing import KeyGone, SealBroken

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
MARK = "Zürich 4711"


class Paper(models.Model):
    """A row with payloads; its table exists in these tests only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    body = PayloadField(null=True)
    other = PayloadField(null=True)

    objects: ClassVar[models.Manager[Paper]] = models.Manager()

    class Meta:
        app_label = "dummy"
        managed = False


class Numbered(models.Model):
    """A model whose key the database makes."""

    body = PayloadField()

    class Meta:
        app_label = "dummy"
        managed = False


@pytest.fixture
def paper(acme: Tenant, globex: Tenant) -> Callable[..., Paper]:
    """`paper(body, **fields)`: a row in the tenant that is entered; both have the table."""
    for tenant in (acme, globex):
        with tenant_context(tenant), connection.schema_editor() as editor:
            editor.create_model(Paper)
    return lambda body, **fields: Paper.objects.create(body=body, **fields)


def stored(row: Paper, column: str = "body") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"select {column} from dummy_paper where id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def store(row: Paper, value: bytes, column: str = "body") -> Paper:
    """Write the bytes past the program, and read the row as it does."""
    with connection.cursor() as cursor:
        cursor.execute(f"update dummy_paper set {column} = %s where id = %s", [value, row.pk])
    return Paper.objects.get(pk=row.pk)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, row=st.uuids())
def test_any_json_value_comes_back_as_it_was(acme: Tenant, value: Any, row: UUID) -> None:
    field = payload_fields(Paper)[0]
    assert field.seal(value, row).open(row) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, {"deep": [-math.inf]}])
def test_what_json_does_not_have_is_refused(paper: Callable[..., Paper], value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"), transaction.atomic():
        paper(value)
    assert not Paper.objects.exists()


def test_a_payload_is_stored_and_read_whole(paper: Callable[..., Paper]) -> None:
    value = {"rows": [{"item": "ä", "quantity": 1.5, "note": None}] * 1000, "deep": [[[]]], "empty": {}}
    run = paper(value)
    run.refresh_from_db()
    assert run.body == value
    assert Paper.objects.get().body == value
    assert Paper.objects.defer("body").get().body == value
    assert Paper.objects.only("other").get().body == value


def test_what_is_stored_tells_nothing(paper: Callable[..., Paper]) -> None:
    row = paper([MARK] * 3)
    assert stored(row)[:1] == b"\x02"
    assert MARK.encode() not in stored(row)
    assert stored(row) != stored(paper([MARK] * 3))


def test_many_rows_are_sealed_each_to_its_own(paper: Callable[..., Paper]) -> None:
    Paper.objects.bulk_create([Paper(body={"n": n}) for n in range(5)])
    assert sorted(row.body["n"] for row in Paper.objects.all()) == [0, 1, 2, 3, 4]


def test_a_row_that_was_not_looked_at_can_be_saved(paper: Callable[..., Paper]) -> None:
    paper({"a": 1}, other={"b": 2})
    row = Paper.objects.get()
    row.other = {"b": 3}
    row.save()
    again = Paper.objects.get()
    assert (again.body, again.other) == ({"a": 1}, {"b": 3})


def test_a_key_given_as_text_is_the_same_row(paper: Callable[..., Paper]) -> None:
    id = uuid7()
    Paper.objects.create(id=str(id).upper(), body=1)
    assert Paper.objects.get(pk=id).body == 1


def test_a_list_that_does_not_look_opens_nothing(paper: Callable[..., Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        paper(n)
    opened: list[object] = []
    monkeypatch.setattr(Sealed, "open", lambda sealed, row: opened.append(row))
    rows = list(Paper.objects.all())
    assert not opened
    assert rows[0].body is None
    assert opened == [rows[0].pk]


def test_a_row_is_opened_with_the_key_of_the_tenant_it_came_from(paper: Callable[..., Paper], globex: Tenant) -> None:
    paper("ours")
    row = Paper.objects.get()
    with tenant_context(globex):
        assert row.body == "ours"


def test_a_payload_that_cannot_be_stored_leaves_the_old_one(paper: Callable[..., Paper]) -> None:
    run = paper({"a": 1})
    run.body = {"a": math.nan}
    with pytest.raises(ValueError, match="not JSON compliant"), transaction.atomic():
        run.save()
    run.refresh_from_db()
    assert run.body == {"a": 1}


def test_a_payload_goes_with_its_transaction(paper: Callable[..., Paper]) -> None:
    run = paper({"a": 1})
    with transaction.atomic():
        run.body = {"a": 2}
        run.save()
        transaction.set_rollback(True)
    run.refresh_from_db()
    assert run.body == {"a": 1}


@pytest.mark.parametrize("lookup", ["body", "body__contains", "body__gt"])
def test_a_payload_is_never_searched(paper: Callable[..., Paper], lookup: str) -> None:
    with pytest.raises(FieldError, match="cannot be searched"):
        Paper.objects.filter(**{lookup: {"a": 1}}).count()


def test_a_payload_of_none_is_no_payload(paper: Callable[..., Paper]) -> None:
    row = paper(None)
    row.refresh_from_db()
    assert row.body is None
    assert Paper.objects.filter(body__isnull=True).count() == 1


def test_a_payload_is_not_written_without_its_row(paper: Callable[..., Paper]) -> None:
    row = paper(1)
    with pytest.raises(FieldError, match="save the row"), transaction.atomic():
        Paper.objects.update(body={"a": 2})
    row.body = 2
    with pytest.raises(FieldError, match="save the row"), transaction.atomic():
        Paper.objects.bulk_update([row], ["body"])
    assert Paper.objects.update(body=None) == 1


def test_a_payload_read_without_its_row_stays_sealed(paper: Callable[..., Paper]) -> None:
    row = paper([MARK])
    (sealed,) = Paper.objects.values_list("body", flat=True)
    assert isinstance(sealed, Sealed)
    assert MARK not in repr(sealed)
    assert sealed.open(row.pk) == [MARK]
    with pytest.raises(SealBroken):
        sealed.open(uuid7())


def test_a_payload_moved_to_another_row_column_or_tenant_does_not_open(
    paper: Callable[..., Paper], globex: Tenant
) -> None:
    row, beside = paper([MARK], other=["x"]), paper(["y"])
    with pytest.raises(SealBroken):
        store(beside, stored(row)).body  # noqa: B018
    with pytest.raises(SealBroken):
        store(row, stored(row), "other").other  # noqa: B018
    theirs = stored(row)
    with tenant_context(globex):
        same = paper(["z"], id=row.pk)
        with pytest.raises(SealBroken) as told:
            store(same, theirs).body  # noqa: B018
    assert MARK not in f"{told.value!r} {told.value.detail} {told.value.remedy}"
    assert Paper.objects.get(pk=row.pk).body == [MARK]


def test_a_payload_moved_from_another_table_does_not_open(paper: Callable[..., Paper]) -> None:
    row = paper(["x"])
    sealed = Numbered._meta.get_field("body").seal([MARK], row.pk)
    with pytest.raises(SealBroken):
        store(row, sealed.stored).body  # noqa: B018


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x02", b"\x03abc", b"\x02" + b"0" * 40, b"\x01not deflated"])
def test_bytes_that_are_no_payload_are_refused(paper: Callable[..., Paper], value: bytes) -> None:
    with pytest.raises(SealBroken):
        store(paper(1), value).body  # noqa: B018


def test_a_plain_payload_planted_among_sealed_ones_is_refused(
    paper: Callable[..., Paper], acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = paper(["x"])
    monkeypatch.setattr("apps.tenants.fields.data_key", lambda _: None)
    plain = payload_fields(Paper)[0].seal(["planted"], row.pk).stored
    with pytest.raises(SealBroken):
        store(row, plain).body  # noqa: B018
    acme.sealed_at = None  # a tenant whose older rows are still to be sealed
    assert Paper.objects.get().body == ["planted"]


def test_nothing_opens_and_nothing_is_stored_once_the_key_is_deleted(
    paper: Callable[..., Paper], acme: Tenant, globex: Tenant
) -> None:
    paper([MARK])
    keys.data_key_delete(acme)
    with pytest.raises(KeyGone):
        Paper.objects.get().body  # noqa: B018
    with pytest.raises(KeyGone), transaction.atomic():
        paper([MARK])
    with tenant_context(globex):
        paper(["theirs"])
        assert Paper.objects.get().body == ["theirs"]


def test_a_model_whose_keys_the_database_makes_cannot_have_payloads() -> None:
    assert [error.id for error in Numbered._meta.get_field("body").check()] == ["tenants.E005"]
    assert Paper._meta.get_field("body").check() == []

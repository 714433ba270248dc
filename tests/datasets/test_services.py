"""Storing and deleting: whole or not at all, and only in the tenant that is entered."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import polars
import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from apps.accounts.models import User
from apps.common.demo import DemoDataset, DemoTenant
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, TooLarge
from apps.datasets import files, selectors, services
from apps.datasets.models import Dataset
from apps.datasets.reading.shapes import ROW
from apps.tenants import storage
from apps.tenants.context import tenant_context
from apps.tenants.keys import data_key_delete
from apps.tenants.models import Tenant
from apps.tenants.sealing import KeyGone, SealBroken
from tests.console.people import Someone
from tests.datasets.conftest import rows_of

Made = Callable[..., Dataset]
Stored = Callable[[], list[str]]
CSV = b"item,sold\nTea,3\nOat,\n"


def upload(user: User | None = None, name: str = "weekly.csv", content: bytes = CSV, **fields: Any) -> Dataset:
    return services.dataset_upload(file=io.BytesIO(content), name=name, user=user, **fields)


def test_an_upload_is_stored_with_its_profile_and_digest(member: Callable[..., User], stored: Stored) -> None:
    user = member()
    dataset = Dataset.objects.get(pk=upload(user).pk)
    assert (dataset.name, dataset.filename, dataset.format) == ("weekly", "weekly.csv", "csv")
    assert (dataset.rows, dataset.width, dataset.size_bytes) == (2, 2, len(CSV))
    assert dataset.sha256 == hashlib.sha256(CSV).hexdigest()
    assert dataset.created_by == user
    assert [column["nulls"] for column in dataset.columns] == [0, 1]
    assert dataset.preview == [["Tea", "3"], ["Oat", None]]
    assert rows_of(dataset) == [{ROW: 2, "item": "Tea", "sold": "3"}, {ROW: 3, "item": "Oat", "sold": None}]
    assert stored() == ["weekly"]


@pytest.mark.parametrize(
    ("name", "filename", "title"),
    [
        ("C:\\Users\\ana\\sales.csv", "sales.csv", "sales"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("", "table", "table"),
        ("a\x00b\nc.csv", "a b c.csv", "a b c"),
        ("x" * 300 + ".csv", "x" * 255, "x" * 200),
    ],
)
def test_a_file_is_named_by_its_last_part_in_one_line(
    acme: Tenant, name: str, filename: str, title: str, stored: Stored
) -> None:
    dataset = upload(name=name)
    assert (dataset.filename, dataset.name) == (filename, title)
    assert stored() == [title]


def test_a_title_is_what_people_call_it(acme: Tenant) -> None:
    assert upload(title="  Sales\tby week ").name == "Sales by week"


def test_when_the_row_cannot_be_written_no_file_stays(
    acme: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no space")

    monkeypatch.setattr(Dataset, "save", fail)
    with pytest.raises(DatabaseError):
        upload()
    assert stored() == []


def test_when_the_file_cannot_be_put_in_its_place_no_row_stays(
    acme: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        upload()
    assert stored() == []


def test_when_the_upload_breaks_off_nothing_stays(acme: Tenant, stored: Stored) -> None:
    class Broken:
        def read(self, size: int, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        services.dataset_upload(file=Broken(), name="x.csv", user=None)
    assert stored() == []


def test_nothing_plain_stays_of_an_upload_not_even_of_one_that_died(acme: Tenant, stored: Stored) -> None:
    upload()
    parts = [storage.scratch_path(name) for name in ("old.source", "fresh.source")]
    assert list(parts[0].parent.iterdir()) == []
    parts.append(files.path_of(UUID(int=0)).with_name(".old.parquet"))
    for part in parts:
        part.write_bytes(b"half a file")
    long_ago = time.time() - storage.STALE - 1
    for part in (parts[0], parts[2]):
        os.utime(part, (long_ago, long_ago))
    upload()
    assert [part.exists() for part in parts] == [False, True, False]
    assert stored() == ["weekly", "weekly"]


def test_what_is_stored_of_a_table_is_sealed(acme: Tenant, made: Made) -> None:
    dataset = made("Marked", item=["Zurich 4711"])
    table = files.path_of(dataset.pk)
    everything = b"".join(path.read_bytes() for path in Path(settings.VAR).rglob("*") if path.is_file())
    assert table.read_bytes()[:4] == b"ORKF"
    assert b"Zurich" not in everything
    assert b"PAR1" not in everything
    assert selectors.dataset_frame(dataset)["item"].to_list() == ["Zurich 4711"]


def test_the_rows_of_another_dataset_or_tenant_do_not_open(acme: Tenant, globex: Tenant, made: Made) -> None:
    mine, other = made("Mine"), made("Other")
    table = files.path_of(other.pk).read_bytes()
    files.path_of(mine.pk).write_bytes(table)
    with pytest.raises(SealBroken):
        selectors.dataset_frame(mine)
    with tenant_context(globex):
        theirs = Dataset(id=other.pk)
        files.path_of(theirs.pk).write_bytes(table)
        with pytest.raises(SealBroken):
            selectors.dataset_frame(theirs)


def test_a_plain_table_planted_among_sealed_ones_is_refused(acme: Tenant, made: Made) -> None:
    dataset = made("Mine")
    polars.DataFrame({ROW: [1], "item": ["planted"]}).write_parquet(files.path_of(dataset.pk))
    with pytest.raises(SealBroken):
        selectors.dataset_frame(dataset)
    acme.sealed_at = None  # a tenant whose older files are still to be sealed
    assert selectors.dataset_frame(dataset)["item"].to_list() == ["planted"]


def test_without_the_key_no_table_opens_and_none_is_stored(acme: Tenant, made: Made, stored: Stored) -> None:
    dataset = made("Mine")
    data_key_delete(acme)
    with pytest.raises(KeyGone):
        selectors.dataset_frame(dataset)
    with pytest.raises(KeyGone):
        upload()
    assert stored() == ["Mine"]


def test_a_frame_that_the_program_made_is_stored_as_parquet(acme: Tenant, stored: Stored) -> None:
    frame = polars.DataFrame({"item": ["Tea"], "sold": [3]})
    dataset = services.dataset_from_frame(frame=frame, name="Made", filename="made.parquet", user=None, is_demo=True)
    assert (dataset.format, dataset.is_demo, dataset.created_by) == ("parquet", True, None)
    assert rows_of(dataset) == [{ROW: 1, "item": "Tea", "sold": 3}]
    assert dataset.size_bytes > 0
    assert len(dataset.sha256) == 64
    assert stored() == ["Made"]


def test_a_frame_that_is_no_table_is_refused(acme: Tenant, stored: Stored) -> None:
    with pytest.raises(InvalidInput, match="not plain values"):
        services.dataset_from_frame(frame=polars.DataFrame({"a": [[1]]}), name="x", filename="x", user=None)
    assert stored() == []


def test_files_lie_in_the_folder_of_their_tenant(acme: Tenant, globex: Tenant, made: Made) -> None:
    mine = made("Mine")
    with tenant_context(globex):
        theirs = made("Theirs")
        assert files.path_of(theirs.pk).parts[-3:] == ("t_globex", "datasets", f"{theirs.pk}.parquet")
        with pytest.raises(NotFound):
            selectors.dataset_by_id(mine.pk)
        with pytest.raises(NotFound, match="not in the storage any more"):
            selectors.dataset_frame(mine)
    assert selectors.dataset_frame(mine).height == 3


def test_the_same_key_in_two_tenants_is_two_datasets(
    acme: Tenant, globex: Tenant, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = made("Mine", rows=1)
    monkeypatch.setattr(services, "uuid7", lambda: mine.pk)
    with tenant_context(globex):
        theirs = made("Theirs", rows=2)
        assert theirs.pk == mine.pk
        assert selectors.dataset_frame(selectors.dataset_by_id(mine.pk)).height == 2
    assert selectors.dataset_frame(selectors.dataset_by_id(mine.pk)).height == 1


def test_deleting_removes_the_row_and_then_the_file(
    member: Callable[..., User], made: Made, stored: Stored, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    user = member()
    dataset = made("Mine", user)
    with django_capture_on_commit_callbacks(execute=True):
        services.dataset_delete(who=user, user_id=user.pk, dataset=dataset)
    assert stored() == []


def test_a_deletion_that_is_rolled_back_keeps_the_file(member: Callable[..., User], made: Made, stored: Stored) -> None:
    user = member()
    dataset = made("Mine", user)
    with transaction.atomic():
        services.dataset_delete(who=user, user_id=user.pk, dataset=Dataset.objects.get(pk=dataset.pk))
        transaction.set_rollback(True)
    assert stored() == ["Mine"]


@pytest.mark.parametrize(
    ("role", "own", "may"),
    [
        ("owner", False, True),
        ("administrator", False, True),
        ("builder", False, True),
        ("analyst", True, True),
        ("analyst", False, False),
        ("approver", True, False),
        ("auditor", False, False),
        ("viewer", True, False),
    ],
)
def test_people_delete_their_own_and_builders_everybodys(
    member: Callable[..., User], made: Made, role: str, own: bool, may: bool
) -> None:
    user, other = member(role), member()
    dataset = made("Sales", user if own else other)
    assert selectors.may_change(who=user, user_id=user.pk, dataset=dataset) is may
    if not may:
        with pytest.raises(PermissionDenied, match="Nothing was changed"):
            services.dataset_delete(who=user, user_id=user.pk, dataset=dataset)


def test_what_nobody_uploaded_belongs_to_nobody(made: Made) -> None:
    assert not selectors.may_change(who=Someone("datasets.upload"), user_id=None, dataset=made("Made"))


def test_a_dataset_outlives_its_uploader(member: Callable[..., User], made: Made) -> None:
    user = member()
    dataset = made("Mine", user)
    user.delete()
    assert selectors.dataset_by_id(dataset.pk).created_by is None


def test_words_find_names_and_files(acme: Tenant, made: Made) -> None:
    for name in ("Sales 2025", "Sales 2026", "Stock"):
        made(name)
    who = Someone("datasets.view")

    def found(search: str) -> list[str]:
        return [dataset.name for dataset in selectors.datasets_page(who=who, search=search).datasets]

    assert found("sales") == ["Sales 2026", "Sales 2025"]
    assert found("2025 SALES") == ["Sales 2025"]
    assert found("stock.parquet") == ["Stock"]
    assert found("100%") == found("_") == []
    assert found("st\x00ock") == ["Stock"]


def test_who_may_not_see_datasets_is_refused_at_the_fetch(made: Made) -> None:
    dataset, nobody = made("Sales"), Someone()
    for read in (
        lambda: selectors.dataset_get(who=nobody, id=dataset.pk),
        lambda: selectors.datasets_page(who=nobody),
        lambda: selectors.datasets_query(who=nobody),
    ):
        with pytest.raises(PermissionDenied):
            read()
    assert selectors.datasets_recent(who=nobody) == []


def test_rows_given_inline_are_a_table_of_text(acme: Tenant) -> None:
    frame = selectors.rows_frame([{"item": "Tea", "sold": 3}, {"item": None, "open": True}])
    assert frame.to_dicts() == [
        {ROW: 1, "item": "Tea", "sold": "3", "open": None},
        {ROW: 2, "item": None, "sold": None, "open": "true"},
    ]
    with pytest.raises(InvalidInput, match="the first in row 2") as refused:
        selectors.rows_frame([{"item": "Tea"}, {"item": ["Oat"]}])
    assert refused.value.issues[0].path == "rows.1.item"


def test_rows_given_inline_have_the_limits_of_a_file_before_their_table_is_made(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_its_own = [{f"c{n}": n} for n in range(200)]
    assert selectors.rows_frame(each_its_own).shape == (200, 201)
    for limit, says in (("MOST_COLUMNS", "200 columns, more than 100"), ("MOST_CELLS", "200 rows of 200 columns")):
        with monkeypatch.context() as patched:
            patched.setattr(files, limit, 100)
            with pytest.raises(TooLarge, match=says):
                selectors.rows_frame(each_its_own)


def test_a_download_is_inert_and_comes_in_pieces(acme: Tenant, made: Made) -> None:
    cells = ["=1+1", "+SUM(A1)", "-2.5", "@x", "\tx", "plain", None]
    dataset = made("Odd", item=cells, n=[1, 2, 3, 4, 5, 6, 7])
    text = "".join(selectors.dataset_csv(dataset))
    assert text.splitlines() == [
        "item,n", "'=1+1,1", "'+SUM(A1),2", "-2.5,3", "'@x,4", "'\tx,5", "plain,6", ",7",
    ]  # fmt: skip


def _demo(industry: str, name: str) -> DemoTenant:
    sample = DemoDataset(name, "x.parquet", lambda chance: polars.DataFrame({"n": [chance.random()]}))
    return DemoTenant("x", "X", industry, (industry,), (), (sample,), ())


def test_samples_are_those_of_the_enabled_industries(
    acme: Tenant, member: Callable[..., User], monkeypatch: pytest.MonkeyPatch, stored: Stored
) -> None:
    acme.industries = ["retail", "dummy"]
    demos = [_demo("dummy", "Counts"), _demo("finance", "Payments"), _demo("retail", "Sales")]
    monkeypatch.setattr(selectors, "demo_tenants", lambda: iter(demos))
    assert [sample.name for sample in selectors.samples_list()] == ["Sales", "Counts"]
    user = member()
    first, second = (services.dataset_sample(name="Sales", user=user) for _ in range(2))
    assert rows_of(first) == rows_of(second)
    assert (first.is_demo, first.created_by) == (True, user)
    with pytest.raises(NotFound):
        services.dataset_sample(name="Payments", user=user)
    assert stored() == ["Sales", "Sales"]

"""What cannot be used is refused on every face with words that help, and nothing of it stays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.common.errors import InvalidInput, TooLarge
from apps.datasets.reading import shapes, store
from apps.tenants.models import Tenant
from tests.datasets.files import BAD, Bad, lying_bomb, xlsx

Stored = Callable[[], list[str]]
each_bad = pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id.replace(" ", "-"))


def _require(problem: dict[str, Any], bad: Bad) -> None:
    words = " ".join([problem["detail"], problem["remedy"], *(issue["message"] for issue in problem["issues"])])
    assert [text for text in bad.says if text not in words] == []
    assert "othing was stored" in problem["detail"]
    assert problem["remedy"] or problem["status"] == 415
    if bad.row or bad.column:
        assert (problem["issues"][0]["row"], problem["issues"][0]["column"]) == (bad.row, bad.column)


@each_bad
def test_the_api_refuses_it_and_stores_nothing(
    bad: Bad, member: Callable[..., User], api_for: Callable[..., APIClient], stored: Stored
) -> None:
    file = SimpleUploadedFile(bad.name, bad.make())
    answer = api_for(member()).post("/api/v1/datasets", {"file": file}, format="multipart")
    assert answer.status_code == bad.status
    assert answer["Content-Type"] == "application/problem+json"
    _require(answer.json(), bad)
    assert stored() == []


@each_bad
def test_the_console_refuses_it_and_stores_nothing(
    bad: Bad, member: Callable[..., User], client_for: Callable[..., Client], stored: Stored
) -> None:
    browser = client_for(member())
    form = {"file": SimpleUploadedFile(bad.name, bad.make())}
    answer = browser.post("/data/upload/", form, headers={"accept": "application/json"})
    assert answer.status_code == bad.status
    _require(answer.json(), bad)
    assert stored() == []


def test_a_form_without_scripts_is_answered_by_the_page_with_every_row(
    member: Callable[..., User], client_for: Callable[..., Client], stored: Stored
) -> None:
    form = {"file": SimpleUploadedFile("ragged.csv", b"a,b\n1,<b>,3\n4\n")}
    answer = client_for(member()).post("/data/upload/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Row 2 has 3 cells, the header has 2; “3” is one too many" in page
    assert "Row 3 has 1 cell, the header has 2" in page
    assert 'role="alert"' in page
    assert stored() == []


def test_a_file_over_the_quota_is_refused_although_its_form_is_not(
    acme: Tenant, member: Callable[..., User], api_for: Callable[..., APIClient], stored: Stored
) -> None:
    acme.max_upload_mb = 1
    acme.save()
    content = b"item,sold\n" + b"Tea,1\n" * 200_000  # 1.2 MB: less than the megabyte that a form may have besides
    answer = api_for(member()).post(
        "/api/v1/datasets", {"file": SimpleUploadedFile("big.csv", content)}, format="multipart"
    )
    assert answer.status_code == 413
    assert "A file may have 1 MB here" in answer.json()["detail"]
    assert stored() == []


@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [("MOST_ROWS", 100, "more than 100 rows"), ("MOST_CELLS", 150, "more than 150 cells (2 columns)")],
)
def test_a_table_with_too_many_rows_or_cells_is_refused_on_the_way(
    read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, limit: str, most: int, says: str
) -> None:
    monkeypatch.setattr(store, limit, most)
    with pytest.raises(TooLarge, match="more than") as refused:
        read(b"item,sold\n" + b"Tea,1\n" * 101)
    assert says in refused.value.detail


def test_the_limits_are_those_that_the_documents_name() -> None:
    assert (shapes.MOST_ROWS, shapes.MOST_CELLS, shapes.MOST_COLUMNS) == (2_000_000, 20_000_000, 16_384)


@pytest.mark.slow
def test_a_workbook_that_lies_about_its_size_costs_only_the_child(
    member: Callable[..., User], api_for: Callable[..., APIClient], stored: Stored
) -> None:
    file = SimpleUploadedFile("lie.xlsx", lying_bomb())
    answer = api_for(member()).post("/api/v1/datasets", {"file": file}, format="multipart")
    assert answer.status_code in {413, 422}
    assert "othing was stored" in answer.json()["detail"]
    assert stored() == []


def test_a_child_that_dies_refuses_the_file(
    member: Callable[..., User],
    api_for: Callable[..., APIClient],
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -9 $$\n")
    dying.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(dying))
    file = SimpleUploadedFile("fine.csv", b"item,sold\nTea,1\n")
    answer = api_for(member()).post("/api/v1/datasets", {"file": file}, format="multipart")
    assert answer.status_code == 413
    assert "more memory or time" in answer.json()["detail"]
    assert stored() == []


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({}, "file"),
        ({"file": "item,sold"}, "file"),
        ({"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"), "titel": "x"}, "titel"),
        ({"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"), "title": "x" * 201}, "title"),
    ],
)
def test_a_form_that_is_wrong_names_its_field(
    form: dict[str, Any], path: str, member: Callable[..., User], api_for: Callable[..., APIClient], stored: Stored
) -> None:
    answer = api_for(member()).post("/api/v1/datasets", form, format="multipart")
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]
    assert stored() == []


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(read: Callable[..., Any]) -> None:
    book = xlsx([["a", "b"], [1, 2]], sheets=("Data", "Notes"))
    with pytest.raises(InvalidInput, match=r"There is no sheet “Dato”.* Data, Notes"):
        read(book, sheet="Dato")
    with pytest.raises(InvalidInput, match="Only a workbook has sheets"):
        read(b"a,b\n1,2\n", sheet="Data")
    with pytest.raises(InvalidInput, match="holds no rows") as refused:
        read(xlsx([], sheets=("Cover", "Data")))
    assert "Only the sheet “Cover” was read. For another one name it; there are also: Data." in refused.value.remedy

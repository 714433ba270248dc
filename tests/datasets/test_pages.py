"""The console's pages of datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import polars
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.common.demo import DemoDataset, DemoTenant
from apps.datasets import files, selectors
from apps.datasets.models import Dataset
from apps.datasets.uses import USES, Use
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.console.test_policy import INLINE
from tests.datasets.files import xlsx

Make = Callable[..., User]
Browser = Callable[..., Client]
Made = Callable[..., Dataset]
LIST, UPLOAD = "/data/", "/data/upload/"
JSON = {"accept": "application/json"}


def csv_file(name: str = "weekly.csv", content: bytes = b"item,sold\nTea,3\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst", name="Ana Analyst", email="ana@example.org")


@pytest.fixture
def browser(analyst: User, client_for: Browser) -> Client:
    return client_for(analyst)


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = DemoDataset("Counts", "counts.parquet", lambda chance: polars.DataFrame({"n": [chance.random()]}))
    demo = DemoTenant("x", "X", "dummy", ("dummy",), (), (sample,), ())
    monkeypatch.setattr(selectors, "demo_tenants", lambda: iter([demo]))


def test_the_list_shows_who_uploaded_what_and_how_much(browser: Client, analyst: User, made: Made) -> None:
    made("Sales <b>2026</b>", analyst, rows=1234)
    page = browser.get(LIST).content.decode()
    assert "Sales &lt;b&gt;2026&lt;/b&gt;" in page
    assert "1,234" in page
    assert "Ana Analyst" in page
    assert ">Demo<" not in page


def test_generated_data_is_marked(browser: Client, made: Made) -> None:
    dataset = made("Sales")
    Dataset.objects.filter(pk=dataset.pk).update(is_demo=True)
    for path in (LIST, f"{LIST}{dataset.pk}/"):
        assert ">Demo<" in browser.get(path).content.decode()


def test_an_empty_list_leads_to_an_upload_and_to_samples(browser: Client, samples: None) -> None:
    page = browser.get(LIST).content.decode()
    assert "No data yet" in page
    assert 'type="file"' in page
    assert "Load “Counts”" in page


def test_a_sample_is_loaded_with_one_click(browser: Client, samples: None, stored: Callable[[], list[str]]) -> None:
    answer = browser.post(f"{LIST}sample/", {"name": "Counts"}, follow=True)
    assert "generated data to try things with" in answer.content.decode()
    assert stored() == ["Counts"]
    assert Dataset.objects.get().is_demo


def test_a_sample_that_is_not_there_is_not_found(browser: Client, samples: None) -> None:
    assert browser.post(f"{LIST}sample/", {"name": "Gold"}).status_code == 404


def test_who_may_only_look_sees_no_upload(member: Make, client_for: Browser, samples: None) -> None:
    page = client_for(member("auditor")).get(LIST).content.decode()
    assert 'type="file"' not in page
    assert "Load “" not in page
    assert "can upload tables" in page


def test_a_search_keeps_its_words_and_offers_to_be_cleared(browser: Client, made: Made) -> None:
    made("Sales")
    made("Stock")
    page = browser.get(LIST, {"q": "sal"}).content.decode()
    assert "Sales" in page
    assert "stock.parquet" not in page
    assert 'value="sal"' in page
    page = browser.get(LIST, {"q": "nothing like it"}).content.decode()
    assert "No dataset matches" in page
    assert "Clear the search" in page


def test_pages_follow_each_other_and_keep_the_search(
    browser: Client, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE", 2)
    for number in range(5):
        made(f"Sales {number}")
    first = browser.get(LIST, {"q": "sales"}).content.decode()
    assert "Sales 4" in first
    assert "Sales 2" not in first
    assert 'href="/data/?q=sales&amp;page=2"' in first
    last = browser.get(LIST, {"page": 99}).content.decode()
    assert "Sales 0" in last
    assert 'href="/data/?page=2"' in last
    assert "Next" not in last.partition("o-pages")[2]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=-1", "page=99999999999", "q=%00", "q=%25", "page=²"])
def test_a_query_that_makes_no_sense_narrows_nothing(browser: Client, query: str) -> None:
    assert browser.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize("path", [LIST, "/api/v1/datasets"])
def test_a_list_costs_the_same_for_any_number_of_datasets(
    browser: Client, analyst: User, member: Make, made: Made, path: str
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return len(captured)

    made("First", analyst)
    statements()  # the session is read and the tenant remembered
    few = statements()
    for number in range(20):
        made(f"Sales {number}", member())
    assert statements() == few
    assert few <= 6


def test_a_dataset_shows_its_columns_its_rows_and_how_it_was_read(browser: Client) -> None:
    answer = browser.post(UPLOAD, {"file": csv_file(content=b"item;sold\nTea <i>;3\nOat;\n")}, follow=True)
    page = answer.content.decode()
    assert "“weekly” is stored: 2 rows." in page
    assert "UTF-8 text, separated by semicolons" in page
    assert Dataset.objects.get().sha256 in page
    assert "Whole number" in page
    assert "50.0\N{NO-BREAK SPACE}%" in page
    assert "Tea &lt;i&gt;" in page
    assert "2 of 2 rows" in page
    assert f"http://acme.localhost/api/v1/datasets/{Dataset.objects.get().pk}" in page


def test_the_columns_are_searched_and_sorted_by_the_address(browser: Client, made: Made) -> None:
    dataset = made("Wide", **{f"n{number}x": [number, None] for number in range(30)})
    page = browser.get(f"{LIST}{dataset.pk}/", {"columns.q": "n29x"}).content.decode()
    table = page.partition('id="t-columns"')[2].partition("</section>")[0]
    assert "n29x" in table
    assert "n28x" not in table


def test_a_table_wider_than_its_preview_says_so(browser: Client, made: Made) -> None:
    dataset = made("Wide", **{f"c{number}": ["x"] * 60 for number in range(60)})
    assert "20 of 60 rows, 50 of 60 columns" in browser.get(f"{LIST}{dataset.pk}/").content.decode()


def test_a_dataset_page_costs_the_same_for_any_size(browser: Client, made: Made) -> None:
    small, large = made("Small", rows=1), made("Large", **{f"c{n}": ["x"] * 500 for n in range(100)})

    def statements(dataset: Dataset) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"{LIST}{dataset.pk}/").status_code == 200
        return len(captured)

    statements(small)
    assert statements(small) == statements(large) <= 5


def test_what_a_dataset_can_be_used_for_is_offered(
    browser: Client, analyst: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(request: HttpRequest, dataset: Dataset) -> list[Use]:
        return [Use("Count it", f"/count/?table={dataset.pk}", "robot", "Counts the rows")] if request.user else []

    dataset = made("Sales")
    monkeypatch.setattr(USES, "_items", {"test": find})
    page = browser.get(f"{LIST}{dataset.pk}/").content.decode()
    assert f'href="/count/?table={dataset.pk}"' in page
    monkeypatch.setattr(USES, "_items", {})
    assert "No agent that you may run works on tables" in browser.get(f"{LIST}{dataset.pk}/").content.decode()


def test_a_script_gets_the_dataset_as_json(browser: Client, stored: Callable[[], list[str]]) -> None:
    answer = browser.post(UPLOAD, {"file": csv_file(), "title": "Sales by week"}, headers=JSON)
    assert answer.status_code == 201
    body = answer.json()
    dataset = Dataset.objects.get()
    assert (body["id"], body["name"], body["rows"], body["width"]) == (str(dataset.pk), "Sales by week", 1, 2)
    assert body["url"] == answer["Location"] == f"/data/{dataset.pk}/"
    assert dataset.created_by is not None
    assert stored() == ["Sales by week"]


def test_a_sheet_can_be_named(browser: Client) -> None:
    book = csv_file("book.xlsx", xlsx([["a", "b"], [1, 2]], sheets=("Data", "Notes")))
    assert browser.post(UPLOAD, {"file": book, "sheet": "Data"}, headers=JSON).status_code == 201
    assert Dataset.objects.get().read_as == "Workbook, sheet “Data”"


def test_a_form_without_a_file_says_so(browser: Client, stored: Callable[[], list[str]]) -> None:
    answer = browser.post(UPLOAD, {"title": "x"})
    assert answer.status_code == 422
    assert "No file was chosen" in answer.content.decode()
    assert browser.post(UPLOAD, {"title": "x"}, headers=JSON).json()["issues"][0]["path"] == "file"
    assert stored() == []


def test_two_files_at_once_are_refused(browser: Client, stored: Callable[[], list[str]]) -> None:
    answer = browser.post(UPLOAD, {"file": [csv_file("a.csv"), csv_file("b.csv")]}, headers=JSON)
    assert answer.status_code == 400
    assert stored() == []


def test_an_upload_needs_the_token_of_its_form(
    analyst: User, client_for: Browser, stored: Callable[[], list[str]]
) -> None:
    answer = client_for(analyst, enforce_csrf_checks=True).post(UPLOAD, {"file": csv_file()}, headers=JSON)
    assert answer.status_code == 403
    assert stored() == []


@pytest.mark.parametrize("role", ["approver", "auditor", "viewer"])
def test_who_may_not_upload_is_refused_and_nothing_is_stored(
    role: str, member: Make, client_for: Browser, stored: Callable[[], list[str]]
) -> None:
    client = client_for(member(role))
    assert client.post(UPLOAD, {"file": csv_file()}, headers=JSON).status_code == 403
    assert client.post(f"{LIST}sample/", {"name": "Counts"}).status_code == 403
    assert stored() == []


def test_a_download_is_the_table_as_csv(browser: Client, made: Made) -> None:
    dataset = made("Sales/2026 “x”", item=["Tea", "=1"], sold=[1, None])
    answer: Any = browser.get(f"{LIST}{dataset.pk}/rows.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert "/" not in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content) == b"item,sold\r\nTea,1\r\n'=1,\r\n"


def test_rows_that_are_lost_are_told_as_not_found(browser: Client, made: Made) -> None:
    dataset = made("Sales")
    files.path_of(dataset.pk).unlink()
    answer = browser.get(f"{LIST}{dataset.pk}/rows.csv")
    assert answer.status_code == 404
    assert "restore it from a backup" in answer.content.decode()


def test_a_dataset_is_renamed_on_a_page_of_its_own(browser: Client, analyst: User, made: Made) -> None:
    dataset = made("Sales", analyst)
    page = f"/data/{dataset.pk}/"
    assert f'href="{page}rename/"' in browser.get(page).content.decode()
    assert 'value="Sales"' in browser.get(f"{page}rename/").content.decode()
    answer = browser.post(f"{page}rename/", {"name": " "})
    assert answer.status_code == 422
    assert "Give a name of 1 to 200 characters." in answer.content.decode()
    answer = browser.post(f"{page}rename/", {"name": "Weekly sales"}, follow=True)
    assert "It is called “Weekly sales” now." in answer.content.decode()
    dataset.refresh_from_db()
    assert dataset.name == "Weekly sales"


def test_what_others_uploaded_is_not_offered_to_be_renamed(browser: Client, member: Make, made: Made) -> None:
    page = f"/data/{made('Sales', member()).pk}/"
    assert "rename/" not in browser.get(page).content.decode()
    assert browser.get(f"{page}rename/").status_code == 403
    assert browser.post(f"{page}rename/", {"name": "Mine"}).status_code == 403


def test_deleting_is_asked_for_first_and_then_done(
    browser: Client,
    analyst: User,
    made: Made,
    stored: Callable[[], list[str]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    dataset = made("Sales", analyst)
    page = browser.get(f"{LIST}{dataset.pk}/delete/").content.decode()
    assert "Delete “Sales”?" in page
    assert "Its 3 rows are deleted for everybody. This cannot be undone." in page
    assert page.index("Keep it") < page.index("Delete the dataset")
    assert stored() == ["Sales"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(f"{LIST}{dataset.pk}/delete/")
    assert answer["Location"] == LIST
    assert "“Sales” is deleted." in browser.get(LIST).content.decode()
    assert stored() == []


def test_what_others_uploaded_is_not_offered_to_be_deleted(
    browser: Client, member: Make, made: Made, client_for: Browser, stored: Callable[[], list[str]]
) -> None:
    dataset = made("Sales", member())
    page = browser.get(f"{LIST}{dataset.pk}/").content.decode()
    assert f"{dataset.pk}/delete/" not in page
    assert "Who uploaded it may delete it" in page
    for answer in (browser.get(f"{LIST}{dataset.pk}/delete/"), browser.post(f"{LIST}{dataset.pk}/delete/")):
        assert answer.status_code == 403
        assert "Ask a builder" in answer.content.decode()
    assert stored() == ["Sales"]
    assert f"{dataset.pk}/delete/" in client_for(member("builder")).get(f"{LIST}{dataset.pk}/").content.decode()


def test_a_dataset_of_another_tenant_is_not_found(browser: Client, globex: Tenant, made: Made) -> None:
    with tenant_context(globex):
        theirs = made("Secrets of globex")
    for id in (theirs.pk, UUID(int=1), uuid4()):
        for path in ("", "rows.csv", "delete/"):
            answer = browser.get(f"{LIST}{id}/{path}")
            assert answer.status_code == 404
            assert "globex" not in answer.content.decode()
        assert browser.post(f"{LIST}{id}/delete/").status_code == 404
    assert "Secrets" not in browser.get(LIST).content.decode()
    with tenant_context(globex):
        assert Dataset.objects.count() == 1


def test_who_may_not_see_data_is_refused_everywhere(member: Make, client_for: Browser, made: Made) -> None:
    client, dataset = client_for(member("viewer")), made("Sales")
    for path in (LIST, f"{LIST}{dataset.pk}/", f"{LIST}{dataset.pk}/rows.csv", f"{LIST}{dataset.pk}/delete/"):
        assert client.get(path).status_code == 403
    assert "/data/" not in client.get("/").content.decode()


def test_who_is_not_signed_in_is_asked_to(client_for: Browser, stored: Callable[[], list[str]]) -> None:
    assert client_for().get(LIST)["Location"].startswith("/accounts/login/")
    assert client_for().post(UPLOAD, {"file": csv_file()}, headers=JSON).status_code == 401
    assert stored() == []


def test_data_is_in_the_menu_and_its_datasets_in_the_palette(browser: Client, made: Made) -> None:
    dataset = made("Weekly sales")
    assert 'href="/data/" aria-current="page" data-letter="t"' in browser.get(LIST).content.decode()
    groups = {
        group["title"]: group["items"] for group in browser.get("/palette.json", {"q": "weekly"}).json()["groups"]
    }
    assert groups["Data"] == [
        {"title": "Weekly sales", "url": f"/data/{dataset.pk}/", "icon": "database", "hint": "3 rows"}
    ]


def test_the_palette_finds_no_dataset_for_who_may_not_see_them(member: Make, client_for: Browser, made: Made) -> None:
    made("Weekly sales")
    groups = client_for(member("viewer")).get("/palette.json", {"q": "weekly"}).json()["groups"]
    assert "Weekly sales" not in str(groups)


def test_the_pages_carry_nothing_inline(browser: Client, analyst: User, made: Made) -> None:
    dataset = made("Sales", analyst)
    for path in (LIST, f"{LIST}{dataset.pk}/", f"{LIST}{dataset.pk}/delete/"):
        page = browser.get(path).content.decode()
        assert [name for name, pattern in INLINE.items() if pattern.search(page)] == []

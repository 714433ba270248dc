"""Datasets over the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.datasets.models import Dataset
from apps.gateway import services as gateway
from apps.gateway.openapi import document
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

Make = Callable[..., User]
Api = Callable[..., APIClient]
Made = Callable[..., Dataset]
URL = "/api/v1/datasets"


def form(**fields: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("weekly.csv", b"item,sold\nTea,3\nOat,\n"), **fields}


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst", email="ana@example.org")


@pytest.fixture
def api(analyst: User, api_for: Api) -> APIClient:
    return api_for(analyst)


def test_an_upload_answers_201_with_the_profile(api: APIClient, stored: Callable[[], list[str]]) -> None:
    answer = api.post(URL, form(title="Sales"), format="multipart")
    assert answer.status_code == 201
    body = answer.json()
    assert answer["Location"] == f"{URL}/{body['id']}"
    assert (body["name"], body["filename"], body["format"], body["rows"]) == ("Sales", "weekly.csv", "csv", 2)
    assert body["columns"][1] == {"name": "sold", "type": "integer", "nulls": 1, "examples": ["3"]}
    assert body["preview"] == [["Tea", "3"], ["Oat", None]]
    assert body["created_by"] == "ana@example.org"
    assert api.get(answer["Location"]).json() == body
    assert stored() == ["Sales"]


def test_json_is_no_way_to_send_a_file(api: APIClient, stored: Callable[[], list[str]]) -> None:
    answer = api.post(URL, {"file": "item,sold"}, format="json")
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["remedy"]
    assert stored() == []


def test_the_list_goes_page_by_page_and_by_words(api: APIClient, made: Made) -> None:
    for number in range(5):
        made(f"Sales {number}")
    made("Stock")
    first = api.get(URL, {"limit": "3", "q": "sales"}).json()
    assert [item["name"] for item in first["items"]] == ["Sales 4", "Sales 3", "Sales 2"]
    assert "columns" not in first["items"][0]
    rest = api.get(first["next"]).json()
    assert [item["name"] for item in rest["items"]] == ["Sales 1", "Sales 0"]
    assert rest["next"] is None


@pytest.mark.parametrize("query", [{"q": "x" * 101}, {"limit": "0"}, {"cursor": "made up"}])
def test_a_query_that_makes_no_sense_is_told(api: APIClient, query: dict[str, str]) -> None:
    answer = api.get(URL, query)
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == next(iter(query))


def test_a_list_is_narrowed_to_a_span_of_time_and_ordered(api: APIClient, made: Made) -> None:
    first, second, third = (made(name) for name in ("b", "c", "a"))

    def found(**query: str) -> list[str]:
        return [item["name"] for item in api.get(URL, query).json()["items"]]

    assert found(since=second.created_at.isoformat()) == ["a", "c"]
    assert found(before=second.created_at.isoformat()) == ["b"]
    assert found(since=second.created_at.isoformat(), before=third.created_at.isoformat()) == ["c"]
    assert found(before="0001-01-01T00:00:00+14:00") == []
    assert found(since="9999-12-31T23:59:59-14:00") == []
    assert found(order="name", limit="2") == ["a", "b"]
    assert found(order="created_at") == ["b", "c", "a"]
    assert api.get(URL, {"before": "soon"}).json()["issues"][0]["path"] == "before"
    assert first.created_at < second.created_at < third.created_at


@pytest.mark.parametrize("order", ["name", "-name", "created_at", "-created_at"])
def test_an_order_is_that_of_an_index(acme: Tenant, order: str) -> None:
    sign, column = order[: -len(order.removeprefix("-"))], order.removeprefix("-")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
    place = Dataset.objects.filter(**{f"{column}__lte": "x" if column == "name" else timezone.now()})
    plan = place.order_by(order, f"{sign}id")[:3].explain()
    assert re.search(rf"Index Scan (Backward )?using \w+ on datasets_dataset .*\n\s+Index Cond: \(+{column}\b", plan), (
        plan
    )
    assert "Sort" not in plan


def test_the_rows_come_as_csv(api: APIClient, made: Made) -> None:
    dataset = made("Sales", item=["Tea", "=1"], sold=[1.5, None])
    answer: Any = api.get(f"{URL}/{dataset.pk}/rows.csv", headers={"accept": "text/csv"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert b"".join(answer.streaming_content) == b"item,sold\r\nTea,1.5\r\n'=1,\r\n"


def test_rows_that_are_not_there_are_told_as_a_problem(api: APIClient) -> None:
    answer = api.get(f"{URL}/{uuid4()}/rows.csv")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_dataset_gets_another_name_and_keeps_all_else(api: APIClient, analyst: User, made: Made) -> None:
    before = api.get(f"{URL}/{made('Sales', analyst).pk}")
    address = f"{URL}/{before.json()['id']}"
    answer = api.patch(address, {"name": "  Weekly\nsales "}, headers={"If-Match": before["ETag"]})
    assert answer.status_code == 200
    assert answer.json() == before.json() | {"name": "Weekly sales"} == api.get(address).json()
    assert api.patch(address, {"name": "Mine"}, headers={"If-Match": before["ETag"]}).status_code == 412
    assert api.delete(address, headers={"If-Match": before["ETag"]}).status_code == 412
    assert Dataset.objects.get().name == "Weekly sales"


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 201}, {"name": "\n"}, {"name": None}, {}])
def test_a_name_that_is_none_is_refused(api: APIClient, analyst: User, made: Made, body: dict[str, Any]) -> None:
    answer = api.patch(f"{URL}/{made('Sales', analyst).pk}", body)
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == "name"
    assert Dataset.objects.get().name == "Sales"


def test_nothing_but_the_name_is_changed(api: APIClient, analyst: User, made: Made) -> None:
    answer = api.patch(f"{URL}/{made('Sales', analyst).pk}", {"name": "a", "rows": 1})
    assert [issue["path"] for issue in answer.json()["issues"]] == ["rows"]


def test_what_others_uploaded_keeps_its_name(api: APIClient, member: Make, made: Made) -> None:
    answer = api.patch(f"{URL}/{made('Sales', member()).pk}", {"name": "Mine"})
    assert answer.status_code == 403
    assert Dataset.objects.get().name == "Sales"


def test_a_change_reads_the_row_that_it_has_locked(api: APIClient, analyst: User, made: Made) -> None:
    address = f"{URL}/{made('Sales', analyst).pk}"
    for method in ("patch", "delete"):
        with CaptureQueriesContext(connection) as caught:
            getattr(api, method)(address, {"name": "a"})
        assert sum('FOR UPDATE OF "datasets_dataset"' in each["sql"] for each in caught) == 1


def test_a_deletion_answers_204_and_leaves_nothing(
    api: APIClient,
    analyst: User,
    made: Made,
    stored: Callable[[], list[str]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    dataset = made("Sales", analyst)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{URL}/{dataset.pk}").status_code == 204
    assert stored() == []
    assert api.delete(f"{URL}/{dataset.pk}").status_code == 404


def test_what_others_uploaded_is_not_deleted(
    api: APIClient, member: Make, made: Made, stored: Callable[[], list[str]]
) -> None:
    answer = api.delete(f"{URL}/{made('Sales', member()).pk}")
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.json()["detail"]
    assert stored() == ["Sales"]


@pytest.mark.parametrize("role", ["viewer", "approver", "auditor"])
def test_reading_roles_change_nothing(
    role: str, member: Make, api_for: Api, made: Made, stored: Callable[[], list[str]]
) -> None:
    user = member(role)
    api, dataset = api_for(user), made("Sales", user)
    assert api.post(URL, form(), format="multipart").status_code == 403
    assert api.delete(f"{URL}/{dataset.pk}").status_code == 403
    assert api.get(URL).status_code == (403 if role == "viewer" else 200)
    assert stored() == ["Sales"]


def test_a_key_does_what_its_scopes_say_and_no_more(member: Make, api_for: Api, made: Made) -> None:
    owner, dataset = member("owner"), made("Sales")
    _, text = gateway.key_create(who=Caller(owner), name="reader", scopes=["datasets.view"], days=1)
    api = api_for()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert api.get(f"{URL}/{dataset.pk}").status_code == 200
    assert api.post(URL, form(), format="multipart").status_code == 403
    assert api.delete(f"{URL}/{dataset.pk}").status_code == 403
    assert Dataset.objects.count() == 1


def test_a_dataset_of_another_tenant_is_not_found(api: APIClient, globex: Tenant, made: Made) -> None:
    with tenant_context(globex):
        theirs = made("Secrets of globex")
    for method, path in (("get", ""), ("patch", ""), ("delete", ""), ("get", "/rows.csv")):
        answer = getattr(api, method)(f"{URL}/{theirs.pk}{path}", {"name": "Mine"})
        assert answer.status_code == 404
        assert "globex" not in answer.content.decode()
    assert api.get(URL).json() == {"items": [], "next": None}


def test_nobody_is_asked_for_a_credential(api_for: Api) -> None:
    for answer in (api_for().get(URL), api_for().post(URL, form(), format="multipart")):
        assert answer.status_code == 401


def test_the_document_describes_the_form_and_the_answers() -> None:
    paths = document()["paths"]
    upload = paths[URL]["post"]
    body = upload["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
    schema = document()["components"]["schemas"][body]
    assert schema["properties"]["file"]["format"] == "binary"
    assert schema["required"] == ["file"]
    assert {"201", "401", "403", "413", "415", "422"} <= set(upload["responses"])
    assert {name: operation["x-permission"] for name, operation in paths[f"{URL}/{{id}}"].items()} == {
        "get": "datasets.view",
        "patch": "datasets.upload",
        "delete": "datasets.upload",
    }
    assert "text/csv" in paths[f"{URL}/{{id}}/rows.csv"]["get"]["responses"]["200"]["content"]
    assert "examples" in document()["components"]["schemas"]["DatasetDetail"]

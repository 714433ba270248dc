"""Requests of people, holds and periods over the API: who may, what is told, and what goes wrong with which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.compliance.models import LegalHold, PrivacyFind, PrivacyRequest, RetentionPeriod

Make = Callable[..., User]
REQUESTS, HOLDS, PERIOD = "/api/v1/privacy-requests", "/api/v1/legal-holds", "/api/v1/retention/dummy.log"


@pytest.fixture
def admin(member: Make) -> User:
    return member("administrator")


@pytest.fixture
def api(admin: User, api_for: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch) -> APIClient:
    monkeypatch.setattr("apps.gateway.api.base.ApiView.step_up", frozenset(), raising=False)
    for name in ("PrivacyRequests", "PrivacyRequestConfirm", "PrivacyFile", "LegalHoldRelease"):
        monkeypatch.setattr(f"apps.compliance.requests.api.{name}.step_up", frozenset())
    return api_for(admin)


def begun(api: APIClient, **fields: object) -> PrivacyRequest:
    said = {"kind": "erase", "identifiers": ["C-100417"], "reason": "A letter"}
    answer = api.post(REQUESTS, {**said, **fields}, format="json")
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"{REQUESTS}/{answer.json()['id']}"
    return PrivacyRequest.objects.get(pk=answer.json()["id"])


def test_a_request_is_begun_confirmed_and_called_off(api: APIClient) -> None:
    request = begun(api)
    assert api.post(f"{REQUESTS}/{request.pk}/confirm", {"typed": request.ref}, format="json").status_code == 409
    PrivacyRequest.objects.update(status="found", progress={"agents.run": {"found": 1, "looked": 3}})
    PrivacyFind.objects.create(
        request=request, kind="agents.run", row="1", content={"title": "R-1", "url": "/runs/R-1/"}
    )
    assert api.get(f"{REQUESTS}/{request.pk}").json()["found"][0]["found"] == 1
    assert api.get(f"{REQUESTS}/{request.pk}/finds").json()["items"][0]["title"] == "R-1"
    answer = api.post(f"{REQUESTS}/{request.pk}/confirm", {"typed": "P-0"}, format="json")
    assert (answer.status_code, answer.json()["issues"][0]["path"]) == (422, "typed")
    answer = api.post(f"{REQUESTS}/{request.pk}/confirm", {"typed": request.ref}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (200, "erasing")
    assert api.post(f"{REQUESTS}/{request.pk}/cancel").status_code == 200
    assert "C-100417" not in api.get(REQUESTS).content.decode()


def test_a_file_that_is_not_there_is_not_found(api: APIClient) -> None:
    assert api.get(f"{REQUESTS}/{begun(api).pk}/file").status_code == 404


def test_a_hold_refuses_with_a_code_of_its_own(api: APIClient) -> None:
    said = {"title": "Matter", "reason": "A court", "identifiers": ["C-100417"]}
    made = api.post(HOLDS, said, format="json").json()
    answer = api.post(REQUESTS, {"kind": "erase", "identifiers": ["c-100417"], "reason": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "legal_hold")
    assert api.get(f"{HOLDS}/{made['id']}").json()["everything"] is False
    assert api.post(f"{HOLDS}/{made['id']}/release").json()["released_at"]
    assert api.post(f"{HOLDS}/{made['id']}/release").status_code == 409
    assert LegalHold.objects.get().reason == "A court"
    begun(api)


def test_a_period_is_set_on_the_state_that_was_read(api: APIClient) -> None:
    read = api.get(PERIOD)
    assert (read.json()["days"], read.json()["is_default"]) == (30, True)
    answer = api.put(PERIOD, {"days": 20}, format="json", headers={"If-Match": read["ETag"]})
    assert (answer.json()["days"], answer.json()["wanted"]) == (30, 20)
    assert answer.json()["comes_at"]
    again = api.put(PERIOD, {"days": 10}, format="json", headers={"If-Match": read["ETag"]})
    assert (again.status_code, again.json()["code"]) == (412, "precondition_failed")
    assert RetentionPeriod.objects.get().days == 20
    assert api.put(PERIOD, {"days": 500}, format="json").status_code == 422
    assert api.get("/api/v1/retention/nothing").status_code == 404
    assert {each["kind"] for each in api.get("/api/v1/retention").json()["items"]} > {"dummy.log", "audit.facts"}
    assert api.get("/api/v1/retention-records").json()["items"] == []


def test_an_auditor_reads_counts_and_nothing_of_the_person(
    api: APIClient, member: Make, api_for: Callable[..., APIClient]
) -> None:
    request = begun(api)
    auditor = api_for(member("auditor"))
    assert auditor.get(f"{REQUESTS}/{request.pk}").status_code == auditor.get(PERIOD).status_code == 200
    assert auditor.get(f"{REQUESTS}/{request.pk}/finds").status_code == 403
    assert auditor.post(f"{REQUESTS}/{request.pk}/cancel").status_code == 403
    assert auditor.put(PERIOD, {"days": 20}, format="json").status_code == 403

"""The pages of personal data and of retention: who sees what, and what their forms do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.common import work
from apps.common.privacy import RETAINED
from apps.common.work import Claim
from apps.compliance.models import LegalHold, PrivacyRequest, RetentionPeriod
from apps.compliance.requests import services, working
from tests.compliance.privacy_ground import EMAIL, NAME, NUMBER, plant

Make = Callable[..., User]
Browse = Callable[..., Client]


class Row:
    def finish(self) -> None: ...

    def postpone(self, due_at: Any) -> None: ...


@contextmanager
def fenced(claim: Claim) -> Iterator[Row]:
    yield Row()


@pytest.fixture
def ana(member: Make) -> User:
    return member(name=NAME, email=EMAIL)


@pytest.fixture
def admin(member: Make, ana: User) -> User:
    return member("administrator")


@pytest.fixture
def browser(admin: User, client_for: Browse, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(work, "fenced", fenced)
    monkeypatch.setattr(work, "stopping", lambda claim: False)
    monkeypatch.setattr("apps.console.stepup.is_fresh", lambda session: True)
    return client_for(admin)


def worked(request: PrivacyRequest) -> PrivacyRequest:
    working.request_perform(Claim(services.KIND, request.pk, "t_acme", 1, 0, 0))
    return PrivacyRequest.objects.get(pk=request.pk)


def begun(browser: Client, **fields: str) -> PrivacyRequest:
    said = {"kind": "erase", "identifiers": f"{NUMBER}\n{EMAIL}", "reason": "A letter"}
    answer = browser.post("/privacy/new/", {**said, **fields})
    assert answer.status_code == 302, answer.content
    return PrivacyRequest.objects.get()


def test_a_person_is_erased_by_forms_after_a_look_at_what_was_found(browser: Client, ana: User) -> None:
    plant(ana, times=1)
    request = begun(browser)
    url = f"/privacy/requests/{request.pk}/"
    assert 'data-at-work="true"' in browser.get(url).content.decode()
    worked(request)
    html = browser.get(url).content.decode()
    assert "Waits for your word" in html
    assert "/runs/R-" in html
    assert "Decisions of agents" in html
    answer = browser.post(f"{url}confirm/", {"typed": "yes"})
    assert answer.status_code == 422
    assert f"Type {request.ref}" in answer.content.decode()
    assert browser.post(f"{url}confirm/", {"typed": request.ref}).status_code == 302
    assert worked(request).status == "done"
    html = browser.get(url).content.decode()
    assert "Done" in html
    assert EMAIL not in html
    record = browser.get(f"{url}record.json").json()
    assert record["status"] == "done"
    assert all(each["erased_at"] for each in record["records"])
    assert browser.get(f"{url}record.csv").content.startswith(b"request,kind,row,erased_at,digest")


def test_a_copy_is_downloaded(browser: Client, ana: User) -> None:
    request = worked(begun(browser, kind="export"))
    answer = browser.get(f"/privacy/requests/{request.pk}/file.zip")
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == f'attachment; filename="{request.ref}-personal-data.zip"'
    assert "no-store" in answer["Cache-Control"]
    assert "downloaded 1 time<" in browser.get(f"/privacy/requests/{request.pk}/").content.decode()


def test_a_form_says_what_is_wrong_and_keeps_what_was_entered(browser: Client) -> None:
    answer = browser.post("/privacy/new/", {"kind": "erase", "identifiers": "abc", "reason": ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Give 4 to 200 characters" in html
    assert ">abc</textarea>" in html
    assert not PrivacyRequest.objects.exists()
    assert browser.post("/privacy/new/", {"kind": "erase", "member": "x", "reason": "y"}).status_code == 422


def test_a_request_is_called_off(browser: Client) -> None:
    request = worked(begun(browser))
    url = f"/privacy/requests/{request.pk}/"
    assert browser.post(f"{url}cancel/").status_code == 302
    assert PrivacyRequest.objects.get().status == "cancelled"
    assert browser.post(f"{url}cancel/").status_code == 409


def test_an_auditor_sees_counts_and_the_record_and_no_word_of_the_person(
    browser: Client, ana: User, member: Make, client_for: Browse
) -> None:
    plant(ana, times=1)
    request = worked(begun(browser))
    auditor = client_for(member("auditor"))
    url = f"/privacy/requests/{request.pk}/"
    html = auditor.get(url).content.decode()
    assert "Decisions of agents" in html
    for secret in (NAME, EMAIL, NUMBER, "A letter", "Erase for good"):
        assert secret not in html
    for path in (f"{url}record.json", "/privacy/", "/retention/", "/retention/dummy.log/", "/retention/records.csv"):
        assert auditor.get(path).status_code == 200, path
    for path in ("/privacy/new/", "/privacy/holds/new/", f"{url}file.zip"):
        assert auditor.get(path).status_code == 403, path
    for path in (f"{url}confirm/", f"{url}cancel/", "/retention/dummy.log/"):
        assert auditor.post(path).status_code == 403, path


@pytest.mark.parametrize("role", ["builder", "analyst", "approver", "viewer"])
def test_others_see_nothing_of_it(member: Make, client_for: Browse, role: str) -> None:
    client = client_for(member(role))
    assert client.get("/privacy/").status_code == client.get("/retention/").status_code == 403


def test_a_hold_is_set_seen_and_released(browser: Client) -> None:
    said = {"title": "Matter 7", "reason": "A court", "scope": "everything"}
    assert browser.post("/privacy/holds/new/", {**said, "title": ""}).status_code == 422
    assert browser.post("/privacy/holds/new/", said).status_code == 302
    hold = LegalHold.objects.get()
    assert "Matter 7" in browser.get("/retention/").content.decode()
    assert "Release the hold" in browser.get(f"/privacy/holds/{hold.pk}/").content.decode()
    assert browser.post(f"/privacy/holds/{hold.pk}/").status_code == 302
    assert "was released" in browser.get(f"/privacy/holds/{hold.pk}/").content.decode()


@pytest.mark.parametrize(("number", "unit", "days"), [("12", "days", 12), ("2", "months", 61)])
def test_a_period_is_set_by_a_form(browser: Client, number: str, unit: str, days: int) -> None:
    entered = {"how": "period", "number": number, "unit": unit}
    assert browser.post("/retention/dummy.log/", entered).status_code == 302
    assert RetentionPeriod.objects.get(pk="dummy.log").days == days
    assert browser.post("/retention/dummy.log/", {"how": "default"}).status_code == 302
    assert not RetentionPeriod.objects.get(pk="dummy.log").is_set


@pytest.mark.parametrize("entered", [{"how": "period", "number": "x"}, {"how": "?"}, {"how": "keep"}])
def test_a_period_that_cannot_be_is_refused_where_it_stands(browser: Client, entered: dict[str, str]) -> None:
    answer = browser.post("/retention/dummy.log/", entered)
    assert answer.status_code == 422
    assert "The period stays as it was" in answer.content.decode()
    assert browser.get("/retention/nothing.here/").status_code == 404


def test_a_list_of_requests_takes_as_many_statements_however_many_there_are(browser: Client) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as counted:
            browser.get("/privacy/")
        return len(counted)

    begun(browser)
    statements()
    one = statements()
    for n in range(3):
        browser.post("/privacy/new/", {"kind": "export", "identifiers": f"KD-100{n}", "reason": "A letter"})
    assert statements() == one


def test_the_page_of_periods_counts_once_for_each_kind(browser: Client) -> None:
    with CaptureQueriesContext(connection) as counted:
        html = browser.get("/retention/").content.decode()
    assert all(kind.title in html for kind in RETAINED)
    assert sum("COUNT(" in each["sql"] for each in counted.captured_queries) <= len(RETAINED) + 3

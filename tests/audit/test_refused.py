"""Where the audit log cannot be written nothing is changed: 503, and the next try works once it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.datasets.models import Dataset
from apps.gateway.models import ApiKey, RefreshToken
from apps.tenants.storage import tenant_path
from tests.factories import PASSWORD

Make = Callable[..., User]
CSV = b"item,quantity\na,1\n"


@contextmanager
def unwritable() -> Iterator[None]:
    """Entries cannot be stored: a table that they need is not there."""
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_pending rename to audit_gone")
        yield
        cursor.execute("alter table audit_gone rename to audit_pending")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", email="owner@example.org")


@pytest.fixture
def browser(owner: User, client_for: Callable[..., Client]) -> Client:
    return client_for(owner, raise_request_exception=False)


def files() -> list[str]:
    folder = tenant_path("datasets")
    return [each.name for each in folder.iterdir()] if folder.exists() else []


def test_a_role_stays_what_it_was(browser: Client, member: Make) -> None:
    other = member("viewer")
    with unwritable():
        browser.post(f"/members/{other.pk}/role/", {"role": "analyst"})
        other.refresh_from_db()
        assert other.role == "viewer"
    browser.post(f"/members/{other.pk}/role/", {"role": "analyst"})
    other.refresh_from_db()
    assert other.role == "analyst"


def test_no_key_is_made(browser: Client) -> None:
    body = {"name": "New", "scopes": ["runs.view"], "days": 7}
    with unwritable():
        answer = browser.post("/api/v1/keys", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_not_written")
        assert not ApiKey.objects.exists()
    assert browser.post("/api/v1/keys", body, content_type="application/json").status_code == 201


def test_no_dataset_is_stored_and_no_file_stays(browser: Client) -> None:
    with unwritable():
        answer = browser.post("/api/v1/datasets", {"file": SimpleUploadedFile("a.csv", CSV, "text/csv")})
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_not_written")
        assert not Dataset.objects.exists()
        assert files() == []
    answer = browser.post("/api/v1/datasets", {"file": SimpleUploadedFile("a.csv", CSV, "text/csv")})
    assert answer.status_code == 201
    assert len(files()) == 1


def test_no_row_of_a_dataset_leaves(browser: Client) -> None:
    made = browser.post("/api/v1/datasets", {"file": SimpleUploadedFile("a.csv", CSV, "text/csv")}).json()
    with unwritable():
        answer = browser.get(f"/data/{made['id']}/rows.csv")
        assert answer.status_code == 503
        assert b"item" not in answer.content
    assert browser.get(f"/data/{made['id']}/rows.csv").status_code == 200


def test_nobody_signs_in(owner: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(raise_request_exception=False)
    sign_in = {"login": owner.email, "password": PASSWORD}
    with unwritable():
        assert browser.post("/accounts/login/", sign_in).status_code == 503
        assert browser.get("/members/").status_code == 302
    assert browser.post("/accounts/login/", sign_in).status_code == 302
    assert browser.get("/members/").status_code == 200


def test_no_token_is_issued(owner: User, client_for: Callable[..., Client]) -> None:
    program = client_for(raise_request_exception=False)
    body: Any = {"email": owner.email, "password": PASSWORD}
    with unwritable():
        answer = program.post("/api/v1/tokens", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_not_written")
        assert not RefreshToken.objects.exists()
    assert program.post("/api/v1/tokens", body, content_type="application/json").status_code == 201
    assert AuditEntry.objects.filter(kind="gateway.token_issued").count() == 1


def test_a_password_stays_what_it_was(owner: User, browser: Client) -> None:
    fresh = "quite another pass phrase"
    form = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    with unwritable():
        assert browser.post("/accounts/password/change/", form).status_code == 503
        owner.refresh_from_db()
        assert owner.check_password(PASSWORD)
    assert browser.post("/accounts/password/change/", form).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(fresh)

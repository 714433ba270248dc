"""Pages of other sites may call the API where the tenant lists their origin, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.gateway import tokens
from apps.tenants import services
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]
Browse = Callable[..., Client]

PAGE = "https://app.example.com"
ASKED = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


@pytest.fixture
def listed(acme: Tenant) -> Tenant:
    services.origins_change(tenant=acme, origins=[PAGE])
    return acme


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_a_preflight_needs_no_credential_and_says_what_may_be_sent(listed: Tenant, program: Program) -> None:
    answer = program().options("/api/v1/runs", headers={"origin": PAGE, **ASKED})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == PAGE
    assert names(answer["Access-Control-Allow-Methods"]) == {"get", "head", "post", "put", "patch", "delete"}
    assert names(answer["Access-Control-Allow-Headers"]) == {
        "accept",
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "last-event-id",
        "x-request-id",
    }
    assert answer["Access-Control-Max-Age"] == "600"
    assert "origin" in names(answer["Vary"])
    assert answer.content == b""


def test_an_answer_may_be_read_with_the_headers_that_matter(listed: Tenant, member: Make, program: Program) -> None:
    answer = program(tokens.token_issue(user=member("owner"))).get("/api/v1/runs", headers={"origin": PAGE})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == PAGE
    assert names(answer["Access-Control-Expose-Headers"]) == {
        "location",
        "etag",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
        "idempotency-replayed",
    }


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/runs", 401),
        ("GET", "/api/v1/nowhere", 404),
        ("BREW", "/api/v1/runs", 405),
        ("POST", "/api/v1/tokens", 415),
    ],
)
def test_a_refusal_may_be_read_too(listed: Tenant, program: Program, method: str, address: str, status: int) -> None:
    answer = program().generic(method, address, "x", content_type="text/plain", headers={"origin": PAGE})
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == PAGE
    assert "origin" in names(answer["Vary"])


def test_a_body_beyond_the_quota_is_refused_readably(listed: Tenant, program: Program) -> None:
    headers = {"origin": PAGE, "content-length": str(10**12)}
    answer = program().post("/api/v1/datasets", b"x", content_type="text/csv", headers=headers)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (413, PAGE)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.",
        "https://app.example.com/",
        "https://APP.example.com",
        "https://app.example.com.evil.example",
        "https://sub.app.example.com",
        "https://app.example.com, https://evil.example",
        "null",
        "*",
        "",
        "http://acme.localhost",
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_page_of_any_other_origin_may_read_nothing(
    listed: Tenant, program: Program, origin: str, method: str
) -> None:
    answer = program().generic(method, "/api/problems/", headers={"origin": origin, **ASKED})
    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []
    assert "origin" in names(answer["Vary"])  # a cache must not give this answer to a page of another origin


def test_an_origin_of_one_tenant_is_nothing_at_another(listed: Tenant, globex: Tenant, program: Program) -> None:
    there = program(tenant=globex).options("/api/v1/runs", headers={"origin": PAGE, **ASKED})
    assert "Access-Control-Allow-Origin" not in there.headers
    here = program().options("/api/v1/runs", headers={"origin": PAGE, **ASKED})
    assert here["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("address", ["/", "/keys/", "/accounts/login/", "/.well-known/jwks.json", "/healthz", "/apix/"])
def test_what_is_not_of_the_api_is_read_by_no_other_page(listed: Tenant, client_for: Browse, address: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = client_for().generic(method, address, headers={"origin": PAGE, **ASKED})
        assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


def test_no_answer_lets_cookies_come_along(listed: Tenant, member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"))
    for method in ("GET", "OPTIONS"):
        answer = browser.generic(method, "/api/v1/runs", headers={"origin": PAGE, **ASKED})
        assert answer["Access-Control-Allow-Origin"] == PAGE
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_an_origin_that_is_taken_off_the_list_reads_nothing_more(listed: Tenant, program: Program) -> None:
    services.origins_change(tenant=listed, origins=[])
    answer = program().options("/api/v1/runs", headers={"origin": PAGE, **ASKED})
    assert "Access-Control-Allow-Origin" not in answer.headers


# The page


def test_an_administrator_lists_origins(acme: Tenant, member: Make, client_for: Browse) -> None:
    browser = client_for(member("administrator"))
    page = browser.post("/keys/origins/", {"origins": f"{PAGE}\r\n\r\nhttp://localhost:3000\r\n"}, follow=True)
    assert "Pages of 2 origins may call the API from a browser." in page.content.decode()
    acme.refresh_from_db()
    assert acme.cors_origins == [PAGE, "http://localhost:3000"]
    assert f"{PAGE}\nhttp://localhost:3000</textarea>" in browser.get("/keys/origins/").content.decode()


def test_what_is_no_origin_is_explained_and_nothing_is_changed(
    listed: Tenant, member: Make, client_for: Browse
) -> None:
    answer = client_for(member("owner")).post("/keys/origins/", {"origins": f"{PAGE}\nhttps://*.example.com"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A wildcard lets in pages that nobody has thought of" in page
    assert "https://*.example.com</textarea>" in page  # what was typed is there to mend
    listed.refresh_from_db()
    assert listed.cors_origins == [PAGE]


@pytest.mark.parametrize(("role", "reads"), [("auditor", 200), ("builder", 403), ("analyst", 403), ("viewer", 403)])
def test_other_roles_change_nothing(listed: Tenant, member: Make, client_for: Browse, role: str, reads: int) -> None:
    browser = client_for(member(role))
    page = browser.get("/keys/origins/")
    assert page.status_code == reads
    assert (PAGE.encode() in page.content) == (reads == 200)
    assert b"<textarea" not in page.content
    assert browser.post("/keys/origins/", {"origins": ""}).status_code == 403
    listed.refresh_from_db()
    assert listed.cors_origins == [PAGE]


def test_the_page_asks_the_database_no_more_than_any_other(
    listed: Tenant, member: Make, client_for: Browse, django_assert_max_num_queries: Any
) -> None:
    services.origins_change(tenant=listed, origins=[f"https://a{number}.example" for number in range(50)])
    browser = client_for(member("owner"))
    browser.get("/keys/origins/")
    with django_assert_max_num_queries(4):
        browser.get("/keys/origins/")

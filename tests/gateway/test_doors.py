"""What a request may say of itself and carry: its host, its size, its fields, and who may send a form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import get_resolver

from apps.accounts.models import User
from apps.gateway.api import ApiView
from apps.gateway.checks import routes
from apps.tenants.models import Tenant
from tests.gateway.test_headers import filled

Make = Callable[..., User]
Browse = Callable[..., Client]

# Hosts


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("acme.localhost", 200),
        ("acme.localhost:8000", 200),
        ("acme.localhost.", 200),  # the same host, with the root named
        ("ACME.localhost:80", 200),
        ("acme.localhost:", 404),
        ("acme.localhost:port", 404),
        ("acme.localhost:1:2", 404),
        ("acme.localhost..", 404),
        (".acme.localhost", 404),
        ("acme.localhost/", 404),
        ("acme.localhost/globex.localhost", 404),
        ("user@acme.localhost", 404),
        ("acme.localhost,globex.localhost", 404),
        ("acme.localhost, globex.localhost", 404),
        ("acme.localhost globex.localhost", 404),
        ("http://acme.localhost", 404),
        ("acme.localhost\\.evil.example", 404),
        ("acme.localhost%2eevil.example", 404),
        ("acme.localhost#.evil.example", 404),
        ("acme.localhost\x00", 404),
        ("acmé.localhost", 404),
        ("[::1]", 404),
        ("", 404),
        ("x" * 300 + ".localhost", 404),
    ],
)
def test_a_host_is_a_tenants_to_the_letter_or_nobodys(acme: Tenant, host: str, status: int) -> None:
    assert Client(headers={"host": host}).get("/accounts/login/").status_code == status


@pytest.mark.parametrize("header", ["x-forwarded-host", "forwarded", "x-host", "x-original-host", "x-forwarded-server"])
def test_what_a_proxy_is_said_to_have_been_asked_for_is_not_believed(acme: Tenant, globex: Tenant, header: str) -> None:
    value = "host=globex.localhost" if header == "forwarded" else "globex.localhost"
    page = Client(headers={"host": "acme.localhost", header: value}).get("/accounts/login/").content
    assert b"Acme" in page
    assert b"Globex" not in page
    assert Client(headers={"host": "nobody.localhost", header: "acme.localhost"}).get("/").status_code == 404


def test_links_name_the_host_that_was_asked(acme: Tenant, client_for: Browse) -> None:
    answer = client_for().get("/data/", headers={"x-forwarded-host": "evil.example"})
    assert answer["Location"].startswith("/accounts/login/")


# Sizes


def test_a_form_with_thousands_of_fields_is_refused_before_it_is_read(member: Make, client_for: Browse) -> None:
    form = {f"field{number}": "x" for number in range(8001)}
    body: Any
    for kind, body in (
        ("application/x-www-form-urlencoded", "&".join(f"{name}=x" for name in form)),
        (MULTIPART_CONTENT, form),
    ):
        browser = client_for(member("owner"), raise_request_exception=False)
        answer = browser.post("/keys/new/", body, content_type=kind)
        assert answer.status_code == 400
        assert b"The request cannot be read" in answer.content
        assert b"field17" not in answer.content


def test_a_query_with_thousands_of_fields_is_refused(member: Make, client_for: Browse) -> None:
    query = "&".join(f"field{number}=x" for number in range(8001))
    browser = client_for(member("owner"), raise_request_exception=False)
    assert browser.get(f"/runs/?{query}").status_code == 400
    assert browser.get(f"/api/v1/runs?{query}").status_code in {400, 422}


@pytest.mark.parametrize("address", ["/data/upload/", "/api/v1/datasets"])
def test_many_files_in_one_request_are_refused(member: Make, client_for: Browse, address: str) -> None:
    files = {f"file{number}": SimpleUploadedFile("a.csv", b"a,b\n1,2\n") for number in range(3)}
    answer = client_for(member("owner"), raise_request_exception=False).post(address, files)
    assert answer.status_code == 400


@pytest.mark.parametrize("address", ["/keys/new/", "/data/upload/", "/accounts/login/", "/api/v1/tokens", "/nowhere/"])
def test_a_body_that_says_it_is_larger_than_the_quota_is_refused_unread(
    member: Make, client_for: Browse, address: str
) -> None:
    browser = client_for(member("owner"), raise_request_exception=False)
    answer = browser.post(address, b"x", content_type="text/csv", headers={"content-length": str(10**12)})
    assert answer.status_code == 413


def test_a_form_larger_than_a_form_may_be_is_refused(member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"), raise_request_exception=False)
    body = "name=" + "x" * (10 * 1024 * 1024)
    answer = browser.post("/keys/new/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {400, 413}


# Forms

WRITES = ("POST", "PUT", "PATCH", "DELETE")


def methods_of(view: Any) -> list[str]:
    """The methods that write, of a view of ours; of a view of a library any may."""
    if isinstance(view, type):
        return [method for method in WRITES if hasattr(view, method.lower())]
    return ["POST"]


# What an identity provider posts, from its own site or without any browser: it can have no token of ours, and counts by
# what the provider has signed (tests/accounts/sso).
OF_PROVIDERS = {"/sso/<uuid:connection>/acs/", "/sso/<uuid:connection>/backchannel/"}
CONSOLE = sorted(
    (method, route)
    for route, view in routes()
    if not (isinstance(view, type) and issubclass(view, ApiView)) and route not in OF_PROVIDERS
    for method in methods_of(view)
)
BACK_OFFICE = sorted(
    ("POST", route) for route, _ in routes(get_resolver("orchestrall.urls.operators")) if route.startswith("/admin/")
)
API = sorted(
    (method, route)
    for route, view in routes()
    if isinstance(view, type) and issubclass(view, ApiView) and view.authentication_classes
    for method in methods_of(view)
)


def test_there_are_routes_to_ask() -> None:
    assert min(len(CONSOLE), len(BACK_OFFICE), len(API)) >= 4


@pytest.mark.parametrize("headers", [{}, {"x-csrftoken": "x" * 32}], ids=["no token", "another's token"])
def test_every_form_of_the_console_needs_its_token(member: Make, client_for: Browse, headers: dict[str, str]) -> None:
    browser = client_for(member("owner"), enforce_csrf_checks=True, raise_request_exception=False)
    browser.get("/keys/new/")
    open_to_all = {}
    for method, route in CONSOLE:
        answer = browser.generic(method, filled(route), headers=headers)
        if answer.status_code != 403 or b"This form has expired" not in answer.content:
            open_to_all[f"{method} {route}"] = answer.status_code
    assert open_to_all == {}


def test_every_form_of_the_back_office_needs_its_token(operators: Tenant, member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner", tenant=operators), tenant=operators, enforce_csrf_checks=True)
    answers = {route: browser.post(filled(route)).status_code for _, route in BACK_OFFICE}
    assert {route: status for route, status in answers.items() if status != 403} == {}


def test_a_session_that_writes_by_the_api_needs_the_token_too(member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"), enforce_csrf_checks=True, raise_request_exception=False)
    answers = {}
    for method, route in API:
        answer = browser.generic(method, filled(route), "{}", content_type="application/json")
        if answer.status_code not in {401, 403}:  # 401: it takes no session, so that no page can use one
            answers[f"{method} {route}"] = answer.status_code
    assert answers == {}


def test_a_form_of_another_site_is_refused_though_it_has_the_token(member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"), enforce_csrf_checks=True)
    page = browser.get("/keys/origins/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "origins": ""}
    for origin in ("http://globex.localhost", "https://evil.example", "null"):
        assert browser.post("/keys/origins/", form, headers={"origin": origin}).status_code == 403
    assert browser.post("/keys/origins/", form, headers={"origin": "http://acme.localhost"}).status_code == 302

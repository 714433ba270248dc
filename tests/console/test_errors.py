"""Pages for what cannot be shown, in the console's dress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.template import TemplateSyntaxError
from django.test import Client, RequestFactory, override_settings
from django.utils.html import escape
from redis.exceptions import ConnectionError as RedisAway
from structlog.contextvars import bound_contextvars

from apps.accounts.models import User
from apps.common.errors import PermissionDenied, Problem, catalogue
from apps.console import errors
from apps.tenants import services
from apps.tenants.models import Tenant
from orchestrall.embedded import free_port


def test_an_unknown_address_is_told_inside_the_shell(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    answer = client_for(member()).get("/nowhere/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no page at this address" in page
    assert 'aria-label="Main"' in page
    assert "no-store" in answer["Cache-Control"]


def test_a_stranger_gets_the_same_words_without_the_menu(client_for: Callable[..., Client]) -> None:
    page = client_for().get("/nowhere/").content.decode()
    assert "There is no page at this address" in page
    assert 'aria-label="Main"' not in page
    assert 'href="/accounts/login/"' in page


def test_a_missing_right_is_told_with_whom_to_ask(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    answer = client_for(member("viewer")).get("/members/")
    assert answer.status_code == 403
    assert b"Ask an owner or administrator" in answer.content


def test_a_page_of_an_error_tells_the_catalogues_words_and_the_request(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    answer = client_for(member("viewer")).get("/members/", headers={"x-request-id": "support-case-7"})
    page = answer.content.decode()
    assert all(told in page for told in (PermissionDenied.title, 'href="/api/problems/permission_denied"'))
    assert "support-case-7" in page


@pytest.mark.parametrize("kind", catalogue().values(), ids=lambda kind: kind.code)
def test_what_nobody_tells_a_person_the_catalogue_does(kind: type[Problem]) -> None:
    problem = kind.__new__(kind)
    Problem.__init__(problem)
    page = errors.problem_page(RequestFactory().get("/"), problem).content.decode()
    told = (kind.title, kind.cause, kind.effect, kind.remedy, f"/api/problems/{kind.code}")
    assert [each for each in told if escape(each) not in page] == []


def test_under_asgi_the_page_of_an_exception_is_made_inside_the_tenant(
    committed_db: str,
    member: Callable[..., User],
    client_for: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)  # as in every process that serves pages
    cookies = client_for(member("owner", name="Olga Owner")).cookies
    headers = {"host": "acme.localhost", "cookie": cookies.output(header="", sep=";", attrs=[]).strip()}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/nowhere/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if sent:
            await asyncio.sleep(3600)
        sent.append({})
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(dict(message))

    app: Any = ASGIHandler()
    async_to_sync(app)(scope, receive, send)
    assert sent[1]["status"] == 404
    assert b"Olga Owner" in sent[2]["body"]


def broken(request: HttpRequest) -> None:
    raise RuntimeError("a secret of the inside")


def test_a_broken_page_says_so_and_nothing_of_the_inside(
    monkeypatch: pytest.MonkeyPatch, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    monkeypatch.setattr("apps.console.views.cards_of", broken)
    answer = client_for(member(), raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert b"Something went wrong on our side" in answer.content
    assert b"secret" not in answer.content


def test_the_page_of_a_broken_server_needs_no_database() -> None:
    # No database is allowed in this test: a statement would fail it.
    with bound_contextvars(request_id="abc-123"):
        answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert b"abc-123" in answer.content
    assert b"Copy" in answer.content


def test_when_even_templates_fail_the_answer_is_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> str:
        raise TemplateSyntaxError("broken too")

    monkeypatch.setattr(errors, "render_to_string", fail)
    answer = errors.server_error(RequestFactory().get("/"))
    assert (answer.status_code, answer["Content-Type"]) == (500, "text/plain; charset=utf-8")


@pytest.mark.parametrize(("path", "accept"), [("/api/v1/x", "*/*"), ("/data/", "application/json")])
def test_programs_get_problem_documents(path: str, accept: str) -> None:
    answer = errors.server_error(RequestFactory().get(path, headers={"accept": accept}))
    assert answer["Content-Type"] == "application/problem+json"
    assert b'"code": "internal_error"' in answer.content


def test_an_expired_form_is_explained(member: Callable[..., User], client_for: Callable[..., Client]) -> None:
    answer = client_for(member(), enforce_csrf_checks=True).post("/accounts/logout/")
    assert answer.status_code == 403
    assert b"This form has expired" in answer.content


def test_a_suspended_organisation_and_an_unknown_host_wear_the_dress(
    acme: Tenant, client_for: Callable[..., Client]
) -> None:
    browser = client_for()
    services.tenant_suspend(tenant=acme)
    answer = browser.get("/accounts/login/")
    assert answer.status_code == 503
    assert b"This organisation is suspended" in answer.content
    assert b"o-bare-card" in answer.content
    stranger = Client(headers={"host": "nobody.localhost"}).get("/")
    assert stranger.status_code == 404
    assert b"There is no organisation at this address" in stranger.content


AWAY = {"postgresql": OperationalError("connection refused"), "redis": RedisAway("Error 111 connecting to 10.1.2.3")}


@pytest.mark.parametrize("server", AWAY)
def test_a_page_that_a_server_away_keeps_from_being_made_is_503_with_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch, member: Callable[..., User], client_for: Callable[..., Client], server: str
) -> None:
    def away(request: HttpRequest) -> None:
        raise AWAY[server]

    browser = client_for(member(), raise_request_exception=False)
    monkeypatch.setattr("apps.console.views.cards_of", away)
    answer = browser.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"A part of the service does not answer" in answer.content
    assert b"10.1.2.3" not in answer.content
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere/", "/api/v1/runs"])
def test_a_session_cannot_be_read_without_redis_and_the_answer_is_503(
    settings: Any, member: Callable[..., User], client_for: Callable[..., Client], path: str
) -> None:
    browser = client_for(member(), raise_request_exception=False)
    nobody = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{free_port()}/0"}
    with override_settings(CACHES={"default": nobody}):
        answer = browser.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_without_postgresql_no_tenant_is_found_and_the_answer_is_503(
    monkeypatch: pytest.MonkeyPatch, client_for: Callable[..., Client]
) -> None:
    def away(host: str) -> None:
        raise AWAY["postgresql"]

    monkeypatch.setattr("apps.tenants.middleware.tenant_by_host", away)
    browser = client_for(raise_request_exception=False)
    assert browser.get("/accounts/login/").status_code == 503
    answer = browser.get("/api/v1/runs")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")


@override_settings(MIDDLEWARE=["tests.console.test_errors.refuse_unread"])
def test_what_cannot_be_read_is_not_told_again() -> None:
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 400
    assert b"The request cannot be read" in answer.content
    assert b"the inside" not in answer.content


def refuse_unread(get_response: Any) -> Callable[[HttpRequest], HttpResponse]:
    def refuse(request: HttpRequest) -> HttpResponse:
        raise SuspiciousOperation("a secret of the inside")

    return refuse

"""Every answer carries the headers that close to browsers what it does not need, whoever makes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.test import Client
from django.urls import get_resolver, path
from django.utils.datastructures import CaseInsensitiveMapping

from apps.accounts.models import User
from apps.gateway.checks import routes
from apps.gateway.headers import LONGEST_HEAD, SecureAnswers, SecureWsgi
from apps.tenants import services
from apps.tenants.models import Tenant
from orchestrall.urls import tenant as tenant_urls

Make = Callable[..., User]
Browse = Callable[..., Client]

EXACT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}
TOLD_OF_SERVER = ("X-Powered-By", "X-AspNet-Version", "X-Runtime", "Via")


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def flaws(headers: Mapping[str, str], *, is_page: bool, back_office: bool = False) -> list[str]:
    """What an answer lacks, or says too much of."""
    found = [f"{name} is {headers.get(name)!r}" for name, value in EXACT.items() if headers.get(name) != value]
    found += [f"{name} is told" for name in TOLD_OF_SERVER if name in headers]
    features = headers.get("Permissions-Policy", "")
    found += [f"{name} is allowed" for name in ("camera", "microphone", "usb") if f"{name}=()" not in features]
    if "Cache-Control" not in headers:
        found.append("caches are told nothing")
    policy = directives(headers.get("Content-Security-Policy", ""))
    closed = {"frame-ancestors": "'none'", "base-uri": "'none'"}
    if not back_office:
        closed |= {"default-src": "'none'"}
    closed |= {"form-action": "'self'" if is_page else "'none'"}
    if is_page and not back_office:
        closed |= {"script-src": "'self'", "style-src": "'self'", "script-src-attr": "'none'"}
    if not is_page and set(policy) != set(closed):
        found.append(f"what is no page may load something: {policy}")
    return found + [f"{name} is {policy.get(name)!r}" for name, value in closed.items() if policy.get(name) != value]


def answer_flaws(answer: Any) -> list[str]:
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return flaws(answer.headers, is_page=is_page)


# Whatever the parameters of a route name: nothing of the kind is there, or something is; both are answers.
_PARAMETERS = [
    (re.compile(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)"), "x"),
    (re.compile(r"<uuid:\w+>"), "00000000-0000-0000-0000-000000000001"),
    (re.compile(r"<int:\w+>"), "1"),
    (re.compile(r"<(?:\w+:)?\w+>"), "x"),
    (re.compile(r"[\^$\\]"), ""),
]


def filled(route: str) -> str:
    for pattern, text in _PARAMETERS:
        route = pattern.sub(text, route)
    return route


ROUTES = sorted({route for route, _ in routes()})


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("role", ["", "owner"])
def test_every_route_answers_with_them(member: Make, client_for: Browse, method: str, role: str) -> None:
    assert len(ROUTES) > 40
    lacking = {}
    browser = client_for(member(role) if role else None, raise_request_exception=False)
    signed_in = deepcopy(browser.cookies)
    for route in ROUTES:
        browser.cookies = deepcopy(signed_in)
        with transaction.atomic():  # what one does to the member or the session is nothing to the next
            answer = browser.generic(method, filled(route))
            transaction.set_rollback(True)
        cache.clear()
        if found := answer_flaws(answer):
            lacking[f"{method} {route} ({answer.status_code})"] = found
    assert lacking == {}


def test_every_route_of_the_back_office_answers_with_them(operators: Tenant, member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner", tenant=operators), tenant=operators, raise_request_exception=False)
    back_office = [
        filled(route) for route, _ in routes(get_resolver("orchestrall.urls.operators")) if route.startswith("/admin/")
    ]
    assert len(back_office) > 5
    seen = set()
    for address in back_office:
        answer = browser.get(address)
        is_page = answer.headers["Content-Type"].startswith("text/html")
        own = "'unsafe-eval'" in answer.headers["Content-Security-Policy"]
        seen.add(own)
        assert flaws(answer.headers, is_page=is_page, back_office=own) == [], address
        assert "'unsafe-inline'" not in directives(answer.headers["Content-Security-Policy"]).get("script-src", "")
    assert True in seen


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/data/", "/api/docs/", "/keys/"])
def test_the_policy_of_the_back_office_is_nobody_elses(member: Make, client_for: Browse, address: str) -> None:
    policy = client_for(member("owner")).get(address)["Content-Security-Policy"]
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("/healthz", "10.0.0.7"),
        ("/readyz", "10.0.0.7"),
        ("/metrics", "10.0.0.7"),
        ("/healthz", "a b"),
        ("/static/console/icon.svg", "acme.localhost"),
        ("/static/console/theme.js", "nobody.localhost"),
        ("/static/no/such.css", "acme.localhost"),
        ("/", "nobody.localhost"),
        ("/api/v1/runs", "nobody.localhost"),
        ("/", "evil.example"),
        ("/", "a b"),
        ("/", "acme.localhost"),
        ("/agents", "acme.localhost"),
        ("/nowhere/", "acme.localhost"),
        ("/api/v1/nowhere", "acme.localhost"),
        ("/.well-known/jwks.json", "acme.localhost"),
    ],
)
def test_special_answers_carry_them(settings: Any, acme: Tenant, address: str, host: str) -> None:
    settings.WHITENOISE_USE_FINDERS = True
    answer = Client(headers={"host": host}, REMOTE_ADDR="127.0.0.1").get(address)
    answer.close()
    assert answer_flaws(answer) == []


def test_a_suspended_tenant_answers_with_them(acme: Tenant, client_for: Browse) -> None:
    services.tenant_suspend(tenant=acme)
    answer = client_for().get("/")
    assert answer.status_code == 503
    assert answer_flaws(answer) == []


def test_a_refused_form_answers_with_them(member: Make, client_for: Browse) -> None:
    answer = client_for(member(), enforce_csrf_checks=True).post("/accounts/logout/")
    assert answer.status_code == 403
    assert answer_flaws(answer) == []


class Nonsense(Exception):
    """What no code of ours raises."""


def failing(request: HttpRequest) -> HttpResponse:
    raise Nonsense


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("odd")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b"data: 1\n\n"]), content_type="text/event-stream")


def with_script(request: HttpRequest) -> HttpResponse:
    page = engines["django"].from_string('<script nonce="{{ request.csp_nonce }}">1</script>')
    return HttpResponse(page.render({}, request))


urlpatterns = [
    *tenant_urls.urlpatterns,
    path("failing/", failing),
    path("api/v1/failing", failing),
    path("suspicious/", suspicious),
    path("stream/", stream),
    path("api/v1/stream", stream),
    path("with-script/", with_script),
]
handler400, handler500 = tenant_urls.handler400, tenant_urls.handler500


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/failing/", 500),
        ("/api/v1/failing", 500),
        ("/suspicious/", 400),
        ("/stream/", 200),
        ("/api/v1/stream", 200),
    ],
)
def test_exceptions_and_streams_carry_them(client_for: Browse, address: str, status: int) -> None:
    answer = client_for(raise_request_exception=False).get(address)
    assert answer.status_code == status
    assert answer_flaws(answer) == []


@pytest.mark.urls(__name__)
def test_a_script_in_a_page_runs_by_a_nonce_that_is_new_each_time(client_for: Browse) -> None:
    nonces = set()
    for _ in range(2):
        answer = client_for().get("/with-script/")
        nonce = answer.content.decode().split('"')[1]
        assert f"'nonce-{nonce}'" in directives(answer["Content-Security-Policy"])["script-src"]
        nonces.add(nonce)
    assert len(nonces) == 2


def raising(get_response: Any) -> Callable[[HttpRequest], HttpResponse]:
    def raise_it(request: HttpRequest) -> HttpResponse:
        raise Nonsense

    return raise_it


PLACES = {name: place for place, name in enumerate([*django_settings.MIDDLEWARE, "the view"]) if place}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_middleware_that_fails_is_answered_with_them_wherever_it_stands(
    settings: Any, client_for: Browse, place: int
) -> None:
    every = list(settings.MIDDLEWARE)
    settings.MIDDLEWARE = [*every[:place], f"{__name__}.raising", *every[place:]]
    for address in ("/", "/api/v1/runs"):
        answer = client_for(raise_request_exception=False).get(address)
        assert answer.status_code == 500
        assert answer_flaws(answer) == []


def test_the_headers_stand_around_everything(settings: Any) -> None:
    assert settings.MIDDLEWARE[0] == "apps.gateway.headers.SecurityHeadersMiddleware"


# What is answered before the first middleware


SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "scheme": "http",
    "headers": [(b"host", b"acme.localhost")],
}


def over_asgi(app: Any, scope: dict[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if any(message["type"] == "http.response.body" for message in sent):
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    with suppress(Nonsense):  # the server's to log; the answer is out
        async_to_sync(SecureAnswers(app))(scope, receive, send)
    headers = CaseInsensitiveMapping({name.decode(): value.decode() for name, value in sent[0]["headers"]})
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


async def broken_app(scope: Any, receive: Any, send: Any) -> None:
    raise Nonsense


def test_asgi_answers_an_exception_before_django_with_them() -> None:
    status, headers, body = over_asgi(broken_app, SCOPE)
    assert status == 500
    assert flaws(headers, is_page=False) == []
    assert b"Something went wrong on our side" in body


def test_asgi_gives_them_to_what_django_answers_before_its_middleware(acme: Tenant) -> None:
    from django.core.handlers.asgi import ASGIHandler

    class Refusing(ASGIHandler):
        def create_request(self, scope: Any, body_file: Any) -> Any:
            return None, HttpResponse(status=400)

    status, headers, _ = over_asgi(Refusing(), SCOPE)
    assert status == 400
    assert flaws(headers, is_page=False) == []


def test_asgi_leaves_what_the_middleware_gave(acme: Tenant) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        given = [(b"Content-Security-Policy", b"default-src 'self'"), (b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": given})
        await send({"type": "http.response.body", "body": b""})

    _, headers, _ = over_asgi(app, SCOPE)
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["Cache-Control"] == "public"
    assert headers["X-Frame-Options"] == "DENY"


def over_wsgi(app: Any, environ: dict[str, Any]) -> tuple[str, Mapping[str, str], bytes]:
    told: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *more: Any) -> None:
        told.update(status=status, headers=CaseInsensitiveMapping(dict(headers)))

    body = b"".join(SecureWsgi(app)(environ, start_response))
    return told["status"], told["headers"], body


def test_wsgi_answers_an_exception_before_django_with_them() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise Nonsense

    status, headers, body = over_wsgi(app, {})
    assert status == "500 Internal Server Error"
    assert flaws(headers, is_page=False) == []
    assert b"Something went wrong on our side" in body


def untouched(*_: Any) -> Any:
    raise AssertionError("it was asked")


@pytest.mark.parametrize("where", ["headers", "query_string", "path"])
def test_a_head_that_is_too_long_goes_no_further(where: str) -> None:
    long = b"x" * LONGEST_HEAD
    scope = {**SCOPE, where: {"headers": [(b"x-a", long)], "query_string": long, "path": "/" + long.decode()}[where]}
    status, headers, body = over_asgi(untouched, scope)
    assert (status, flaws(headers, is_page=False)) == (431, [])
    assert b"too long" in body
    name = {"headers": "HTTP_X_A", "query_string": "QUERY_STRING", "path": "PATH_INFO"}[where]
    told, headers, body = over_wsgi(untouched, {name: long.decode() + "x"})
    assert (told, flaws(headers, is_page=False)) == ("431 Request Header Fields Too Large", [])
    assert b"too long" in body


# TLS


@pytest.mark.parametrize("over", [over_asgi, over_wsgi])
@pytest.mark.parametrize(("told", "expected"), [("https", "max-age=60; includeSubDomains"), ("http", None), ("", None)])
def test_tls_is_demanded_of_who_came_by_it(settings: Any, over: Any, told: str, expected: str | None) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 60, True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    if over is over_asgi:
        sent = [(b"x-forwarded-proto", told.encode())] if told else []
        _, headers, _ = over_asgi(broken_app, {**SCOPE, "headers": sent})
    else:

        def app(environ: Any, start_response: Any) -> Any:
            raise Nonsense

        _, headers, _ = over_wsgi(app, {"HTTP_X_FORWARDED_PROTO": told} if told else {})
    assert headers.get("Strict-Transport-Security") == expected


def test_tls_is_demanded_of_pages_too(settings: Any, acme: Tenant) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 60, True
    browser = Client(headers={"host": "acme.localhost"})
    assert browser.get("/healthz", secure=True)["Strict-Transport-Security"] == "max-age=60; includeSubDomains"
    assert "Strict-Transport-Security" not in browser.get("/healthz").headers


def test_static_files_are_no_others_to_read(settings: Any, client_for: Browse) -> None:
    settings.WHITENOISE_USE_FINDERS = True
    answer = client_for().get("/static/console/theme.js", headers={"origin": "https://other.example"})
    answer.close()
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_a_person_was_shown_stays_in_no_cache(member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"))
    for address in ("/", "/keys/", "/members/", "/api/v1/runs", "/api/v1/agents", "/nowhere/", "/accounts/email/"):
        assert "no-store" in browser.get(address)["Cache-Control"], address

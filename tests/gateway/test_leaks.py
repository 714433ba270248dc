"""Fifty secrets come in by every way there is: none is in any line that this process writes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import re_path
from pydantic import BaseModel, ValidationError

from apps.accounts.models import User
from apps.gateway import marks
from apps.gateway.models import ApiKey
from apps.tenants.models import Tenant
from orchestrall.urls import tenant as tenant_urls
from tests.planted import Planted, found_in, secrets_make

Make = Callable[..., User]
Browse = Callable[..., Client]

SECRETS = secrets_make("everyday")


def raising(request: HttpRequest) -> HttpResponse:
    body = request.body.decode(errors="replace")
    raise ValueError(f"cannot use {request.get_full_path()} with {dict(request.headers)} and {body}")


urlpatterns = [*tenant_urls.urlpatterns, re_path("^raising/", raising)]
handler400, handler500 = tenant_urls.handler400, tenant_urls.handler500
handler403, handler404 = tenant_urls.handler403, tenant_urls.handler404


@pytest.fixture
def written(settings: Any) -> Iterator[list[str]]:
    """Every line that is written meanwhile, as it goes to standard error, by whatever logger."""
    settings.REQUEST_LOG_ONE_IN = 1
    lines: list[str] = []
    formatter = logging.getLogger().handlers[0].formatter

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert formatter is not None
            lines.append(formatter.format(record))

    handler, root = Keep(), logging.getLogger()
    root.addHandler(handler)
    yield lines
    root.removeHandler(handler)


def test_there_are_fifty_and_each_can_be_found() -> None:
    assert len(SECRETS) == 50
    assert len({secret.name for secret in SECRETS}) == 50
    prefix = SECRETS[0].text.split("_")[1]
    for secret, mark in zip(SECRETS, (f"{marks.KEY}{prefix}_", marks.REFRESH, marks.TICKET), strict=False):
        assert marks.is_whole(secret.text, mark)
    for secret in SECRETS:
        assert found_in(f"before {secret.text} behind", SECRETS) == [secret.name]
        assert secret.is_in(json.dumps({"a": secret.text}))
        assert secret.is_in(quote(secret.text))


class Opaque:
    """An object of a library whose text is all that it holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Opaque {self.text}>"


class Strict(BaseModel):
    sizes: list[int]


def chained(secret: str) -> Exception:
    """An exception with a cause, raised where a local variable holds the secret."""
    held = {"what": secret}
    try:
        try:
            raise KeyError(held["what"])
        except KeyError as error:
            raise RuntimeError(f"could not do it: {secret}") from error
    except RuntimeError as error:
        return error


def refused_input(secret: str) -> Exception:
    try:
        Strict.model_validate({"sizes": secret})
    except ValidationError as error:
        return error
    raise AssertionError


WAYS: dict[str, Callable[[logging.Logger, str], object]] = {
    "the message": lambda log, secret: log.warning(secret.replace("%", "%%")),
    "an argument": lambda log, secret: log.warning("it is %s here", secret),
    "the repr of an argument": lambda log, secret: log.warning("it is %r here", {"a": [secret]}),
    "extra": lambda log, secret: log.warning("it is here", extra={"detail": secret}),
    "extra, deep inside": lambda log, secret: log.warning("it is here", extra={"detail": [{"a": (secret, 1)}]}),
    "extra, as a key": lambda log, secret: log.warning("it is here", extra={"detail": {secret: 1}}),
    "an object in extra": lambda log, secret: log.warning("it is here", extra={"detail": Opaque(secret)}),
    "an exception": lambda log, secret: log.error("it failed", exc_info=ValueError(secret)),
    "an exception's cause": lambda log, secret: log.error("it failed", exc_info=chained(secret)),
    "an exception in extra": lambda log, secret: log.error("it failed", extra={"error": ValueError(secret)}),
    "a refused input": lambda log, secret: log.error("it failed", exc_info=refused_input(secret)),
    "a query": lambda log, secret: log.info('HTTP Request: GET https://a.example/x?q=%s "200 OK"', quote(secret)),
    "JSON": lambda log, secret: log.info("sent %s", json.dumps({"body": secret})),
    "JSON in JSON": lambda log, secret: log.info("sent %s", json.dumps({"body": json.dumps({"a": secret})})),
    "lines in a repr": lambda log, secret: log.info("sent %r", f"first\n{secret}\nlast\t{secret}"),
    "structlog": lambda log, secret: structlog.get_logger("ours").warning("it is here", detail=secret),
    "a request": lambda log, secret: log.error(
        "Internal Server Error: %s", "/x", extra={"request": RequestFactory().get("/x", {"q": secret})}
    ),
    "a request's text": lambda log, secret: log.error("it failed for %r", RequestFactory().get("/x/" + quote(secret))),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_logger_writes_one(written: list[str], way: str) -> None:
    loggers = [logging.getLogger(name) for name in ("apps.agents.services", "some.library", "celery.worker")]
    for number, secret in enumerate(SECRETS):
        WAYS[way](loggers[number % 3], secret.text)
    assert len(written) == len(SECRETS)
    assert found_in("\n".join(written), SECRETS) == []


def plain(text: str) -> str:
    """As a header may hold it."""
    return text.replace("\n", " ")


PLACES: dict[str, Callable[[Client, str, Planted], object]] = {
    "the address": lambda c, at, s: c.get(f"{at}{quote(s.text)}"),
    "the query": lambda c, at, s: c.get(at, {"q": s.text, s.text: "1"}),
    "the name of the request": lambda c, at, s: c.get(at, headers={"x-request-id": plain(s.text)}),
    "Authorization": lambda c, at, s: c.get(at, headers={"authorization": plain(s.text)}),
    "a bearer": lambda c, at, s: c.get(at, headers={"authorization": f"Bearer {plain(s.text)}"}),
    "the cookie": lambda c, at, s: c.get(at, headers={"cookie": f"sessionid={plain(s.text)}; other={plain(s.text)}"}),
    "other headers": lambda c, at, s: c.get(
        at,
        headers=dict.fromkeys(
            ["user-agent", "referer", "origin", "idempotency-key", "if-match", "last-event-id", "x-forwarded-for"],
            plain(s.text),
        ),
    ),
    "the host": lambda c, at, s: c.get(at, headers={"host": plain(s.text)}),
    "the host of a proxy": lambda c, at, s: c.get(at, headers={"x-forwarded-host": plain(s.text)}),
    "the method": lambda c, at, s: c.generic(s.core.upper().replace(" ", ""), at),
    "JSON": lambda c, at, s: c.post(at, {"email": s.text, "password": s.text}, content_type="application/json"),
    "broken JSON": lambda c, at, s: c.post(at, '{"a": "' + s.text, content_type="application/json"),
    "a form": lambda c, at, s: c.post(at, {"login": s.text, "password": s.text, "name": s.text, "email": s.text}),
    "a file's name": lambda c, at, s: c.post(
        at, {"file": SimpleUploadedFile(s.text.replace("/", "%2F"), b"a,b\n1,2\n")}
    ),
    "a file's content": lambda c, at, s: c.post(at, {"file": SimpleUploadedFile("a.csv", s.text.encode())}),
    "the type of the content": lambda c, at, s: c.post(at, b"x", content_type=plain(s.text)),
}
ADDRESSES = (
    *("/", "/agents/", "/nowhere/", "/accounts/login/", "/accounts/password/reset/", "/members/invite/", "/keys/new/"),
    *("/data/upload/", "/api/v1/tokens", "/api/v1/datasets", "/api/v1/runs", "/healthz"),
)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("place", PLACES)
def test_no_line_about_a_request_holds_what_came_in_it(
    written: list[str], member: Make, client_for: Browse, place: str, mailoutbox: list[Any]
) -> None:
    """Each secret is sent to one of the addresses, and to a view that fails with all of it in its exception. It is sent
    by a member, by a stranger, and by a page that lacks the form's token, in turn."""
    user = member("owner")
    browsers = [
        client_for(user, raise_request_exception=False),
        client_for(raise_request_exception=False),
        client_for(user, raise_request_exception=False, enforce_csrf_checks=True),
    ]
    for number, secret in enumerate(SECRETS):
        PLACES[place](browsers[number % 3], ADDRESSES[number % len(ADDRESSES)], secret)
        PLACES[place](browsers[0], "/raising/", secret)
    failed = sum('"status": 500' in line and "cannot use" in line for line in written)
    assert failed == (0 if place == "the host" else len(SECRETS))
    assert found_in("\n".join(written), SECRETS) == []


def test_what_the_database_tells_of_rows_is_not_told_on(written: list[str], acme: Tenant, member: Make) -> None:
    user = member("owner")
    log = logging.getLogger("some.library")
    failures = 0
    for secret in SECRETS:
        for statement, values in (
            ("insert into accounts_user (id, email) values (%s, %s)", [str(user.pk), secret.text]),
            ("select %s::integer", [secret.text]),
            ("select %s::timestamptz", [secret.text]),
            ("select '{' || %s || '}' = any(%s::uuid[])", [secret.text, secret.text]),
            (f"select * from {ApiKey._meta.db_table} where prefix = %s and nonsense", [secret.text]),
        ):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement, values)
            except DatabaseError as error:
                failures += 1
                log.error("a statement failed", exc_info=error)
                log.error("a statement failed: %s", error)
    assert failures > 4 * len(SECRETS)  # a number may be a good one for PostgreSQL
    assert found_in("\n".join(written), SECRETS) == []


def test_a_session_that_no_browser_was_given_is_not_warned_of(
    client_for: Browse, recwarn: pytest.WarningsRecorder
) -> None:
    for secret in SECRETS:
        client_for().get("/", headers={"cookie": f'sessionid="{secret.text}"'})
    assert found_in(repr([str(each.message) for each in recwarn]), SECRETS) == []


def test_a_warning_is_a_line_and_holds_none(written: list[str]) -> None:
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = logging._showwarning  # type: ignore[attr-defined]  # as in a process that serves
            for secret in SECRETS:
                warnings.warn(f"it is {secret.text}", UserWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    assert len(written) == len(SECRETS)
    assert found_in("\n".join(written), SECRETS) == []


PROGRAM = """
import django, logging, sys, threading, warnings
django.setup()
secret = sys.stdin.read()
class Left:
    def __del__(self):
        raise ValueError(secret)
warnings.warn(f"it is {secret}", UserWarning)
thread = threading.Thread(target=lambda: int(secret))
thread.start()
thread.join()
Left()
logging.getLogger("some.library").error("%d and no more", secret, secret)
raise RuntimeError(secret)
"""


def test_what_nobody_catches_is_a_line_and_holds_none(tmp_path: Path) -> None:
    """In a process of its own, as it serves: a warning, a thread, a destructor, a broken line, and its end."""
    done = subprocess.run(
        [sys.executable, "-W", "always::UserWarning", "-c", PROGRAM],
        input="\n".join(secret.text for secret in SECRETS),
        env={
            **os.environ,
            "ORCHESTRALL_PROCESS": "web",
            "ORCHESTRALL_VAR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development",
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines if line["logger"] == "apps.gateway.logs"] == ["nobody caught this"] * 3
    assert [line["event"] for line in lines if line["logger"] == "some.library"] == ["a line could not be made"]
    assert [line["logger"] for line in lines if line["logger"].startswith("py.")] == ["py.warnings"]
    assert found_in(done.stderr + done.stdout, SECRETS) == []

"""Bodies that are too large: refused by their head, on every face, without a byte of them being read."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from apps.accounts.models import User
from apps.datasets.limits import ENVELOPE, MEGABYTE, BodyLimitGuard, body_problem
from apps.tenants.models import Tenant

HUGE = 300 * MEGABYTE
FORM = "multipart/form-data; boundary=x"


class Unreadable:
    """A body that nobody may touch."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readlines = __iter__ = read


def head(length: int | None = HUGE, **more: Any) -> dict[str, Any]:
    declared = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return {"content_type": FORM, "CONTENT_TYPE": FORM, "wsgi.input": Unreadable(), **declared, **more}


def chunked() -> dict[str, Any]:
    return {**head(None), "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}


PATHS = ["/data/upload/", "/api/v1/datasets", "/members/invite/", "/accounts/login/"]


@pytest.mark.parametrize("path", PATHS)
def test_three_hundred_megabytes_are_refused_by_their_length(
    path: str, member: Callable[..., User], client_for: Callable[..., Client], stored: Callable[[], list[str]]
) -> None:
    browser = client_for(member("owner"))
    answer = browser.post(path, b"", **head(), headers={"accept": "application/json"})
    assert answer.status_code == 413
    problem = answer.json()
    assert problem["code"] == "too_large"
    assert problem["detail"] == "A file may have 50 MB here; this one is larger. Nothing was stored."
    assert "split the file" in problem["remedy"]
    assert problem["request_id"]
    assert stored() == []


@pytest.mark.parametrize("path", PATHS)
def test_a_body_in_chunks_is_asked_for_its_length(
    path: str, member: Callable[..., User], client_for: Callable[..., Client], stored: Callable[[], list[str]]
) -> None:
    browser = client_for(member("owner"))
    answer = browser.post(path, b"", **chunked(), headers={"accept": "application/json"})
    assert answer.status_code == 411
    assert answer.json()["code"] == "length_required"
    assert "Content-Length" in answer.json()["detail"]
    assert stored() == []


def test_a_person_without_scripts_gets_a_page(member: Callable[..., User], client_for: Callable[..., Client]) -> None:
    answer = client_for(member()).post("/data/upload/", b"", **head(), headers={"accept": "text/html"})
    assert answer.status_code == 413
    assert "A file may have 50 MB here" in answer.content.decode()
    assert "Content-Security-Policy" in answer


def test_the_limit_is_the_tenants_own(acme: Tenant, client_for: Callable[..., Client], member: Any) -> None:
    acme.max_upload_mb = 400
    acme.save()
    browser = client_for(member())
    with pytest.raises(AssertionError, match="the body was read"):
        browser.post("/data/upload/", b"", **head())


@pytest.mark.parametrize(
    ("length", "chunked", "status"),
    [
        (str(2 * MEGABYTE + ENVELOPE), False, None),
        (str(2 * MEGABYTE + ENVELOPE + 1), False, 413),
        (str(2 * MEGABYTE + ENVELOPE + 1), True, 413),
        ("0", False, None),
        ("", False, None),
        ("", True, 411),
        ("-1", True, 411),
        ("x", True, 411),
    ],
)
def test_what_is_declared_decides(length: str, chunked: bool, status: int | None) -> None:
    problem = body_problem(length=length, chunked=chunked, most_mb=2)
    assert (problem.status if problem else None) == status


# Under ASGI, where Django puts a body on a disk before its first middleware.


class Stream:
    """What a server hands to an application, piece by piece: `asked` counts the pieces that were taken."""

    def __init__(self, pieces: int) -> None:
        self.pieces, self.asked = pieces, 0

    async def receive(self) -> dict[str, Any]:
        if self.asked >= self.pieces:
            await asyncio.sleep(3600)  # the client waits for the answer
        self.asked += 1
        return {"type": "http.request", "body": bytes(64 * 1024), "more_body": self.asked < self.pieces}


def scope_of(**headers: str) -> dict[str, Any]:
    named = {"host": "acme.localhost", "content-type": FORM, "accept": "application/json", **headers}
    return {
        "type": "http",
        "method": "POST",
        "path": "/data/upload/",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
    }


def answered(scope: dict[str, Any], stream: Stream, app: Any = None) -> tuple[int, list[Any]]:
    """The status of the answer, and what the application got of the body."""
    got: list[Any] = []
    sent: list[dict[str, Any]] = []

    async def spying(scope: Any, receive: Any, send: Any) -> None:
        async def noted() -> Any:
            message = await receive()
            got.append(message)
            return message

        await (app or ASGIHandler())(scope, noted, send)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async_to_sync(BodyLimitGuard(spying))(scope, stream.receive, send)
    return sent[0]["status"], [len(message["body"]) for message in got if message.get("body")]


@pytest.fixture
def asgi(acme: Tenant, sockets_keep_db: None) -> Iterator[None]:
    """Django's handler on the connection of this test: it would close one that is in a transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def spooled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many temporary files Django has made for bodies."""
    made: list[Any] = []

    class Noted(tempfile.SpooledTemporaryFile[bytes]):
        def rollover(self) -> None:
            made.append(self)
            super().rollover()

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Noted)
    return lambda: len(made)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_length": str(HUGE)}, 413),
        ({"transfer_encoding": "chunked"}, 411),
        ({"content_length": str(HUGE), "host": "nobody.localhost"}, 404),
    ],
)
def test_under_asgi_no_byte_of_it_reaches_django(
    asgi: None, spooled: Callable[[], int], headers: dict[str, str], status: int
) -> None:
    assert answered(scope_of(**headers), Stream(HUGE // (64 * 1024))) == (status, [])
    assert spooled() == 0


def test_under_asgi_a_body_that_may_come_is_handed_on_whole(asgi: None) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200})

    pieces = 20 * MEGABYTE // (64 * 1024)
    status, got = answered(scope_of(content_length=str(20 * MEGABYTE)), Stream(pieces), app)
    assert (status, sum(got)) == (200, 20 * MEGABYTE)


def test_the_settings_keep_small_bodies_cheap_and_files_on_disk() -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 10 * MEGABYTE
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE == MEGABYTE
    middleware = settings.MIDDLEWARE
    limit = middleware.index("apps.datasets.limits.BodyLimitMiddleware")
    assert middleware.index("apps.tenants.middleware.TenantMiddleware") < limit
    assert limit < middleware.index("django.middleware.csrf.CsrfViewMiddleware")

"""Two tenants with equal primary keys, and a way to send requests to both without a network."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.tenants.models import Tenant
from tests.isolation.ground import rows_copy, side_make
from tests.isolation.scene import Answer, Request, Scene, Send

AGENT = "dummy.echo"
CSRF_TOKEN = "c" * 32


@pytest.fixture
def scene(acme: Tenant, globex: Tenant) -> Scene:
    """The attacker owns acme."""
    ours, theirs = side_make(acme, agent=AGENT, extra=100), side_make(globex, agent=AGENT, extra=200)
    rows_copy(ours, theirs)
    rows_copy(theirs, ours)
    return Scene(ours, theirs)


class Streamed:
    """A streamed answer, read to its end."""

    def __init__(self, answer: Any) -> None:
        self.status_code, self.headers = answer.status_code, answer.headers
        self.content = b"".join(answer.streaming_content)


@pytest.fixture
def send() -> Send:
    def sent(wanted: Request) -> Answer:
        client = Client(headers={"host": wanted.host}, raise_request_exception=False, enforce_csrf_checks=True)
        client.cookies[settings.CSRF_COOKIE_NAME] = CSRF_TOKEN
        headers = {"X-CSRFToken": CSRF_TOKEN, **wanted.headers}
        if wanted.session:
            client.cookies[settings.SESSION_COOKIE_NAME] = wanted.session
        if wanted.bearer:
            headers["Authorization"] = f"Bearer {wanted.bearer}"
        path = f"{wanted.path}?{urlencode(wanted.query)}" if wanted.query else wanted.path
        call = getattr(client, wanted.method.lower())
        if not wanted.form:
            answer = call(path, headers=headers)
        elif wanted.form == "json":
            answer = call(path, wanted.data, content_type="application/json", headers=headers)
        elif wanted.form == "file":
            file = SimpleUploadedFile(wanted.filename, wanted.data["file"].encode(), "text/csv")
            answer = call(path, {**wanted.data, "file": file}, headers=headers)
        else:
            answer = call(path, wanted.data, headers=headers)
        return Streamed(answer) if answer.streaming else answer

    return sent

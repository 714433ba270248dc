"""Two tenants with equal primary keys, and a way to send requests to both without a network."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings

from apps.tenants import context, keys
from apps.tenants.models import Tenant
from tests.conftest import KEYS, database_made, database_used
from tests.isolation.ground.credentials import sessions_renew, tokens_fresh
from tests.isolation.ground.making import rows_copy, side_make
from tests.isolation.ground.sides import Side
from tests.isolation.rows import Table, Watched, tables_read
from tests.isolation.scene import Answer, Request, Scene, Send

AGENT = "dummy.echo"
CSRF_TOKEN = "c" * 32


RENEWED_EVERY = 15.0
"""Seconds for which sessions are as good as new: one that is used a minute after it began is written to."""


@dataclass
class Stage:
    """The two tenants as they stand before every test, committed in a database of this process."""

    database: str
    files: Path
    """Their keys, and all else that they have stored."""
    sides: tuple[Side, Side]
    rows: dict[Table, str]
    """What the tables of both are."""
    renewed_at: float = 0.0
    """When their sessions were, by the clock of this process."""

    def sessions_new(self) -> None:
        """Make the sessions new that are not as good as that; outside of any test's transaction."""
        if time.monotonic() - self.renewed_at > RENEWED_EVERY:
            sessions_renew(self.sides)
            self.renewed_at = time.monotonic()


@pytest.fixture(scope="session")
def stage(
    template_database: str,
    django_db_setup: None,
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """Filled once, which takes as long as a hundred attacks: each of those is undone."""
    name, files = f"test_stage_{os.getpid()}", tmp_path_factory.mktemp("stage")
    shutil.copytree(KEYS, files / "keys")
    with django_db_blocker.unblock(), database_made(template_database, name):  # type: ignore[attr-defined]
        with (
            database_used(name),
            override_settings(VAR=files, KEYS=files / "keys"),
            patch("apps.audit.services._nudge"),  # as in every test: nobody has asked for the sequencer
        ):
            acme, globex = (Tenant.objects.get(slug=slug) for slug in ("acme", "globex"))
            ours, theirs = side_make(acme, agent=AGENT, extra=100), side_make(globex, agent=AGENT, extra=200)
            rows_copy(ours, theirs)
            rows_copy(theirs, ours)
            schemas = [ours.schema, theirs.schema]
            rows = tables_read(connection, schemas)
        keys.forget()
        context.forget()
        yield Stage(name, files, (ours, theirs), rows)
        with database_used(name):
            changed = sorted(set(tables_read(connection, schemas).items()) ^ set(rows.items()))
        assert not changed, f"Something was committed where all is undone: {changed}"


@pytest.fixture
def on_stage(stage: Stage, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    with django_db_blocker.unblock(), database_used(stage.database):  # type: ignore[attr-defined]
        stage.sessions_new()
        yield


@pytest.fixture
def committed_db(stage: Stage, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    mine = f"test_own_{os.getpid()}"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with database_used(stage.database):
            stage.sessions_new()
        with database_made(stage.database, mine), database_used(mine):
            yield mine


@pytest.fixture
def data(stage: Stage, request: pytest.FixtureRequest) -> None:
    """For the tests here: a database in which both tenants are filled, and their files."""
    for name in ["committed_db"] if "committed_db" in request.fixturenames else ["on_stage", "db"]:
        request.getfixturevalue(name)
    shutil.copytree(stage.files, settings.VAR, dirs_exist_ok=True)


@pytest.fixture
def watch(stage: Stage) -> Callable[..., Watched]:
    """`watch(schemas)`: the rows of these tenants, from what they were when this test began."""
    return partial(Watched, connection, known=stage.rows)


@pytest.fixture
def scene(stage: Stage, data: None) -> Scene:
    """The attacker owns acme."""
    return Scene(*tokens_fresh(stage.sides))


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

"""Log lines: JSON that says where it was written, and never holds a secret, whoever wrote it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.test import RequestFactory
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.common.redaction import REDACTED
from apps.gateway import services, tokens
from apps.gateway.principals import Caller
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
SECRET = st.text(ALPHABET, min_size=20, max_size=43)
# What stands around a secret in a text: words as people and libraries write them.
AROUND = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
SPACE = st.sampled_from(["", " ", "\n", "'", '"', ", ", "(", ")"])

IN_TEXT = [
    lambda secret: f"ork_0a1b2c3d_{secret}",
    lambda secret: f"eyJhbGciOiJFZERTQSJ9.eyJ{secret}.{secret}",
    lambda secret: f"Authorization: Bearer {secret}",
    lambda secret: f"basic  {secret}",
    lambda secret: f"Cookie: sessionid={secret}; theme=dark",
    lambda secret: f"__Host-session={secret}",
    lambda secret: f"postgresql://orchestrall:{secret}@db.internal:5432/main",
    lambda secret: f"redis://:{secret}@cache:6379/0",
    lambda secret: f"https://acme.localhost/accounts/password/reset/key/{secret}/",
]
UNDER_NAME = [
    "password",
    "new_password1",
    "Authorization",
    "HTTP_COOKIE",
    "api_key",
    "apikey",
    "master_key",
    "client_secret",
    "access_token",
    "csrfmiddlewaretoken",
    "sessionid",
    "private_pem",
    "credentials",
    "passphrase",
]


def formatter() -> logging.Formatter:
    found = logging.getLogger().handlers[0].formatter
    assert found is not None
    return found


def rendered(message: str, *args: Any, exc: Any = None, **extra: Any) -> str:
    """A line of the standard library's logger as it goes to standard error."""
    info = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.getLogger("some.library").makeRecord(
        "some.library", logging.INFO, __file__, 1, message, args, info, extra=extra
    )
    line = formatter().format(record)
    json.loads(line)
    assert "\n" not in line
    return line


def nested(value: Any, path: list[int]) -> Any:
    """`value` inside lists, mappings and tuples, as `path` says."""
    for step in path:
        value = [[value], {"inner": value}, (1, value), {"a": [value]}][step]
    return value


@given(SECRET, st.sampled_from(IN_TEXT), AROUND, SPACE, st.lists(st.integers(0, 3), max_size=9))
@hypothesis_settings(deadline=None, max_examples=300)
def test_a_secret_inside_a_text_never_passes(secret: str, form: Any, around: str, space: str, path: list[int]) -> None:
    assume(secret not in around)
    text = f"{around}{space or ' '}{form(secret)}{space}"
    lines = [
        rendered(text.replace("%", "%%")),
        rendered("%s", text),
        rendered("an event", detail=nested(text, path)),
        rendered("an event", detail={text: 1}),
        rendered("an event", detail=nested(ValueError(text), path)),
        rendered("it failed", exc=ValueError(text)),
    ]
    assert [line for line in lines if secret in line] == []


@given(SECRET, st.sampled_from(UNDER_NAME), st.lists(st.integers(0, 3), max_size=9))
@hypothesis_settings(deadline=None, max_examples=200)
def test_a_value_under_a_secret_name_never_passes(secret: str, name: str, path: list[int]) -> None:
    lines = [
        rendered("an event", **{name: secret}),
        rendered("an event", detail={name: nested(secret, path)}),
        rendered("an event", detail=nested({name: secret}, path)),
    ]
    assert [line for line in lines if secret in line] == []


def test_the_secrets_that_the_product_makes_itself_never_pass(acme: Tenant, member: Any) -> None:
    user = member("owner")
    _, key = services.key_create(who=Caller(user), name="x", scopes=["keys.view"], days=1)
    token = tokens.token_issue(user=user)
    for secret in (key, token, key.split("_", 2)[2], token.rpartition(".")[2]):
        line = rendered("called with %s and %s", f"Bearer {key}", {"header": f"Bearer {token}"})
        assert secret not in line
        assert line.count(REDACTED) == 2


def test_what_is_no_secret_passes() -> None:
    line = json.loads(rendered("run %s of %s is done", "R-48213", "acme", rows=3, note="a key figure", ratio=0.5))
    assert line["event"] == "run R-48213 of acme is done"
    assert (line["rows"], line["note"], line["ratio"]) == (3, "a key figure", 0.5)


def test_a_line_says_when_who_and_how_grave(acme: Tenant) -> None:
    line = json.loads(rendered("hello"))
    assert (line["level"], line["logger"]) == ("info", "some.library")
    assert line["timestamp"].endswith("Z")


def test_a_line_names_the_tenant_it_was_written_in(acme: Tenant, globex: Tenant) -> None:
    assert json.loads(rendered("hello"))["tenant"] == "t_acme"
    with tenant_context(globex):
        assert json.loads(rendered("hello"))["tenant"] == "t_globex"
        assert json.loads(rendered("hello", tenant="t_acme"))["tenant"] == "t_acme"  # who knows better, says so
    with public_context():
        assert "tenant" not in json.loads(rendered("hello"))


def test_a_line_names_the_request_it_was_written_in(rf: RequestFactory) -> None:
    with structlog.contextvars.bound_contextvars(request_id="trace-1234"):
        assert json.loads(rendered("hello"))["request_id"] == "trace-1234"
    assert "request_id" not in json.loads(rendered("hello"))


def test_an_error_keeps_its_traceback_on_its_line() -> None:
    try:
        raise ZeroDivisionError("by design")
    except ZeroDivisionError as error:
        line = json.loads(rendered("it failed", exc=error))
    assert "by design" in line["exception"]
    assert "test_logs.py" in line["exception"]


@pytest.mark.parametrize("process", ["web", "worker-cpu"])
def test_every_process_writes_json_to_standard_error(process: str, tmp_path: Path) -> None:
    """In a process of its own, as it is started; the loggers are those that servers and workers bring with them."""
    names = ["uvicorn.error", "celery.worker", "celery.task", "celery.app.trace", "apps.agents", "py"]
    program = (
        "import django, logging, sys; django.setup()\n"
        "from orchestrall.celery import app\n"
        "app.log.setup(loglevel='INFO', redirect_stdouts=True)\n"
        f"for name in {names}:\n"
        "    logging.getLogger(name).warning('hello from %s to %s', name, 'postgres://u:hunter2@h/d')\n"
        "print('words for people')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "ORCHESTRALL_PROCESS": process,
            "ORCHESTRALL_VAR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development",
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["logger"] for line in done.stderr.splitlines()] == names
    assert "hunter2" not in done.stderr
    assert done.stdout == "words for people\n"

"""Where lines go: out, or to a file of each industry; and which request, trace, run and industry they name."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from apps.gateway.logfiles import Files
from apps.gateway.logs import industry_of
from apps.gateway.middleware import RequestLogMiddleware
from tests.running import ROOT

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    handler = Files(str(tmp_path / "logs"))
    yield handler
    handler.close()


def said(handler: Files, logger: str, text: str) -> None:
    handler.handle(logging.LogRecord(logger, logging.INFO, "here.py", 1, text, None, None))


def test_each_industry_has_a_file_of_its_own(files: Files, tmp_path: Path) -> None:
    said(files, "apps.dummy", "of no industry")
    said(files, "apps.retail.analytics.pooling", "of retail")
    with structlog.contextvars.bound_contextvars(industry="finance"):
        said(files, "apps.agents.services", "about an agent of finance")
        said(files, "apps.retail", "of retail, whoever is at work")
    kept = {path.name: path.read_text().split("\n")[:-1] for path in (tmp_path / "logs").iterdir()}
    assert kept == {
        "platform.log": ["of no industry"],
        "retail.log": ["of retail", "of retail, whoever is at work"],
        "finance.log": ["about an agent of finance"],
    }


def test_a_file_that_was_moved_away_is_begun_anew(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "platform.log"
    said(files, "apps.gateway", "before")
    path.rename(path.with_suffix(".1"))
    said(files, "apps.gateway", "after")
    assert path.read_text() == "after\n"


def test_a_line_that_cannot_be_made_says_whose_it_was_and_nothing_else(files: Files, tmp_path: Path) -> None:
    files.setFormatter(logging.Formatter("%(message)s"))
    files.handle(logging.LogRecord("apps.gateway", logging.INFO, "here.py", 7, "%d", ("a secret",), None))
    line = json.loads((tmp_path / "logs" / "platform.log").read_text())
    assert line == {
        "event": "a line could not be made",
        "level": "error",
        "logger": "apps.gateway",
        "place": "here:7",
        "error": "TypeError",
    }


@pytest.mark.parametrize("name", ["apps", "", "apps.", "retail", "apps.retailer.x", "somebody.retail"])
def test_no_other_name_is_an_industrys(name: str) -> None:
    assert industry_of(name) == ""


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [
        (f"00-{CALLER}-00f067aa0ba902b7-01", True),
        (f"cc-{CALLER}-00f067aa0ba902b7-01-more", True),
        (f"ff-{CALLER}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{CALLER}-{'0' * 16}-01", False),
        (f"00-{CALLER.upper()}-00f067aa0ba902b7-01", False),
        ("anything", False),
        ("", False),
    ],
)
def test_lines_of_a_request_name_the_trace_that_it_is_part_of(rf: RequestFactory, sent: str, is_taken: bool) -> None:
    seen = {}

    def answer(request: HttpRequest) -> HttpResponse:
        seen.update(structlog.contextvars.get_contextvars())
        return HttpResponse()

    RequestLogMiddleware(answer)(rf.get("/", headers={"traceparent": sent}))
    assert (seen["trace"] == CALLER) is is_taken
    assert len(seen["trace"]) == 32
    assert "trace" not in structlog.contextvars.get_contextvars()


def test_lines_go_to_standard_output_or_to_a_folder_by_a_setting(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    assert '"event": "hello"' in begun(tmp_path, ORCHESTRALL_LOG_TO="stdout").stdout
    begun(tmp_path, ORCHESTRALL_LOG_TO=str(folder), ORCHESTRALL_LOG_LEVELS="retail=DEBUG")
    assert [json.loads(line)["event"] for line in (folder / "platform.log").read_text().splitlines()] == ["hello"]
    assert [json.loads(line)["industry"] for line in (folder / "retail.log").read_text().splitlines()] == ["retail"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ORCHESTRALL_LOG_LEVELS", "fishery=DEBUG", "'fishery', which is no industry: finance"),
        ("ORCHESTRALL_LOG_LEVELS", "retail", "use key=value"),
        ("ORCHESTRALL_LOG_LEVELS", "retail=LOUD", "'LOUD' is no level of a log"),
        ("ORCHESTRALL_LOG_LEVEL", "LOUD", "'LOUD' is no level of a log"),
        ("ORCHESTRALL_ERRORS_DSN", "nowhere", "ORCHESTRALL_ERRORS_DSN is no address of a sink"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_at_the_start(tmp_path: Path, name: str, value: str, told: str) -> None:
    assert told in begun(tmp_path, **{name: value}).stderr


def begun(var: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """A process that serves, with these settings, which says hello."""
    lines = "logging.getLogger('apps.gateway').info('hello'); logging.getLogger('apps.retail').debug('x')"
    return subprocess.run(
        [sys.executable, "-c", f"import logging, django; django.setup(); {lines}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development",
            "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "ORCHESTRALL_VAR": str(var),
            "ORCHESTRALL_PROCESS": "web",
            **given,
        },
    )

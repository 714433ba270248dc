"""The guide for integrators is true: its commands and its program are run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from apps.common.demo import PASSWORD
from orchestrall.settings.env import BASE_DIR
from tests.e2e.conftest import Address

pytestmark = pytest.mark.browser

GUIDE = (BASE_DIR / "docs" / "guides" / "integrators.md").read_text()
# What browsers and curl do by themselves: names below localhost are this machine.
RESOLVE = """
import socket
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: real(
    "127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)
"""


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))


@pytest.fixture
def api_key(address: Address) -> str:
    """A key that an owner makes on the console's page."""
    port = address("acme").rpartition(":")[2]

    def post(path: str, session: str = "", **form: object) -> httpx.Response:
        headers = {
            "Host": f"acme.localhost:{port}",
            "Cookie": f"csrftoken={'c' * 32}; sessionid={session}",
            "X-CSRFToken": "c" * 32,
        }
        return httpx.post(f"http://127.0.0.1:{port}{path}", headers=headers, data=form)

    signed_in = post("/accounts/login/", login="owner@acme.example", password=PASSWORD)
    scopes = re.findall(r"`([a-z.]+)`", GUIDE.partition("Its key needs")[2].partition(".\n")[0])
    made = post("/keys/new/", signed_in.cookies["sessionid"], name="The guide", days="7", scopes=scopes)
    found = re.search(r'id="key-text" value="(ork_[^"]+)"', made.text)
    assert found is not None, made.status_code
    return found[1]


@pytest.fixture
def environment(address: Address, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sitecustomize.py").write_text(RESOLVE)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "ORCHESTRALL": address("acme"), "PYTHONPATH": str(tmp_path)}


def test_its_commands_work(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", blocks("bash")],  # noqa: S607
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    title, asked, answered_from, once, status, headline, heading, *more, code = done.stdout.splitlines()
    assert (title, status, code) == ("Demand Forecaster", "succeeded", "invalid_input")
    assert (asked, UUID(answered_from).version) == ("succeeded", 7)
    assert once.startswith("one run")
    assert {"Weekly sales, all shops", "precondition_failed", "event: end"} <= set(more)
    assert "1 series" in headline
    assert heading.startswith("item,")
    assert (tmp_path / "result.xlsx").read_bytes().startswith(b"PK")


def test_its_program_works(environment: dict[str, str], api_key: str, tmp_path: Path) -> None:
    weeks = [f"Tea,2026-{1 + week // 4:02}-{1 + 7 * (week % 4):02},{20 + week % 5}" for week in range(40)]
    (tmp_path / "weekly.csv").write_text("\n".join(["item,week,sold", *weeks]))
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")],
        env={**environment, "ORCHESTRALL_KEY": api_key},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded 1 series" in done.stdout
    assert "['Tea']" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("invalid_input: ")

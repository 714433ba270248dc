"""Both entry points on production's settings, served as the image serves them: WSGI by granian, ASGI by uvicorn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from orchestrall import embedded
from tests.deploy.conftest import ENTRYPOINT

ROOT = Path(__file__).resolve().parents[2]
Serve = Callable[[str], httpx.Client]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What production is told."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.deploy.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        "ORCHESTRALL_VAR": str(tmp_path),
        "ORCHESTRALL_SECRET_KEY": "smoke " * 12,
        "ORCHESTRALL_MASTER_KEY": settings.MASTER_KEY,
        "ORCHESTRALL_CONCURRENCY": "2",
    }


@pytest.fixture
def serve(environment: dict[str, str], committed_db: str, tmp_path: Path) -> Iterator[Serve]:
    """Start a role by the image's entry point on a database of this test, and get a client once it is healthy."""
    environment["DATABASE_URL"] = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{committed_db}"
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str) -> httpx.Client:
        told = environment | {"ORCHESTRALL_PORT": str(embedded.free_port())}
        with (tmp_path / "log").open("wb") as log:
            started.append(
                subprocess.Popen([sys.executable, ENTRYPOINT, role], env=told, stdout=log, stderr=log, cwd=ROOT)
            )
        probe, until = [sys.executable, str(ENTRYPOINT), "health"], time.monotonic() + 60
        while subprocess.run(probe, env=told, capture_output=True, check=False).returncode:
            assert started[-1].poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
        return httpx.Client(base_url=f"http://127.0.0.1:{told['ORCHESTRALL_PORT']}")

    yield start
    for program in started:
        program.terminate()
        # uvicorn stops in order, and then ends by the signal that it was sent.
        assert program.wait(30) in {0, -signal.SIGTERM}, (tmp_path / "log").read_text()
    for line in (tmp_path / "log").read_text().splitlines():
        assert json.loads(line)["level"] in {"info", "debug"}, line


@pytest.mark.parametrize("role", ["web", "live"])
def test_a_server_answers_its_probe_and_the_sign_in_page(serve: Serve, role: str) -> None:
    with serve(role) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json()["status"] == "ready"
        headers = {"Host": "acme.localhost", "X-Forwarded-Proto": "https"}
        page = client.get("/accounts/login/", headers=headers)
        assert page.status_code == 200
        assert "Acme" in page.text
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-csrf=")
        assert "Secure" in cookie
        elsewhere = client.get("/accounts/login/", headers={"Host": "acme.localhost"})
        assert (elsewhere.status_code, elsewhere.headers["Location"]) == (301, "https://acme.localhost/accounts/login/")
        assert client.get("/", headers=headers | {"Host": "nobody.example"}).status_code in {400, 404}


def test_production_passes_djangos_checks_for_deployment(environment: dict[str, str]) -> None:
    argv = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ORCHESTRALL_SECRET_KEY", "", "ORCHESTRALL_SECRET_KEY is not set. Give at least 50 random characters"),
        ("ORCHESTRALL_MASTER_KEY", "", "ORCHESTRALL_MASTER_KEY is not set. Give 32 random bytes in base64"),
        ("EMAIL_PORT", "smtp", "EMAIL_PORT is 'smtp': use a whole number."),
        ("ORCHESTRALL_PROXIES", "many", "ORCHESTRALL_PROXIES is 'many': use a whole number."),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(environment: dict[str, str], name: str, value: str, said: str) -> None:
    argv = [sys.executable, "-c", "import orchestrall.settings.production"]
    tried = subprocess.run(argv, env=environment | {name: value}, capture_output=True, text=True, check=False)
    assert tried.returncode != 0
    assert said in tried.stderr

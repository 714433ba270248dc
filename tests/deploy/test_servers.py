"""Both entry points on production's settings, served as the image serves them: WSGI by granian, ASGI by uvicorn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from asgiref.sync import async_to_sync
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.test import override_settings

from apps.accounts.models import User
from apps.agents import live
from apps.agents.models import AgentRun
from apps.gateway import tokens
from apps.tenants.live import socket_group
from apps.tenants.models import Tenant
from orchestrall import embedded
from tests.deploy.conftest import ENTRYPOINT

ROOT = Path(__file__).resolve().parents[2]
SECRET = "smoke " * 12
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
        "ORCHESTRALL_SECRET_KEY": SECRET,
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


@pytest.mark.parametrize("module", ["orchestrall.wsgi", "orchestrall.asgi"])
def test_a_server_has_loaded_its_pages_and_has_settled_before_the_first_request(
    module: str, environment: dict[str, str]
) -> None:
    looked = "gc.get_freeze_count(), sys.getswitchinterval(), 'apps.workflows.api.runs' in sys.modules"
    told = f"import gc, sys, {module}; print({looked})"
    argv = [sys.executable, "-c", told]
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    frozen, interval, has_loaded = done.stdout.split()
    assert int(frozen) > 50_000
    assert (interval, has_loaded) == ("0.001", "True")


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


@pytest.fixture
def run_address(acme: Tenant, member: Callable[..., User]) -> tuple[str, dict[str, str], AgentRun]:
    """A run that waits, with the address of its event stream and the headers of who may listen."""
    user = member("owner")
    run = AgentRun.objects.create(agent_key="dummy.counter", agent_version="1.0", input={}, origin="api")
    with override_settings(SECRET_KEY=SECRET):
        token = tokens.token_issue(user=user)
    headers = {"Host": "acme.localhost", "X-Forwarded-Proto": "https", "Authorization": f"Bearer {token}"}
    return f"/api/v1/runs/{run.pk}/events", headers, run


def test_an_event_stream_is_told_as_it_happens_and_holds_no_thread(
    serve: Serve, run_address: tuple[str, dict[str, str], AgentRun]
) -> None:
    address, headers, run = run_address
    with serve("live") as client, ExitStack() as open_ones:
        server = next(each for each in psutil.process_iter() if str(client.base_url.port) in _words(each))

        def listen() -> Iterator[str]:
            answer = open_ones.enter_context(client.stream("GET", address, headers=headers, timeout=30))
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
            lines = answer.iter_lines()
            assert "event: snapshot" in lines
            return lines

        streams = [listen()]
        threads = server.num_threads()
        streams += [listen() for _ in range(40)]
        assert server.num_threads() < threads + 5
        run.seq, run.status = 2, AgentRun.Status.SUCCEEDED
        run.save()
        layer = RedisPubSubChannelLayer(hosts=[os.environ["REDIS_URL"]], prefix="orchestrall")
        message = {"type": "live.event", "event": live.event(run)}
        async_to_sync(layer.group_send)(socket_group(live.topic(run.pk)), message)
        for lines in streams:
            assert "event: end" in lines
            assert list(lines)[-3] == "id: 2"
        again = client.get(address, headers=headers | {"Last-Event-ID": "2"})
        assert again.status_code == 204


def test_a_server_of_threads_tells_the_state_and_ends_the_stream(
    serve: Serve, run_address: tuple[str, dict[str, str], AgentRun]
) -> None:
    address, headers, _ = run_address
    with serve("web") as client:
        answer = client.get(address, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.text.startswith("retry: 3000\n\nevent: snapshot\nid: 1\n")


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


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

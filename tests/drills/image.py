"""Build the image without an engine and run its roles, locked down: they start, do their work and stop in order."""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from orchestrall import embedded
from tests.drills._containers import VOLUME, Builder, Container, Runner, isolation_of, require_tools
from tests.drills.worker_kill import ended, start, state
from tests.measuring import Case
from tests.running import wait_until

ROOT = Path(__file__).resolve().parents[2]
BASE, IMAGE = "localhost/base", "localhost/orchestrall"
SERVERS, WORKERS = ("web", "live"), ("worker-cpu", "worker-io")
STARTS_WITHIN, STOPS_WITHIN = 60.0, 30.0
"""Seconds; the second is what `stop_grace_period` gives in deploy/compose."""
PATIENCE = 300.0
WRITABLE = ("/tmp", f"/{VOLUME}")  # noqa: S108
PERSON, PASSWORD = "ana@acme.example", secrets.token_urlsafe(16)
TENANT_HOST = "acme.localhost"
# Run by `manage shell`: a person of a new tenant chooses a password by mail, which nobody reads here.
ADD_PERSON = f"""
from apps.accounts.services import user_create
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
with public_context():
    acme = Tenant.objects.get(slug="acme")
with tenant_context(acme):
    user_create(email="{PERSON}", name="Ana", role="analyst", password="{PASSWORD}")
"""


def measure() -> Iterator[Case]:
    require_tools()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        builder = Builder(folder)
        yield from built(builder)
        with servers(folder) as data, builder.mounted(IMAGE) as root:
            runner = Runner(root, builder.config(IMAGE), folder, settings() | data)
            try:
                yield from kept_no_secret(root)
                yield from prepared(runner)
                roles = Roles(runner)
                yield from started(roles)
                yield from locked_down(roles)
                yield from worked(roles)
                yield from stopped_in_order(roles)
            finally:
                runner.stop_all()


@dataclass
class Roles:
    """The containers of an installation, by role, and the ports of its servers."""

    runner: Runner

    def __post_init__(self) -> None:
        self.ports = {role: embedded.free_port() for role in SERVERS}
        self.running: dict[str, Container] = {}

    def start(self, role: str, name: str = "") -> Container:
        port = {"ORCHESTRALL_PORT": str(self.ports[role])} if role in self.ports else {}
        self.running[role] = self.runner.start(name or role, role, **port)
        return self.running[role]

    @contextmanager
    def client(self, role: str) -> Iterator[httpx.Client]:
        """An API client of the tenant's analyst, which comes as if through the proxy that ends TLS."""
        headers = {"Host": TENANT_HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ports[role]}", headers=headers, timeout=90) as api:
            answer = api.post("/api/v1/tokens", json={"email": PERSON, "password": PASSWORD})
            answer.raise_for_status()
            api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield api


def built(builder: Builder) -> Iterator[Case]:
    yield Case("base", "time to make", seconds_of(lambda: builder.base(BASE)), "s")
    dockerfile = ROOT / "deploy" / "docker" / "Dockerfile"
    took = seconds_of(lambda: builder.image(IMAGE, dockerfile, ROOT, {"BASE": BASE}))
    yield Case("image", "time to build", took, "s")
    yield Case("image", "size", builder.size(IMAGE) / 1e6, "MB")
    yield Case("image", "of which the base", builder.size(BASE) / 1e6, "MB")
    probe = builder.config(IMAGE)["Healthcheck"]["Test"]
    yield Case("image", "declares a health check", " ".join(probe[1:]), bar="yes", holds=probe[0] == "CMD")


def kept_no_secret(root: Path) -> Iterator[Case]:
    """Nothing that was lent to the build is in the image, nor a program to install more with."""
    left = [
        path for path in ("run/secrets", "tools", "node", "app/node_modules", "app/.npmrc") if (root / path).exists()
    ]
    left += [path.name for path in (root / "opt/orchestrall/bin").glob("pip*")]
    yield Case("image", "left of the build", " ".join(left) or "nothing", bar="nothing", holds=not left)


def prepared(runner: Runner) -> Iterator[Case]:
    yield Case("migrate", "time on an empty database", seconds_of(lambda: runner.run("migrate", "migrate")), "s")
    yield Case("migrate", "time with nothing to do", seconds_of(lambda: runner.run("migrate-again", "migrate")), "s")
    words = runner.run("check", "manage", "check", "--deploy", "--fail-level", "WARNING")
    yield Case("manage check --deploy", "says", words.strip(), bar="no issues", holds="no issues" in words)
    runner.run("tenant", "manage", "tenant", "create", "acme", "--industry", "retail")
    runner.run("person", "manage", "shell", "-c", ADD_PERSON)


def started(roles: Roles) -> Iterator[Case]:
    for role in (*SERVERS, *WORKERS):
        took = seconds_of(lambda role=role: roles.start(role).wait_until_healthy(STARTS_WITHIN))  # type: ignore[misc]
        yield Case(role, "start until healthy", took, "s", f"<= {STARTS_WITHIN:.0f}", took <= STARTS_WITHIN)


def locked_down(roles: Roles) -> Iterator[Case]:
    for role, container in roles.running.items():
        found = [isolation_of(each) for each in (container.process, *container.process.children(recursive=True))]
        users, places = {each["uid"] for each in found}, {place for each in found for place in each["writable"]}
        yield Case(role, "user ids", " ".join(map(str, users)), bar="not 0", holds=0 not in users)
        unable = all(each["no_new_privileges"] and not each["capabilities"] for each in found)
        yield Case(role, "has and can gain no capability", str(unable), bar="True", holds=unable)
        yield Case(role, "can write to", " ".join(sorted(places)), bar=" ".join(WRITABLE), holds=places == {*WRITABLE})
    yield Case("all roles", "not enforced without an engine", "network, memory and cpu limits, system-call filter")


def worked(roles: Roles) -> Iterator[Case]:
    page = httpx.get(
        f"http://127.0.0.1:{roles.ports['web']}/accounts/login/",
        headers={"Host": TENANT_HOST, "X-Forwarded-Proto": "https"},
    )
    yield Case("web", "status of the sign-in page", page.status_code, bar="200", holds=page.status_code == 200)
    with roles.client("web") as web, roles.client("live") as live:
        table, began = upload(web, series=20), time.monotonic()
        run = start(web, table)
        with connect(
            f"ws://127.0.0.1:{roles.ports['live']}/ws/runs/{run}/",
            additional_headers={"Host": TENANT_HOST, "Authorization": live.headers["Authorization"]},
        ) as ws:
            told = json.loads(ws.recv(timeout=20))
        status, of_it = told["status"], told["run"] == run
        yield Case("live", "first message of the run's socket", status, bar="of the run", holds=of_it)
        status = live.get(f"/api/v1/runs/{run}", params={"wait": 60}).json()["status"]
        yield Case("forecast", "status", status, bar="succeeded", holds=status == "succeeded")
        yield Case("forecast", "from the call to the answer of ?wait=60", time.monotonic() - began, "s")


def stopped_in_order(roles: Roles) -> Iterator[Case]:
    yield from answers_what_is_under_way(roles)
    yield from gives_its_rows_back(roles)
    for role in ("live", "worker-cpu", "worker-io"):
        yield from stops(role, roles.running[role])


def answers_what_is_under_way(roles: Roles) -> Iterator[Case]:
    """A request whose body is still coming when web is asked to stop is answered; a new one is not taken."""
    web, port = roles.running["web"], roles.ports["web"]
    body = json.dumps({"email": PERSON, "password": PASSWORD}).encode()
    head = f"POST /api/v1/tokens HTTP/1.1\r\nHost: {TENANT_HOST}\r\nX-Forwarded-Proto: https\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(head.encode() + body[:5])
        time.sleep(0.5)  # until it is in the hands of a thread
        web.ask_to_stop()
        wait_until(lambda: embedded.port_is_free(port), "web takes no more connections", within=STOPS_WITHIN)
        link.sendall(body[5:])
        answer = link.makefile("rb").readline().decode().strip()
    yield Case("web", "answer under way while stopping", answer, bar="201", holds=" 201 " in answer)
    yield from exited("web", web, time.monotonic())


def gives_its_rows_back(roles: Roles) -> Iterator[Case]:
    """A worker that is asked to stop in the middle of a run leaves it to another, and no death is counted."""
    first = roles.running["worker-cpu"]
    with roles.client("live") as api:
        run = start(api, upload(api, series=300))
        wait_until(lambda: state(api, run)["done"] > 0, "the run has made progress", within=PATIENCE)
        yield from stops("worker-cpu in a run", first)
        left = state(api, run)
        yield Case("worker-cpu in a run", "the run afterwards", left["status"], bar="not ended", holds=not ended(left))
        began = time.monotonic()
        roles.start("worker-cpu", "worker-cpu-2").wait_until_healthy(STARTS_WITHIN)
        wait_until(lambda: ended(state(api, run)), "another worker has finished the run", within=PATIENCE)
        status = state(api, run)["status"]
    yield Case("another worker-cpu", "the run in the end", status, bar="succeeded", holds=status == "succeeded")
    yield Case("another worker-cpu", "from its start to the run's end", time.monotonic() - began, "s")


def stops(case: str, container: Container) -> Iterator[Case]:
    began = time.monotonic()
    container.ask_to_stop()
    yield from exited(case, container, began)


def exited(case: str, container: Container, began: float) -> Iterator[Case]:
    try:
        status = str(container.wait(STOPS_WITHIN))
    except subprocess.TimeoutExpired:
        status = "still runs"
    took = time.monotonic() - began
    yield Case(case, "stops when asked", took, "s", f"<= {STOPS_WITHIN:.0f}", status != "still runs")
    yield Case(case, "exit status", status, bar="0", holds=status == "0")


def upload(api: httpx.Client, series: int) -> str:
    """Three years of weekly figures of so many items. Returns the id of the dataset."""
    chance, first = random.Random(1), date(2022, 1, 3)
    lines = [
        f"item {item},{first + timedelta(weeks=week)},{max(0, round(chance.gauss(100, 20)))}"
        for item in range(series)
        for week in range(156)
    ]
    table = "\n".join(["item,week,quantity", *lines]).encode()
    answer = api.post("/api/v1/datasets", files={"file": ("weekly.csv", table, "text/csv")})
    answer.raise_for_status()
    return str(answer.json()["id"])


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis on this machine, as the environment names them."""
    postgres, redis = embedded.Postgres(folder / "data"), embedded.Redis(folder / "data")
    (folder / "data").mkdir()
    try:
        postgres.start()
        postgres.database_ensure()
        redis.start()
        yield {"DATABASE_URL": postgres.url(), "REDIS_URL": redis.url()}
    finally:
        redis.stop()
        postgres.stop()


def settings() -> dict[str, str]:
    """The rest of what an installation is told."""
    return {
        "ORCHESTRALL_BASE_HOST": "localhost",
        "ORCHESTRALL_SECRET_KEY": secrets.token_hex(32),
        "ORCHESTRALL_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
    }


def seconds_of(act: Callable[[], Any]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began

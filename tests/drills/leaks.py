"""Plant fifty secrets in a running installation by every way in, and look for them in everything that it wrote."""

from __future__ import annotations

import json
import re
import secrets as chance
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import redis
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from apps.common.demo import PASSWORD
from tests.drills.worker_kill import AGENT, client, ended, state
from tests.measuring import Case
from tests.planted import Planted, found_in, secrets_make
from tests.running import ROOT, Installation, installation, wait_until

PATIENCE = 120.0

# Where a request holds it. `at` is the address; every one of these is sent to each.
PLACES: dict[str, Callable[[httpx.Client, str, str], Any]] = {
    "address": lambda http, at, text: http.get(f"{at.rstrip('/')}/{quote(text, safe='')}"),
    "query": lambda http, at, text: http.get(at, params={"q": text, "cursor": text, text: "1"}),
    "X-Request-ID": lambda http, at, text: http.get(at, headers={"X-Request-ID": text}),
    "Authorization": lambda http, at, text: http.get(at, headers={"Authorization": text}),
    "bearer": lambda http, at, text: http.get(at, headers={"Authorization": f"Bearer {text}"}),
    "cookie": lambda http, at, text: http.get(at, headers={"Cookie": f"sessionid={text}; csrftoken={text}; a={text}"}),
    "other headers": lambda http, at, text: http.post(
        at,
        headers=dict.fromkeys(
            ["User-Agent", "Referer", "Origin", "Idempotency-Key", "If-Match", "Last-Event-ID", "X-Forwarded-For"], text
        ),
    ),
    "host": lambda http, at, text: http.get(at, headers={"Host": re.sub(r"[^\w.@:-]", "-", text)}),
    "JSON": lambda http, at, text: http.post(at, json={"email": text, "password": text, "input": {"history": text}}),
    "broken JSON": lambda http, at, text: http.post(
        at, content=f'{{"email": "{text}', headers={"Content-Type": "application/json"}
    ),
    "form": lambda http, at, text: http.post(at, data=dict.fromkeys(["login", "password", "email", "name"], text)),
    "file name": lambda http, at, text: http.post(at, files={"file": (text.replace("/", "%2F"), b"a,b\n1,2\n")}),
    "file": lambda http, at, text: http.post(at, files={"file": ("a.csv", f"a,b\n{text},{text}\n".encode())}),
    "field beside a file": lambda http, at, text: http.post(
        at, data={"name": text, "sheet": text}, files={"file": ("a.csv", b"a,b\n1,2\n")}
    ),
}
ADDRESSES = (
    *("/", "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/key", "/members/invite/"),
    *("/keys/new/", "/data/upload/", "/nowhere", "/static", "/healthz", f"/agents/{AGENT}/"),
    *("/api/v1/tokens", "/api/v1/datasets", "/api/v1/runs", f"/api/v1/agents/{AGENT}/runs", "/api/v1/nowhere"),
)


def measure() -> Iterator[Case]:
    seed = chance.token_hex(8)
    planted = secrets_make(seed)
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        limits_lift(program)
        sent = by_requests(program, planted)
        sent["sockets"] = by_sockets(program, planted)
        runs = by_runs(program, planted)
        sent["runs"] = len(runs)
        sent["lines, statements and messages of a process"] = by_a_process(program, seed, planted)
        yield Case("planted", "secrets", len(planted), bar="50", holds=len(planted) == 50)
        for way, number in sent.items():
            yield Case("planted", way, number, bar="> 0", holds=number > 0)
        every = 0
        for place, text in sinks(program, runs).items():
            found = found_in(text, planted)
            for name in found:
                print(f"  {place}: {name}", file=sys.stderr)
            every += len(found)
            yield Case(place, "characters looked through", len(text))
            yield Case(place, "secrets found", len(found), bar="0", holds=not found)
        yield Case("all", "secrets found", every, bar="0", holds=not every)


def limits_lift(program: Installation) -> None:
    """Let everything in: a request that a limit stopped would not come far."""
    with psycopg.connect(program.database_url, autocommit=True) as database:
        most = "max_requests = 1000000, max_caller_requests = 1000000, max_starts = 1000000"
        database.execute(f"update public.tenants_tenant set {most}")
    time.sleep(4)  # what processes know of a tenant may be so old


def by_requests(program: Installation, planted: list[Planted]) -> Counter[str]:
    """Every place of a request, by a stranger and by a member, at addresses in turn. How many of each were answered."""
    answered: Counter[str] = Counter()
    host = f"acme.localhost:{program.port}"
    base = f"http://127.0.0.1:{program.port}"
    with (
        httpx.Client(base_url=base, headers={"Host": host}, timeout=60) as stranger,
        httpx.Client(base_url=base, headers={"Host": host}, timeout=60) as browser,
        client(program) as api,
    ):
        sign_in(browser)
        for number, secret in enumerate(planted):
            text = secret.text.replace("\n", " ")
            for shift, (place, plant) in enumerate(PLACES.items()):
                for caller in (stranger, browser, api):
                    at = ADDRESSES[(number + shift) % len(ADDRESSES)]
                    try:
                        plant(caller, at, text)
                    except httpx.HTTPError:
                        continue  # the server hung up on it, as it may
                    answered[place] += 1
    return answered


def sign_in(browser: httpx.Client) -> None:
    browser.get("/accounts/login/")
    form = {"login": "owner@acme.example", "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post("/accounts/login/", data=form)
    if answer.status_code != 302:
        raise RuntimeError(f"The owner could not sign in: {answer.status_code}.")
    browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]


def by_sockets(program: Installation, planted: list[Planted]) -> int:
    tried = 0
    for secret in planted:
        text = secret.text.replace("\n", " ")
        for at in (f"/ws/runs/{quote(text, safe='')}/", f"/ws/runs/x/?ticket={quote(text, safe='')}"):
            headers = {"Host": f"acme.localhost:{program.port}", "Authorization": f"Bearer {text}", "Cookie": text}
            tried += 1
            try:
                with connect(f"ws://127.0.0.1:{program.port}{at}", additional_headers=headers) as socket:
                    socket.send(text)
                    socket.recv(timeout=2)
            except (WebSocketException, TimeoutError, OSError):
                continue
    return tried


def by_runs(program: Installation, planted: list[Planted]) -> list[dict[str, Any]]:
    """Tables with the secrets for names and for figures, in runs that end one way or the other."""
    started = []
    with client(program) as api:
        for columns in (("{0}", "2026-01-{1:02}", "1{1}"), ("item", "2026-01-{1:02}", "{0}"), ("item", "{0}", "{0}")):
            rows = [
                ",".join(_quoted(column.format(secret.text, 1 + number % 28)) for column in columns)
                for number, secret in enumerate(planted)
            ]
            table = "\n".join(["item,period,quantity", *rows]).encode()
            answer = api.post("/api/v1/datasets", files={"file": ("sales.csv", table, "text/csv")})
            if answer.status_code == 201:
                wanted = {"input": {"history": {"dataset": answer.json()["id"]}}}
                answer = api.post(f"/api/v1/agents/{AGENT}/runs", json=wanted)
            if answer.status_code in {201, 202}:
                started.append(str(answer.json()["id"]))
        wait_until(lambda: all(ended(state(api, run)) for run in started), "every run has ended", within=PATIENCE)
        return [state(api, run) for run in started]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def by_a_process(program: Installation, seed: str, planted: list[Planted]) -> int:
    """What a process of the installation says of itself goes to a log beside the others'."""
    with (program.folder / "logs" / "leaking.log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", "tests.drills._leaking", seed],
            cwd=ROOT,
            env={**program.environment, "ORCHESTRALL_PROCESS": "web"},
            stdout=log,
            stderr=log,
            timeout=300,
            check=False,  # it dies, and must
        )
    worker = program.folder / "logs" / "worker-cpu.log"
    wait_until(
        lambda: worker.read_text(errors="replace").count("unregistered task") >= len(planted),
        "the worker has complained of each message",
        within=PATIENCE,
    )
    return len((program.folder / "logs" / "leaking.log").read_text(errors="replace").splitlines())


def sinks(program: Installation, runs: list[dict[str, Any]]) -> dict[str, str]:
    """Everything that may have been written, by where it lies."""
    files = sorted([*program.folder.glob("logs/*.log"), *program.folder.glob("*.log")])
    found = {f"{path.name}": path.read_text(errors="replace") for path in files}
    found["metrics"] = httpx.get(f"http://127.0.0.1:{program.port}/metrics", timeout=60).text
    with redis.Redis.from_url(program.redis_url) as store:
        found["slow commands of Redis"] = repr(store.slowlog_get(1000))
    with psycopg.connect(program.database_url) as database:
        found["work that was given up"] = repr(
            database.execute("select cause from public.dispatch_dead_letter").fetchall()
        )
        found["tenants' problems"] = repr(database.execute("select problem from public.tenants_tenant").fetchall())
        found["settings of PostgreSQL"] = repr(database.execute("select name, setting from pg_settings").fetchall())
    found["problems of runs"] = json.dumps([run["problem"] for run in runs])
    return found

#!/usr/bin/env python3
"""What a container of this image runs: `orchestrall ROLE`, as USAGE below says.

The program of a role takes the place of this one, so that signals reach it. Nothing but the standard library is used.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import NoReturn

SERVERS = ("web", "live")
WORKERS = ("worker-cpu", "worker-io")
CONCURRENCY = {"web": 8, "worker-cpu": 2, "worker-io": 16}
"""How much a role does at a time: threads, or for worker-cpu processes. `live` waits rather than works."""
DRAIN = 25
"""Seconds that requests under way are given when a server is asked to stop; containers get 30 (`stop_grace_period`)."""
SECRETS = (
    "DATABASE_URL",
    "REDIS_URL",
    "ORCHESTRALL_SECRET_KEY",
    "ORCHESTRALL_MASTER_KEY",
    "ORCHESTRALL_FORMER_MASTER_KEYS",
    "ORCHESTRALL_METRICS_TOKEN",
    "EMAIL_HOST_PASSWORD",
)
"""May come as NAME_FILE, a file that holds the value, instead of as NAME."""
SCRATCH = Path(tempfile.gettempdir())
ROLE_FILE = SCRATCH / "orchestrall-role"
ALIVE_FILE = SCRATCH / "orchestrall-alive"
ALIVE_WITHIN = 20.0
"""Seconds within which a worker that lives has touched its file; it does so every 1.5."""
USAGE = "Usage: orchestrall web | live | worker-cpu | worker-io | migrate [--operator EMAIL] | manage ... | health"


class Refused(Exception):
    """The container cannot start like this; the text says what to change."""


def command(role: str, rest: list[str], environ: Mapping[str, str]) -> list[str]:
    """The program of a role with its arguments. Raises `Refused` for an unknown role and for bad settings."""
    port, at_a_time = str(number(environ, "ORCHESTRALL_PORT", 8000)), ""
    if role in CONCURRENCY:
        at_a_time = str(number(environ, "ORCHESTRALL_CONCURRENCY", CONCURRENCY[role]))
    worker = ["celery", "--quiet", "--app", "orchestrall", "worker", "--hostname", f"{role}@%h"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--concurrency", at_a_time]
    match role:
        case "web":
            # Workers that are stuck beyond the time to drain are killed; one that crashed is started again. Its only
            # warning at the start is of threads that outnumber cores; ours wait for the database most of the time.
            argv = ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", port, "--no-ws"]  # noqa: S104
            argv += ["--blocking-threads", at_a_time, "--workers-kill-timeout", str(DRAIN)]
            argv += ["--respawn-failed-workers", "--log-level", "error", "orchestrall.wsgi:application"]
        case "live":
            # Without --proxy-headers the caller's address stays the proxy's, as `web` sees it.
            argv = ["uvicorn", "--host", "0.0.0.0", "--port", port, "--lifespan", "off", "--no-proxy-headers"]  # noqa: S104
            argv += ["--timeout-graceful-shutdown", str(DRAIN), "--no-access-log", "--log-level", "warning"]
            argv += ["--no-server-header", "orchestrall.asgi:application"]
        case "worker-cpu":
            argv = [*worker, "--queues", "cpu", "--pool", "prefork"]
        case "worker-io":
            argv = [*worker, "--queues", "io,flow", "--pool", "threads"]
        case "migrate":
            return ["python", "manage.py", "prepare", *rest]
        case "manage":
            return ["python", "manage.py", *rest]
        case _:
            raise Refused(f"There is no role {role!r}. {USAGE}")
    if rest:
        raise Refused(f"{role} takes no arguments, but got {' '.join(rest)}. {USAGE}")
    return argv


def number(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise Refused(f"{name} is {value!r}: give a whole number from 1 to 65535.")
    return int(value)


def secrets_read(environ: MutableMapping[str, str]) -> None:
    """Put the content of the file in NAME_FILE into NAME, for each secret that is given as a file."""
    for name in SECRETS:
        path = environ.pop(f"{name}_FILE", "")
        if not path:
            continue
        if environ.get(name):
            raise Refused(f"Both {name} and {name}_FILE are set: keep one.")
        try:
            environ[name] = Path(path).read_text().strip()
        except OSError as error:
            raise Refused(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error


def health(environ: Mapping[str, str]) -> str:
    """What is wrong with the role that runs in this container; empty when nothing is.

    A server answers its probe; a worker has touched its file. Neither says anything of what stands behind the process,
    so that nobody restarts it because the database is away.
    """
    role = ROLE_FILE.read_text() if ROLE_FILE.exists() else ""
    if role in SERVERS:
        port = number(environ, "ORCHESTRALL_PORT", 8000)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=4) as answer:
                return "" if answer.status == 200 else f"/healthz answers {answer.status}"
        except (urllib.error.URLError, OSError) as error:
            return f"/healthz does not answer: {error}"
    if role in WORKERS:
        try:
            age = time.time() - ALIVE_FILE.stat().st_mtime
        except FileNotFoundError:
            return "the worker has not begun to work"
        return "" if age < ALIVE_WITHIN else f"the worker's last heartbeat is {age:.0f} s old"
    return "no role was started here"


def main(argv: list[str]) -> int:
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(USAGE)
        return 0 if argv else 2
    role, *rest = argv
    try:
        if role == "health":
            wrong = health(os.environ)
            print(wrong or "healthy")
            return 1 if wrong else 0
        secrets_read(os.environ)
        program = command(role, rest, os.environ)
    except Refused as why:
        print(why, file=sys.stderr)
        return 2
    return become(role, program)


def become(role: str, program: list[str]) -> NoReturn:
    """Leave word of the role for `health`, and run its program in this one's place."""
    if role in {*SERVERS, *WORKERS}:
        os.environ["ORCHESTRALL_PROCESS"] = role
        ROLE_FILE.write_text(role)
    if role in WORKERS:
        os.environ["ORCHESTRALL_WORKER_ALIVE_FILE"] = str(ALIVE_FILE)
    os.execvp(program[0], program)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

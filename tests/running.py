"""A whole installation for tests, benchmarks and drills, started as a user starts it and stopped at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from orchestrall import embedded
from orchestrall.start import Holder

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN = 300.0
STOPPED_WITHIN = 60.0
# What a test run has set for itself, and an installation must not take for its own.
_FOREIGN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


class NotStarted(RuntimeError):
    """The installation did not come up; the text is what it printed."""


@dataclass(frozen=True)
class Installation:
    """One that runs. All of its people have the password `apps.common.demo.PASSWORD`."""

    folder: Path
    port: int
    pid: int
    """The supervisor's; the servers, web and workers are its children."""
    environment: dict[str, str]
    """What its processes are told: for a process that joins them, or for a command on its data."""
    fetching: float
    """Seconds of its start that went into fetching packages."""

    def address(self, slug: str) -> str:
        """Where a tenant answers in a browser, without a slash at the end."""
        return f"http://{slug}.localhost:{self.port}"

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment["REDIS_URL"]

    def is_at_rest(self) -> bool:
        """Whether no run is due or in hand; the installation's own work, as of the audit log, goes on for ever."""
        due = "select 1 from dispatch_work where kind like '%.run' and (due_at <= now() or lease_until > now()) limit 1"
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(due).fetchone() is None

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        supervisor = psutil.Process(self.pid)
        return [supervisor, *supervisor.children(recursive=True)]


@contextmanager
def installation(
    folder: Path, *, port: int = 0, demo: bool = True, told: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Start the program with its data in `folder`, wait until it is ready, and stop it at the end.

    Starting again in the same folder finds the data of before. `port` 0 takes a free one. `told` is put into its
    environment. Raises `NotStarted`.
    """
    port = port or embedded.free_port()
    argv = [sys.executable, "-m", "orchestrall.start", "up", "--port", str(port), *([] if demo else ["--no-demo"])]
    mine = environment(folder) | dict(told or {})
    with launched(argv, project=ROOT, folder=folder, environment=mine) as program:
        yield program


@contextmanager
def launched(
    argv: Sequence[str], *, project: Path, folder: Path, environment: dict[str, str]
) -> Iterator[Installation]:
    """Start an installation by a command, in the folder of a project; its data are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "output.log"
    with output.open("ab") as out:
        program = subprocess.Popen(
            argv,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=embedded.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509
        )
    try:
        words = _wait_until_ready(program, Holder(folder), output)
        yield Installation(
            folder=folder,
            port=words["port"],
            pid=program.pid,
            environment=words["environment"],
            fetching=words["fetching"],
        )
    finally:
        stop(program)


def environment(folder: Path) -> dict[str, str]:
    """The environment of a user who starts the program with its data in `folder`."""
    mine = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return mine | {"ORCHESTRALL_VAR": str(folder)}


def stop(program: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, as Ctrl-C does; wait. One that does not is killed, and what it started with it."""
    program.terminate()
    try:
        program.wait(STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
        raise


def wait_until(holds: Callable[[], object], what: str, *, within: float) -> None:
    """Look again and again until it holds. Raises `TimeoutError` where `what` does not come true in so many seconds."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"Within {within:.0f} s it did not come true that {what}.")
        time.sleep(0.1)


def _wait_until_ready(program: subprocess.Popen[bytes], holder: Holder, output: Path) -> dict[str, Any]:
    until = time.monotonic() + READY_WITHIN
    while not (words := holder.read()).get("ready"):
        if program.poll() is not None or time.monotonic() > until:
            raise NotStarted(output.read_text(errors="replace")[-4000:])
        time.sleep(0.1)
    return words

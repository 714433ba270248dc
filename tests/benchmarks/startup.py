"""Start from nothing, start again, and the memory of an idle installation.

The project is cloned (what is committed) into an empty folder, with an empty home and empty caches, and started as a
newcomer does it. Memory is the proportional set size of all processes, once nothing computes any more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from orchestrall import embedded
from tests.measuring import Case
from tests.running import ROOT, Installation, launched

FIRST_BAR, SECOND_BAR, MEMORY_BAR = 120.0, 15.0, 900.0
"""Seconds, seconds, and megabytes (10^6 bytes)."""
QUIET, LOOK = 0.05, 3.0
"""An installation is idle when it takes less than this share of a core over so many seconds."""
IDLE_WITHIN = 300.0


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        project, home = Path(folder, "orchestrall"), Path(folder, "home")
        home.mkdir()
        git = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(project)]
        subprocess.run(git, check=True)
        with started(project, home) as (program, seconds):
            own = seconds - program.fetching
            yield Case("first start", "to the sign-in page", seconds, "s")
            yield Case("first start", "of it fetching packages", program.fetching, "s")
            yield Case("first start", "without fetching", own, "s", f"<= {FIRST_BAR:.0f}", own <= FIRST_BAR)
            yield memory("first start, idle", program)
        with started(project, home) as (program, seconds):
            yield Case(
                "second start", "to the sign-in page", seconds, "s", f"<= {SECOND_BAR:.0f}", seconds <= SECOND_BAR
            )
            yield memory("second start, idle", program)


@contextmanager
def started(project: Path, home: Path) -> Iterator[tuple[Installation, float]]:
    """The installation, and the seconds from the command to an answer of the sign-in page."""
    began = time.monotonic()
    python = os.path.realpath(sys.executable)  # the one that the virtual environment was made from
    argv = [python, "run.py", "--port", str(embedded.free_port())]
    with launched(argv, project=project, folder=project / "var", environment=environment(home)) as program:
        httpx.get(
            f"http://127.0.0.1:{program.port}/accounts/login/", headers={"Host": "acme.localhost"}, timeout=60
        ).raise_for_status()
        yield program, time.monotonic() - began


def environment(home: Path) -> dict[str, str]:
    """A newcomer's: what leads to the packages (proxies, certificates) is kept, what leads to a cache is not."""
    ours = (
        "ORCHESTRALL_",
        "DATABASE_URL",
        "REDIS_URL",
        "DJANGO_",
        "PYTHON",
        "PYTEST_",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and "CACHE" not in name}
    return kept | {"HOME": str(home)}


def memory(case: str, program: Installation) -> Case:
    wait_until_idle(program)
    total = sum(process.memory_full_info().pss for process in program.processes()) / 1e6
    return Case(case, "memory of all processes (PSS)", total, "MB", f"< {MEMORY_BAR:.0f}", total < MEMORY_BAR)


def wait_until_idle(program: Installation) -> None:
    """Wait until it computes nothing any more. Raises `TimeoutError` where it always does."""
    until, before = time.monotonic() + IDLE_WITHIN, processor_seconds(program)
    while True:
        time.sleep(LOOK)
        now = processor_seconds(program)
        # A process that came or went has computed, whatever the sum says.
        if now.keys() == before.keys() and sum(now.values()) - sum(before.values()) < QUIET * LOOK:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"The installation still computes after {IDLE_WITHIN:.0f} s.")
        before = now


def processor_seconds(program: Installation) -> dict[int, float]:
    """What each process has computed so far."""
    used: dict[int, float] = {}
    for process in program.processes():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used[process.pid] = times.user + times.system
    return used

"""The Python client in front of the running program: its README as it is pasted, and what only a network shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from orchestrall_client import Client, NotFound, RunEvent
from orchestrall_client.following import Followed

from apps.common.demo import PASSWORD
from orchestrall.settings.env import BASE_DIR
from tests.e2e.conftest import Address

pytestmark = pytest.mark.browser

PACKAGE = BASE_DIR / "clients" / "python"
README = (PACKAGE / "README.md").read_text()
WHO = "analyst@acme.example"
WEEKS = [f"Tea,2026-{1 + week // 4:02}-{1 + 7 * (week % 4):02},{20 + week % 5}" for week in range(40)]
WEEKLY = "\n".join(["item,week,sold", *WEEKS, ""]).encode()
FORECASTER = "retail.demand_forecaster"


@pytest.fixture
def client(address: Address) -> Iterator[Client]:
    with Client(address("acme"), email=WHO, password=PASSWORD) as made:
        yield made


@pytest.fixture
def pasted(address: Address, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`pasted("bash", text)`: paste a text into a shell, or into Python, where the package is installed."""
    command = tmp_path / "bin" / "orchestrall"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchestrall_client "$@"\n')
    command.chmod(0o755)
    programs = {"bash": [shutil.which("bash") or "bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    kept = {name: os.environ[name] for name in ("LANG",) if name in os.environ}
    environment = {
        **kept,
        "HOME": str(tmp_path),
        "PATH": f"{command.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PACKAGE / "src"),
        "ORCHESTRALL_URL": address("acme"),
    }

    def paste(kind: str, text: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*programs[kind], text],
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return paste


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_readme_work_as_they_are_pasted(
    pasted: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = pasted("bash", "\n".join(blocks("bash")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert FORECASTER in done.stdout
    assert done.stdout.count("succeeded") >= 3
    assert done.stdout.splitlines()[-1] == "ended with 3"
    assert "invalid_input" in done.stderr
    assert json.loads((tmp_path / "ended.json").read_text())["status"] == "succeeded"
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8-sig").startswith("item,week,sold")
    assert (tmp_path / "forecast.xlsx").read_bytes().startswith(b"PK")


def test_the_programs_of_the_readme_work_as_they_are_pasted(
    pasted: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "weekly.csv").write_bytes(WEEKLY)
    quick, whom, table, workflow, errors = blocks("python")
    told = ((quick, "['Tea']"), (table, "succeeded 1 series"), (workflow, "25 orders"), (errors, "horizon"))
    for program, wanted in told:
        done = pasted("python", program, ORCHESTRALL_EMAIL=WHO, ORCHESTRALL_PASSWORD=PASSWORD)
        assert done.returncode == 0, done.stdout + done.stderr
        assert wanted in done.stdout
    assert (tmp_path / "forecast.csv").read_text(encoding="utf-8-sig").startswith("item,")
    done = pasted("python", whom, ORCHESTRALL_KEY="ork_a_key")
    assert done.returncode == 0, done.stderr


def test_a_watch_sees_a_run_from_its_start_to_its_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Followed, "_polled")  # the stream itself, and not what stands in for it
    run = client.runs.start(FORECASTER, {"horizon": 4}, file=WEEKLY, name="weekly.csv")
    events = list(client.runs.watch(run))
    assert all(isinstance(event, RunEvent) for event in events)
    assert [event.seq for event in events] == sorted({event.seq for event in events})
    assert (events[0].is_open or len(events) == 1, events[-1].status) == (True, "succeeded")
    # Who comes late sees how it ended, and nothing else.
    assert [event.status for event in client.runs.watch(run)] == ["succeeded"]


def test_threads_share_a_client_and_start_each_run_once(client: Client) -> None:
    mine = uuid4().hex

    def whole(number: int) -> str:
        run = client.runs.start(FORECASTER, {"horizon": 1 + number % 4}, file=WEEKLY, name=f"{mine}-{number}.csv")
        assert len(client.runs.result(run, timeout=240)["series"]) == 1
        return run.ref

    with ThreadPoolExecutor(8) as threads:
        refs = list(threads.map(whole, range(16)))
    listed = [run.ref for run in client.runs.list(page_size=7) if run.source.startswith(mine)]
    assert sorted(listed) == sorted(refs)
    assert len(set(refs)) == 16


def test_a_run_of_another_organisation_is_not_found(client: Client, address: Address) -> None:
    run = client.runs.start(FORECASTER, {"horizon": 4}, file=WEEKLY, name="weekly.csv")
    with Client(address("globex"), email="analyst@globex.example", password=PASSWORD) as other:
        watch = lambda id: list(other.runs.watch(id))  # noqa: E731
        for call in (other.runs.get, other.runs.cancel, other.runs.wait, other.runs.result, watch):
            with pytest.raises(NotFound):
                call(run.id)

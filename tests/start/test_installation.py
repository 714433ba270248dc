"""A whole installation, without demo tenants: it starts, survives, and starts again with what it had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from apps.dispatch.worker import NICENESS
from orchestrall import embedded
from orchestrall.start import Holder, answers, refusal
from tests.running import ROOT, Installation, NotStarted, environment, installation, wait_until

PATIENCE = 60


def manage(program: Installation, *words: str) -> str:
    argv = [sys.executable, "-m", "orchestrall.start", "manage", *words]
    told = environment(program.folder)
    return subprocess.run(argv, cwd=ROOT, env=told, capture_output=True, text=True, check=True).stdout


def status(program: Installation, slug: str) -> int:
    """What the sign-in page of a tenant answers."""
    host = {"Host": f"{slug}.localhost:{program.port}"}
    return httpx.get(f"http://127.0.0.1:{program.port}/accounts/login/", headers=host, timeout=PATIENCE).status_code


@pytest.mark.slow
def test_kill_9_leaves_nothing_behind_and_the_next_start_keeps_the_data(tmp_path: Path) -> None:
    with installation(tmp_path, demo=False) as program:
        manage(program, "tenant", "create", "kept", "--industry", "retail")
        assert status(program, "kept") == 200
        family = program.processes()
        os.kill(program.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert alive == []
        assert embedded.port_is_free(program.port)
        assert refusal(tmp_path, "127.0.0.1", program.port) == ""
    with installation(tmp_path, port=program.port, demo=False) as again:
        assert status(again, "kept") == 200
        assert status(again, "never-made") == 404


@pytest.mark.slow
def test_a_web_process_that_dies_is_started_again_and_a_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    with installation(tmp_path, demo=False) as program:
        web = web_of(program)
        assert web
        web.kill()
        wait_until(lambda: web_of(program) not in {None, web}, "another web process runs", within=PATIENCE)
        wait_until(lambda: answers("127.0.0.1", program.port), "it answers", within=PATIENCE)
        assert status(program, "operators") == 200
        family = program.processes()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert alive == []
    output = (tmp_path / "output.log").read_text()
    assert "web was ended by SIGKILL; it is started again now" in output
    assert output.rstrip().endswith("Stopped")
    assert "database system is shut down" in (tmp_path / "postgres.log").read_text()


@pytest.mark.slow
def test_what_computes_goes_second_and_keeps_the_libraries_it_has_loaded(tmp_path: Path) -> None:
    with installation(tmp_path) as program:
        wait_until(lambda: len(computing(program)) == 2, "both processes run", within=PATIENCE)
        began = {each.pid for each in computing(program)}
        wait_until(
            lambda: {each.nice() for each in computing(program)} == {NICENESS}, "both go second", within=PATIENCE
        )
        wait_until(program.is_at_rest, "the demonstration's runs have ended", within=PATIENCE)
        assert {each.pid for each in computing(program)} == began


def computing(program: Installation) -> list[psutil.Process]:
    """The processes that agents compute in."""
    parent = next(each for each in psutil.Process(program.pid).children() if "cpu@%h" in each.cmdline())
    return parent.children()


def web_of(program: Installation) -> psutil.Process | None:
    children = [each for each in psutil.Process(program.pid).children() if each.status() != psutil.STATUS_ZOMBIE]
    return next((each for each in children if "uvicorn" in each.cmdline()), None)


@pytest.mark.slow
def test_a_command_brings_servers_for_itself_and_uses_those_of_an_installation_that_runs(tmp_path: Path) -> None:
    alone = subprocess.run(
        [sys.executable, "-m", "orchestrall.start", "manage", "prepare"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "The database is ready" in alone.stdout
    assert alone.stderr == ""
    assert Holder(tmp_path).is_free()
    assert not embedded.Postgres(tmp_path).answers()
    with installation(tmp_path, demo=False) as program:
        assert "operators" in manage(program, "tenant", "list")
        assert status(program, "operators") == 200


@pytest.mark.slow
def test_a_start_that_cannot_go_on_says_why_and_stops_what_it_started(tmp_path: Path) -> None:
    (tmp_path / "master_key").write_text("not a key")
    with pytest.raises(NotStarted) as refused, installation(tmp_path, demo=False):
        pytest.fail("it started without its key")
    assert "tenants.E003" in str(refused.value)
    assert not embedded.Postgres(tmp_path).answers()
    assert Holder(tmp_path).is_free()

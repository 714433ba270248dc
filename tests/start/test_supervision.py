"""The supervisor: deaths, pauses, complaints, order of stopping, and that nothing outlives it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrall import supervision
from orchestrall.supervision import Program, Supervisor
from tests.running import ROOT

PATIENCE = 30


class Actor:
    """A program that does what a test says."""

    def __init__(self, name: str, story: list[str]) -> None:
        self.name, self._story = name, story
        self.status: int | None = None

    def start(self) -> None:
        self.status = None
        self._story.append(f"{self.name} starts")

    def died(self) -> int | None:
        return self.status

    def log_end(self) -> str:
        return f"(the log of {self.name})"

    def ask_to_stop(self) -> None:
        self._story.append(f"{self.name} is asked to stop")

    def stop(self) -> None:
        self._story.append(f"{self.name} is awaited")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the supervisor sees, in its only element."""
    now = [1000.0]
    monkeypatch.setattr("orchestrall.supervision.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(told: list[str], clock: list[float]) -> Supervisor:
    return Supervisor(tell=told.append)


def die(supervisor: Supervisor, actor: Actor, clock: list[float]) -> float:
    """Let it die, and return after how many seconds it was started again."""
    actor.status, died = 1, clock[0]
    while actor.died() is not None:
        supervisor.look()
        clock[0] += 0.25
    return clock[0] - died


def test_what_dies_is_started_again_and_told(supervisor: Supervisor, clock: list[float], told: list[str]) -> None:
    story: list[str] = []
    web = Actor("web", story)
    supervisor.add([web])
    assert die(supervisor, web, clock) < 1
    assert story == ["web starts", "web starts"]
    assert told == ["web ended with status 1; it is started again now"]


def test_pauses_grow_with_each_death_up_to_a_limit(supervisor: Supervisor, clock: list[float]) -> None:
    web = Actor("web", [])
    supervisor.add([web])
    pauses = [die(supervisor, web, clock) for _ in range(8)]
    assert pauses == sorted(pauses)
    assert pauses[2] >= 3
    assert pauses[-1] == pytest.approx(supervision.LONGEST_PAUSE, abs=1)


def test_a_death_after_a_steady_life_is_a_first_one(supervisor: Supervisor, clock: list[float]) -> None:
    web = Actor("web", [])
    supervisor.add([web])
    for _ in range(4):
        die(supervisor, web, clock)
    clock[0] += supervision.STEADY + 1
    assert die(supervisor, web, clock) < 1


def test_a_second_death_shows_the_end_of_the_log(supervisor: Supervisor, clock: list[float], told: list[str]) -> None:
    web = Actor("web", [])
    supervisor.add([web])
    die(supervisor, web, clock)
    die(supervisor, web, clock)
    assert told[-1] == "the end of its log:\n(the log of web)"


def test_a_signal_is_called_by_its_name(supervisor: Supervisor, told: list[str]) -> None:
    web = Actor("web", [])
    supervisor.add([web])
    web.status = -signal.SIGKILL
    supervisor.look()
    assert told == ["web was ended by SIGKILL; it is started again now"]


def test_what_was_started_last_stops_first(supervisor: Supervisor) -> None:
    story: list[str] = []
    supervisor.add([Actor("postgres", story)], running=True)
    supervisor.add([Actor("web", story), Actor("worker", story)], running=True)
    supervisor.stop()
    assert story == [
        "web is asked to stop",
        "worker is asked to stop",
        "web is awaited",
        "worker is awaited",
        "postgres is asked to stop",
        "postgres is awaited",
    ]


def python(code: str, folder: Path, name: str = "actor") -> Program:
    return Program(name, [sys.executable, "-c", code], environment=os.environ, log=folder / f"{name}.log")


def test_a_program_writes_a_fresh_log_and_keeps_the_one_before(tmp_path: Path) -> None:
    for word in ("first", "second"):
        program = python(f"print({word!r})", tmp_path)
        program.start()
        assert program.wait() == 0
    assert program.log_end() == "second"
    assert (tmp_path / "actor.log.1").read_text() == "first\n"


def test_errors_in_a_log_are_told_once(tmp_path: Path, told: list[str]) -> None:
    lines: list[dict[str, Any] | str] = [
        {"level": "info", "event": "fine", "logger": "apps.a"},
        {"level": "error", "event": "broke", "logger": "apps.b", "exception": "Traceback\n  a line\nValueError: no"},
        "error, but not as JSON",
        {"level": "critical", "event": "gone\nfor good"},
    ]
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    program = python(f"print({text!r}, end='')", tmp_path)
    supervisor = Supervisor(tell=told.append)
    supervisor.add([program])
    program.wait()
    assert program.errors() == ["apps.b: broke: ValueError: no", "gone for good"]
    assert program.errors() == []


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    program, line = python("", tmp_path), json.dumps({"level": "error", "event": "broke"})
    program.log.write_text(line[:10])
    assert program.errors() == []
    program.log.write_text(f"{line}\n")
    assert program.errors() == ["broke"]


def test_many_errors_at_once_are_counted(tmp_path: Path) -> None:
    program = python("", tmp_path)
    program.log.write_text(f"{json.dumps({'level': 'error', 'event': 'broke'})}\n" * 8)
    assert program.errors() == ["broke"] * 5 + [f"and 3 more, see {program.log}"]


@pytest.fixture
def word(tmp_path: Path) -> Iterator[Word]:
    """How a process far below lets a test know that it has come so far."""
    with Word(tmp_path / "word") as pipe:
        yield pipe


class Word:
    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    def __enter__(self) -> Word:
        self._end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end)

    @property
    def deaf(self) -> str:
        """Code that does not hear SIGTERM, and says so."""
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
        return f"{deaf}; open({str(self.path)!r}, 'w').write('deaf'); time.sleep(600)"

    def wait(self) -> None:
        assert select.select([self._end], [], [], PATIENCE)[0], "the process did not come so far"


def test_a_program_that_does_not_stop_is_killed_with_what_it_started(tmp_path: Path, word: Word) -> None:
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {word.deaf!r}])"
    program = python(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{inner}", tmp_path)
    program.start()
    word.wait()
    parent = psutil.Process(program._child.pid)  # type: ignore[union-attr]
    family = [parent, *parent.children(recursive=True)]
    program.ask_to_stop()
    program.stop(timeout=0.1)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert len(family) == 2
    assert alive == []


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path, word: Word) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from orchestrall.supervision import Program
argv = [sys.executable, "-c", {word.deaf!r}]
Program("deaf", argv, environment=os.environ, log=Path({str(tmp_path / "deaf.log")!r})).start()
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        word.wait()
        children = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        parent.wait()
    assert len(children) == 1
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == []

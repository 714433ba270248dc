"""What a container runs for each role, how it refuses, and how it tells whether it is well."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from orchestrall import embedded
from orchestrall.settings.env import Process


@pytest.mark.parametrize(
    ("role", "program", "words"),
    [
        ("web", "granian", ["wsgi", "orchestrall.wsgi:application", "--blocking-threads 8"]),
        ("live", "uvicorn", ["orchestrall.asgi:application", "--no-proxy-headers"]),
        ("worker-cpu", "celery", ["--queues cpu", "--pool prefork", "--concurrency 2"]),
        ("worker-io", "celery", ["--queues io,flow", "--pool threads", "--concurrency 16"]),
    ],
)
def test_each_role_has_a_program(entrypoint: ModuleType, role: str, program: str, words: list[str]) -> None:
    argv = entrypoint.command(role, [], {})
    assert argv[0] == program
    assert all(word in " ".join(argv) for word in words)


def test_the_roles_are_the_processes_that_the_settings_know(entrypoint: ModuleType) -> None:
    assert {*entrypoint.SERVERS, *entrypoint.WORKERS} == set(get_args(Process)) - {"manage"}


def test_commands_of_the_console_are_passed_on(entrypoint: ModuleType) -> None:
    assert entrypoint.command("migrate", ["--operator", "a@b.example"], {})[2:] == [
        "prepare",
        "--operator",
        "a@b.example",
    ]
    assert entrypoint.command("manage", ["tenant", "list"], {})[2:] == ["tenant", "list"]


def test_port_and_concurrency_come_from_the_environment(entrypoint: ModuleType) -> None:
    told = {"ORCHESTRALL_PORT": "9000", "ORCHESTRALL_CONCURRENCY": "3"}
    assert "--port 9000 --no-ws --blocking-threads 3" in " ".join(entrypoint.command("web", [], told))


@pytest.mark.parametrize(
    ("argv", "environment", "said"),
    [
        (["wbe"], {}, "There is no role 'wbe'. Usage:"),
        (["web", "--workers", "4"], {}, "web takes no arguments, but got --workers 4."),
        (["web"], {"ORCHESTRALL_PORT": "http"}, "ORCHESTRALL_PORT is 'http': give a whole number"),
        (["worker-io"], {"ORCHESTRALL_CONCURRENCY": "0"}, "ORCHESTRALL_CONCURRENCY is '0': give a whole number"),
        (["web"], {"REDIS_URL_FILE": "/nowhere/url"}, "REDIS_URL_FILE names /nowhere/url, which cannot be read"),
    ],
)
def test_what_cannot_start_is_refused_with_a_remedy(
    entrypoint: ModuleType, argv: list[str], environment: dict[str, str], said: str
) -> None:
    def start() -> None:
        entrypoint.secrets_read(environment)
        entrypoint.command(argv[0], argv[1:], environment)

    with pytest.raises(entrypoint.Refused) as refused:
        start()
    assert said in str(refused.value)


def test_a_refusal_is_told_and_ends_the_container(entrypoint: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert entrypoint.main(["wbe"]) == 2
    assert "There is no role 'wbe'" in capsys.readouterr().err


def test_a_secret_may_come_as_a_file(entrypoint: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sealed\n")
    environment = {"ORCHESTRALL_MASTER_KEY_FILE": str(tmp_path / "key"), "OTHER_FILE": "stays"}
    entrypoint.secrets_read(environment)
    assert environment == {"ORCHESTRALL_MASTER_KEY": "sealed", "OTHER_FILE": "stays"}


def test_a_secret_given_twice_is_refused(entrypoint: ModuleType, tmp_path: Path) -> None:
    environment = {"REDIS_URL": "redis://a", "REDIS_URL_FILE": str(tmp_path / "url")}
    with pytest.raises(entrypoint.Refused, match="keep one"):
        entrypoint.secrets_read(environment)


def test_the_program_of_a_role_takes_the_place_of_the_entry_point(
    entrypoint: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execvp", lambda program, argv: became.append([program, *argv]))
    monkeypatch.setattr(os, "environ", {})
    entrypoint.main(["worker-cpu"])
    assert became[0][:2] == ["celery", "celery"]
    assert os.environ["ORCHESTRALL_PROCESS"] == "worker-cpu"
    assert os.environ["ORCHESTRALL_WORKER_ALIVE_FILE"] == str(entrypoint.ALIVE_FILE)
    assert entrypoint.ROLE_FILE.read_text() == "worker-cpu"


def test_a_container_without_a_role_is_not_healthy(entrypoint: ModuleType) -> None:
    assert entrypoint.health({}) == "no role was started here"
    entrypoint.ROLE_FILE.touch()  # it is being written
    assert entrypoint.health({}) == "no role was started here"


def test_a_server_that_does_not_answer_is_not_healthy(entrypoint: ModuleType) -> None:
    entrypoint.ROLE_FILE.write_text("web")
    assert "does not answer" in entrypoint.health({"ORCHESTRALL_PORT": str(embedded.free_port())})


def test_a_worker_is_healthy_while_its_heartbeat_is_fresh(entrypoint: ModuleType) -> None:
    entrypoint.ROLE_FILE.write_text("worker-io")
    assert entrypoint.health({}) == "the worker has not begun to work"
    entrypoint.ALIVE_FILE.touch()
    assert entrypoint.health({}) == ""
    past = time.time() - entrypoint.ALIVE_WITHIN - 1
    os.utime(entrypoint.ALIVE_FILE, (past, past))
    assert "last heartbeat is 21 s old" in entrypoint.health({})

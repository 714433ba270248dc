"""`run.py`: what it says, what it passes on, and what it refuses before anything slow."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from orchestrall.start import Holder
from tests.running import ROOT, environment

RUN = ROOT / "run.py"
COMMANDS = ["up", "test", "check", "bench", "drill", "eval", "new", "reset", "manage"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module that sets nothing up; what it hands over to is in `run.handed`."""
    spec = importlib.util.spec_from_file_location("run", RUN)
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.handed = []
    monkeypatch.setattr(module, "set_up", lambda: None)

    def hand_over(*words: object) -> None:
        module.handed = [str(word) for word in words]
        raise SystemExit

    monkeypatch.setattr(module, "hand_over", hand_over)
    return module  # type: ignore[no-any-return]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def command(*words: str, var: Path, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN, *words], env=environment(var), input=answer, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words", [["--help"], *([name, "--help"] for name in COMMANDS if name != "manage")], ids=" ".join
)
def test_help_is_given_for(words: list[str], tmp_path: Path) -> None:
    done = command(*words, var=tmp_path)
    assert done.returncode == 0
    assert "usage: run.py" in done.stdout
    if words == ["--help"]:
        assert all(f"    {name} " in done.stdout for name in COMMANDS)


def test_help_lists_what_can_be_measured(tmp_path: Path) -> None:
    assert "  startup " in command("bench", "--help", var=tmp_path).stdout
    assert "  worker-kill " in command("drill", "--help", var=tmp_path).stdout


def test_a_taken_port_is_told_before_anything_is_fetched(tmp_path: Path, taken_port: int) -> None:
    done = command("--port", str(taken_port), var=tmp_path)
    assert done.returncode == 1
    assert f"Port {taken_port} is taken by another program" in done.stderr
    assert f"--port {taken_port + 1}" in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_installation_that_runs_already_is_told_with_its_address(tmp_path: Path) -> None:
    with Holder(tmp_path).take() as say:
        say(what="up", port=8765)
        done = command(var=tmp_path)
    assert done.returncode == 1
    assert f"runs already, as process {os.getpid()}: see http://acme.localhost:8765" in done.stderr


def test_an_installation_that_a_command_works_on_does_not_start(tmp_path: Path) -> None:
    with Holder(tmp_path).take() as say:
        say(what="manage")
        done = command(var=tmp_path)
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr
    assert "let it end first" in done.stderr


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_another_python_is_refused_by_its_name(
    version: tuple[int, int, int], run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.sys, "version_info", version)
    with pytest.raises(run.Failure, match=r"3\.11, 3\.12 or 3\.13 on Linux is needed"):
        run.main([])


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        (["test"], ["-m", "pytest", "-n", "N"]),
        (
            ["test", "tests/start", "-k", "a or b", "-x"],
            ["-m", "pytest", "-n", "N", "tests/start", "-k", "a or b", "-x"],
        ),
        (["test", "--full"], ["-m", "pytest", "-n", "N", "-m", "not browser"]),
        (["test", "--browser"], ["-m", "pytest", "tests/e2e", "-m", "browser", "-n", "N", "--dist", "loadfile"]),
        (
            ["test", "--browser", "--full"],
            ["-m", "pytest", "tests/e2e", "-m", "browser", "-n", "N", "--dist", "loadfile", "--all-views"],
        ),
        (["bench", "startup", "--json"], ["-m", "tests.measuring", "bench", "startup", "--json"]),
        (["drill"], ["-m", "tests.measuring", "drill"]),
        (["manage", "tenant", "--help"], ["-m", "orchestrall.start", "manage", "tenant", "--help"]),
        (["check"], ["-m", "scripts.check"]),
        (["eval", "counter", "--json"], ["-m", "tests.evaluating", "counter", "--json"]),
        (["new", "agent"], ["-m", "scripts.new_agent", "agent"]),
        (
            ["new", "agent", "dummy.one", "--title", "One", "--dry-run"],
            ["-m", "scripts.new_agent", "agent", "dummy.one", "--title", "One", "--dry-run"],
        ),
    ],
)
def test_a_command_is_handed_over(words: list[str], handed: list[str], run: Any) -> None:
    with pytest.raises(SystemExit):
        run.main(words)
    got = ["N" if before == "-n" else word for before, word in zip(["", *run.handed], run.handed, strict=False)]
    assert got == handed


def test_without_a_command_it_starts_everything(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRALL_VAR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(SystemExit):
        run.main(["--no-demo", "--port", str(free)])
    assert run.handed[:3] == ["-m", "orchestrall.start", "up"]
    assert "--no-demo" in run.handed
    assert str(free) in run.handed


def test_an_unknown_word_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    assert "invalid choice: 'strat'" in command("strat", var=tmp_path).stderr
    assert "unrecognized arguments: --prot" in command("up", "--prot", "1", var=tmp_path).stderr


def test_what_was_done_is_not_done_again_until_something_changes(run: Any, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    for state, needed in (("a", True), ("a", False), ("b", True), ("b", False)):
        with run.unless_done(stamp, state) as asked:
            assert asked is needed


def test_what_broke_off_is_done_again(run: Any, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    stamp.write_text("before")
    with pytest.raises(run.Failure), run.unless_done(stamp, "now"):
        raise run.Failure
    assert not stamp.exists()


def test_a_command_that_fails_is_shown_with_what_it_said(run: Any) -> None:
    with pytest.raises(run.Failure, match="ended with status 3:\nno network"):
        run.sh(sys.executable, "-c", "import sys; print('no network', file=sys.stderr); sys.exit(3)")


def test_a_python_without_pip_is_told_what_to_install(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(run, "TOOLS", tmp_path)
    monkeypatch.setattr(run, "BASE_PYTHON", str(bare))
    with pytest.raises(run.Failure, match=r"has no pip\. Install it"):
        run.uv()


def test_the_environment_is_made_from_the_python_below_the_one_that_runs_us(run: Any) -> None:
    prefix = subprocess.run(
        [run.BASE_PYTHON, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert Path(prefix.stdout.strip()) == Path(sys.base_prefix)


def test_fetching_trusts_whom_the_machine_trusts_where_it_names_anybody(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting(folder: Path | None) -> dict[str, str]:
        paths = SimpleNamespace(cafile=None, capath=folder and str(folder))
        monkeypatch.setattr(run.ssl, "get_default_verify_paths", lambda: paths)
        told: dict[str, str] = run.environment()
        return told

    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    assert "UV_SYSTEM_CERTS" not in trusting(None)
    assert "UV_SYSTEM_CERTS" not in trusting(tmp_path)  # their own lists are better than none
    (tmp_path / "authority.pem").touch()
    assert trusting(tmp_path)["UV_SYSTEM_CERTS"] == "true"
    monkeypatch.setenv("UV_SYSTEM_CERTS", "false")
    assert trusting(tmp_path)["UV_SYSTEM_CERTS"] == "false"


def test_fetching_needs_no_home(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.setattr(run, "TOOLS", tmp_path)
    assert Path(run.environment()["HOME"]).is_dir()
    assert run.environment()["UV_PYTHON_DOWNLOADS"] == "never"


# Reset


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """An installation that does not run."""
    folder = tmp_path / "var"
    with Holder(folder).take() as say:
        say(what="up", port=1)
    (folder / "pgdata").mkdir()
    return folder


def test_reset_deletes_an_installation_when_it_is_confirmed(var: Path) -> None:
    assert command("reset", var=var, answer="y\n").returncode == 0
    assert not var.exists()


def test_reset_does_not_ask_when_told_so(var: Path) -> None:
    assert command("reset", "--yes", var=var).returncode == 0
    assert not var.exists()


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_reset_keeps_everything_without_a_yes(answer: str, var: Path) -> None:
    done = command("reset", var=var, answer=answer)
    assert done.returncode == 1
    assert done.stderr.endswith("Nothing was deleted.\n")
    assert (var / "pgdata").exists()


def test_reset_refuses_an_installation_that_runs(var: Path) -> None:
    with Holder(var).take() as say:
        say(what="up", port=1)
        done = command("reset", "--yes", var=var)
    assert done.returncode == 1
    assert "is in use" in done.stderr
    assert (var / "pgdata").exists()


def test_reset_refuses_a_folder_that_holds_no_installation(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    done = command("reset", "--yes", var=tmp_path)
    assert done.returncode == 1
    assert "There is no installation in" in done.stderr
    assert (tmp_path / "letters").exists()


def test_reset_leaves_a_database_of_ones_own_alone(var: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRALL_VAR", str(var))
    monkeypatch.setenv("DATABASE_URL", "postgresql://mine.example.org/mine")
    told: list[str] = []
    monkeypatch.setattr(run.clock, "tell", told.append)
    run.reset(Namespace(yes=True))
    assert told[0] == "DATABASE_URL names a database of yours: it stays as it is"

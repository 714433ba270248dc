"""What the start says, what it remembers, and when it does work again."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

import pytest

from orchestrall import start
from orchestrall.start import Holder
from tests.running import ROOT

ENVIRONMENT = {"ORCHESTRALL_BASE_HOST": "localhost", "ORCHESTRALL_PUBLIC_PORT": "8001"}
TENANTS = [
    {"slug": "acme", "name": "Acme Stores", "path": "/", "person": "analyst@acme.example"},
    {"slug": "operators", "name": "Operators", "path": "/admin/", "person": "operator@operators.example"},
]


def welcome(password: str) -> str:
    return start._welcome({"password": password, "tenants": TENANTS}, ENVIRONMENT, Path("var/logs"))


def test_the_welcome_names_addresses_people_and_where_mails_go() -> None:
    lines = [line.split() for line in welcome("open sesame").splitlines()]
    assert lines[0] == ["http://acme.localhost:8001/", "analyst@acme.example", "Acme", "Stores"]
    assert lines[1] == ["http://operators.localhost:8001/admin/", "operator@operators.example", "Operators"]
    assert "is open sesame;" in welcome("open sesame")
    assert "Mails as they would be sent: var/mails" in welcome("open sesame")


def test_without_a_demo_the_welcome_says_how_to_make_an_operator() -> None:
    assert "manage prepare --operator" in welcome("")
    assert "password" not in welcome("")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with as much as static files are made of."""
    monkeypatch.setattr(start, "ROOT", tmp_path)
    for name in (
        "static/console/a.css",
        "build/vendor/b.js",
        "apps/console/storage.py",
        "orchestrall/settings/tenancy.py",
        "orchestrall/settings/web.py",
        "requirements/dev.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize("name", ["static/console/a.css", "static/new.js", "build/vendor/b.js", "requirements/dev.txt"])
def test_static_files_are_collected_again_when_one_changes(name: str, project: Path) -> None:
    before = start.static_fingerprint()
    assert start.static_fingerprint() == before
    (project / name).write_text("changed")
    assert start.static_fingerprint() != before


def test_what_another_start_has_collected_meanwhile_is_not_taken_away_and_collected_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Never:
        def __init__(self, *_: object, **__: object) -> None: ...

        def start(self) -> None:
            raise AssertionError("collected again")

    def waited_for(lock: TextIO, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            (project / "build/static.stamp").write_text(start.static_fingerprint())
        fcntl_flock(lock, operation)

    fcntl_flock = fcntl.flock
    monkeypatch.setattr(start, "Program", Never)
    monkeypatch.setattr(fcntl, "flock", waited_for)
    with (
        start.static_files({}, project),
        (project / "build/.static.lock").open("w") as lock,
    ):
        fcntl_flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # and whoever starts meanwhile does not wait for this one


def test_a_holder_that_was_killed_holds_nothing_any_more(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from orchestrall.start import Holder
with Holder(Path({str(tmp_path)!r})).take() as say:
    say(what="up", port=1)
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        assert Holder(tmp_path).read() == {"pid": other.pid, "what": "up", "port": 1}
        assert not Holder(tmp_path).is_free()
        other.kill()
        other.wait()
    assert Holder(tmp_path).is_free()
    assert Holder(tmp_path).read() == {}


def test_what_a_holder_says_is_for_the_owner_only(tmp_path: Path) -> None:
    with Holder(tmp_path).take() as say:
        say(what="up", port=1, environment={"DATABASE_URL": "secret"})
        assert (tmp_path / "installation.json").stat().st_mode & 0o077 == 0


def test_a_command_is_told_what_the_running_installation_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: dict[str, Any] = {}
    monkeypatch.setenv("ORCHESTRALL_VAR", str(tmp_path))
    monkeypatch.setattr(start, "_manage", lambda argv, environment: got.update(argv=argv, environment=environment) or 5)
    with Holder(tmp_path).take() as say:
        say(what="up", port=1, environment={"DATABASE_URL": "theirs"})
        assert start.main(["manage", "tenant", "list"]) == 5
    assert got == {"argv": ["tenant", "list"], "environment": {"DATABASE_URL": "theirs"}}

"""Where the copies of the tests' template lie."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestrall.embedded import Postgres
from tests import memory

pytestmark = pytest.mark.slow
WHERE = "select pg_tablespace_location(dattablespace) from pg_database where datname = 'copy'"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`run()`: a server and the start of a run of tests on it; the one before was killed."""
    kept: list[Postgres] = []
    monkeypatch.setattr(memory, "FOLDER", tmp_path)
    monkeypatch.setattr(memory, "ROOM", 0)
    monkeypatch.setattr(atexit, "register", lambda *_, **__: None)

    def start() -> psycopg.Connection[Any]:
        for server in kept:
            os.kill(server.config()["pid"], signal.SIGKILL)
            server.stop()
        memory.folders_again(tmp_path / "pgdata")
        kept[:] = [Postgres(tmp_path, durable=False)]
        kept[0].start()
        memory.copies_in_memory(kept[0])
        return psycopg.connect(kept[0].url("postgres"), autocommit=True)

    yield start
    kept[0].stop()


def places(folder: Path) -> list[Path]:
    return list(folder.glob(f"{memory.PREFIX}*"))


def test_a_copy_lies_there_and_is_gone_with_the_next_run_if_this_one_was_killed(run: Any, tmp_path: Path) -> None:
    with run() as admin:
        admin.execute(f"create database copy tablespace {memory.SPACE}")
        (first,) = places(tmp_path)
        assert admin.execute(WHERE).fetchone() == (str(first),)
    with run() as admin:
        assert admin.execute(WHERE).fetchone() is None
        assert not first.exists()
        assert len(places(tmp_path)) == 1


def test_a_run_starts_where_the_machine_did_anew_and_memory_is_empty(run: Any, tmp_path: Path) -> None:
    with run() as admin:
        admin.execute(f"create database copy tablespace {memory.SPACE}")
    (first,) = places(tmp_path)
    shutil.rmtree(first)
    with run() as admin:
        admin.execute(f"create database copy tablespace {memory.SPACE}")
        assert admin.execute(WHERE).fetchone() == (str(places(tmp_path)[0]),)


def test_where_there_is_no_room_there_is_no_place(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ROOM", 1 << 60)
    with run() as admin:
        assert admin.execute("select 1 from pg_tablespace where spcname = %s", [memory.SPACE]).fetchone() is None
    assert places(tmp_path) == []


def test_what_a_run_that_was_killed_left_is_given_back_by_any_other_and_what_one_has_is_not(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MADE_BY_THEN", -1.0)
    left, used = tmp_path / f"{memory.PREFIX}left", tmp_path / f"{memory.PREFIX}used"
    left.mkdir()
    memory._folder(used)
    run().close()
    assert not left.exists()
    assert used.exists()
    assert len(places(tmp_path)) == 2

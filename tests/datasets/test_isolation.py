"""The child that reads strangers' files: what it knows, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.common.errors import InvalidInput, TooLarge
from apps.datasets.reading import isolation

ROOT = Path(__file__).resolve().parents[2]


def test_a_table_is_read_by_a_child(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "table"
    source.write_bytes(b"item,sold\nTea,3\n")
    reading = isolation.table_read(source=source, target=target)
    assert (reading.kind, reading.rows, reading.preview) == ("csv", 1, [["Tea", "3"]])
    assert target.read_bytes()[:4] == b"PAR1"


def test_a_refusal_comes_back_with_its_issues(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"item,sold\nTea\n")
    with pytest.raises(InvalidInput, match="Some rows are longer or shorter") as refused:
        isolation.table_read(source=source, target=tmp_path / "table")
    assert refused.value.issues[0].row == 2


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@127.0.0.1/x")
    monkeypatch.setenv("ORCHESTRALL_MASTER_KEY", "secret")
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\nexit 1\n")
    spy.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(spy))
    with pytest.raises(TooLarge):
        isolation.table_read(source=tmp_path / "source", target=tmp_path / "table")
    seen = (tmp_path / "seen").read_text()
    assert "secret" not in seen
    assert "PATH=" in seen


def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(isolation, "SECONDS", 0.01)
    with pytest.raises(TooLarge, match="more memory or time"):
        isolation.table_read(source=tmp_path / "source", target=tmp_path / "table")


def _limits_of_a_child() -> Iterator[str]:
    code = (
        "import resource; from apps.datasets.reading import child; child.limit();"
        "print(*(resource.getrlimit(kind)[0] for kind in"
        " (resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    yield from done.stdout.split()


def test_the_child_limits_its_memory_time_and_files() -> None:
    assert list(_limits_of_a_child()) == ["1610612736", "120", "4294967296", "0"]


def test_the_child_loads_neither_django_nor_a_tenant(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from apps.datasets.reading.child import Job, answer;"
        f"answer(Job(source=Path({str(tmp_path / 'source')!r}), target=Path({str(tmp_path / 'table')!r})));"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'django', 'psycopg', 'redis'}),"
        "*(name for name in sys.modules if name.startswith('apps.tenants')))"
    )
    (tmp_path / "source").write_bytes(b"item,sold\nTea,3\n")
    done: Any = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

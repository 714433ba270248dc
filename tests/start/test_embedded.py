"""The embedded servers: data and passwords are kept, processes agree on who started them, strangers stay outside."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from orchestrall import embedded
from orchestrall.embedded import Postgres, Redis


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was told of no server. What `ensure` names in the environment is taken back at the end."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path, durable=True)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_both_servers_come_up_and_are_named_to_the_process(tmp_path: Path, nothing_named: None) -> None:
    started = embedded.ensure(tmp_path, durable=False)
    try:
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            assert connection.execute("select current_user, current_database()").fetchone() == ("orchestrall",) * 2
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            assert client.ping()
        assert [server.name for server in started] == ["postgres", "redis"]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(os.environ["DATABASE_URL"].replace("orchestrall:", "orchestrall:x"))
    finally:
        for server in reversed(started):
            server.stop()


@pytest.mark.slow
def test_what_postgresql_had_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    for action, expected in (("create table t as select 7 as x", None), ("select x from t", (7,))):
        server = Postgres(tmp_path, durable=False)
        assert server.start()
        server.database_ensure()
        with psycopg.connect(server.url()) as connection:
            cursor = connection.execute(action)
            assert (cursor.fetchone() if cursor.description else None) == expected
        server.stop()
        assert not server.answers()


@pytest.mark.slow
def test_postgresql_writes_nothing_down_of_what_a_statement_holds(tmp_path: Path) -> None:
    server, secret = Postgres(tmp_path, durable=False), "4111-planted-1111"
    server.start()
    try:
        server.database_ensure()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create table t (x text primary key)")
            for statement, values in (
                ("insert into t values (%s), (%s)", [secret, secret]),  # its detail names the key
                ("select %s::text::integer", [secret]),  # its message names the value
                (f"select '{secret}' from nowhere", []),
                (f"do $$ begin raise warning '{secret}'; raise exception '{secret}'; end $$", []),
            ):
                with pytest.raises(psycopg.Error):
                    connection.execute(statement, values)
    finally:
        server.stop()
    assert "ready to accept connections" in server.log.read_text()
    assert secret not in server.log.read_text()


def test_redis_keeps_no_commands(store: Redis) -> None:
    with redis.Redis.from_url(store.url()) as client:
        assert client.config_get("slowlog-log-slower-than") == {"slowlog-log-slower-than": "-1"}


def test_servers_that_the_environment_names_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://mine.example.org/mine")
    monkeypatch.setenv("REDIS_URL", "redis://mine.example.org/0")
    assert embedded.ensure(tmp_path) == []
    assert os.environ["DATABASE_URL"] == "postgresql://mine.example.org/mine"


def test_what_redis_had_is_there_after_a_stop_and_a_start(store: Redis) -> None:
    with redis.Redis.from_url(store.url()) as client:
        client.set("kept", "yes")
    store.stop()
    assert store.start()
    with redis.Redis.from_url(store.url()) as client:
        assert client.get("kept") == b"yes"


def test_a_server_that_runs_is_found_rather_than_started_again(store: Redis) -> None:
    other = Redis(store.home)
    assert other.start() is False
    other.stop()  # it is not this one's to stop
    assert store.answers()


def test_a_server_is_started_once_more_when_it_was_killed(store: Redis) -> None:
    port = store.config()["port"]
    store._child.kill()  # type: ignore[union-attr]
    store._child.wait()  # type: ignore[union-attr]
    assert store.died() == -9
    assert store.start()
    assert store.config()["port"] == port


def test_a_port_that_was_taken_meanwhile_is_left_for_another(store: Redis) -> None:
    port = store.config()["port"]
    store.stop()
    with socket.create_server((embedded.HOST, port)):
        assert store.start()
        assert store.config()["port"] != port
        assert store.answers()


def test_passwords_are_for_the_owner_only(store: Redis) -> None:
    for path in (store.home / "redis.json", store.home / "redis" / "redis.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with redis.Redis(port=store.config()["port"]) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_a_server_that_cannot_start_says_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(embedded, "redis_bin", lambda: broken)
    with pytest.raises(embedded.EmbeddedError, match="the disk is full"):
        Redis(tmp_path).start(timeout=0.5)

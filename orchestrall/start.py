"""Runs an installation on one machine: PostgreSQL, Redis, web and workers under one supervisor.

    python -m orchestrall.start up [--port N] [--host ADDRESS] [--no-demo]
    python -m orchestrall.start manage ...

`run.py` hands over to this once the virtual environment stands. An installation is a folder (ORCHESTRALL_VAR, else
`var/`); one process at a time holds it, and says in its `installation.json` who it is and how to reach the servers.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrall import embedded
from orchestrall.supervision import Program, Supervisor

ROOT = Path(__file__).resolve().parents[1]
PORT = 8000
READY_WITHIN = 120.0
"""Seconds that the web process may take to its first answer."""
_CELERY = ["-m", "celery", "-q", "-A", "orchestrall", "worker", "--without-gossip", "--without-mingle"]
_CELERY += ["--without-heartbeat"]
_began = time.monotonic()


class StartError(RuntimeError):
    """The installation cannot start; the text says why and what to do."""


class Interrupted(BaseException):
    """Somebody asked us to stop."""


def tell(text: str) -> None:
    """A line of progress, with the seconds since the user's command."""
    print(f"{time.monotonic() - _began:6.1f} s  {text}", flush=True)


def warn(text: str) -> None:
    """A line for people where standard output may be somebody's data."""
    print(text, file=sys.stderr, flush=True)


def var_folder() -> Path:
    return Path(os.environ.get("ORCHESTRALL_VAR") or ROOT / "var").resolve()


# Who holds the installation

Say = Callable[..., None]


class Holder:
    """The process that holds an installation, and what it says of itself in `installation.json`."""

    def __init__(self, var: Path) -> None:
        self.path = var / "installation.json"

    def read(self) -> dict[str, Any]:
        """What the holder says; empty where there is none, or while it writes."""
        try:
            return dict(json.loads(self.path.read_text())) if not self.is_free() else {}
        except (FileNotFoundError, ValueError):
            return {}

    def is_free(self) -> bool:
        if not self.path.exists():
            return True
        with self.path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    @contextmanager
    def take(self) -> Iterator[Say]:
        """Hold the installation, once whoever holds it has let go. Yields the way to leave word for others."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(0o600)  # the word that is left holds the servers' passwords
        with self.path.open("r+") as file:
            if not self.is_free():
                warn("Another process works on this installation; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)

            def say(**words: Any) -> None:
                file.seek(0)
                file.truncate()
                json.dump({"pid": os.getpid(), **words}, file)
                file.flush()

            try:
                yield say
            finally:
                file.truncate(0)


def refusal(var: Path, host: str, port: int) -> str:
    """Why an installation in `var` cannot start here now; empty when it can."""
    holder = Holder(var).read()
    if holder.get("what") == "up":
        address = f"http://acme.localhost:{holder['port']}"
        return f"This installation ({var}) runs already, as process {holder['pid']}: see {address}."
    if not Holder(var).is_free():
        return f"A command works on this installation ({var}), process {holder.get('pid', '?')}: let it end first."
    if not embedded.port_is_free(port, host):
        return f"Port {port} is taken by another program. Choose another: python3 run.py --port {port + 1}"
    return ""


# The parts


def environment_of(port: int, *, demo: bool) -> dict[str, str]:
    """What every process of the installation is told; the servers' addresses stand in the environment already."""
    return {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development"),
        "ORCHESTRALL_VAR": str(var_folder()),
        "ORCHESTRALL_BASE_HOST": os.environ.get("ORCHESTRALL_BASE_HOST", "localhost"),
        "ORCHESTRALL_PUBLIC_PORT": str(port),
        "ORCHESTRALL_DEMO": "1" if demo else "0",
    }


def programs(environment: dict[str, str], logs: Path, host: str, port: int) -> list[Program]:
    web = ["-m", "uvicorn", "orchestrall.asgi:application", "--host", host, "--port", str(port), "--lifespan", "off"]
    web += ["--no-proxy-headers", "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "10"]
    web += ["--log-level", "warning"]
    commands = {
        "web": web,
        "worker-cpu": [*_CELERY, "-n", "cpu@%h", "-Q", "cpu", "--pool", "prefork", "-c", "2"],
        "worker-io": [*_CELERY, "-n", "io@%h", "-Q", "io,flow", "--pool", "threads", "-c", "4"],
    }
    return [
        Program(
            name,
            [sys.executable, *argv],
            environment=os.environ | environment | {"ORCHESTRALL_PROCESS": name, "PYTHONUNBUFFERED": "1"},
            log=logs / f"{name}.log",
        )
        for name, argv in commands.items()
    ]


def static_fingerprint() -> str:
    """Changes with anything that `collectstatic` reads: our files, those of the lock, and how they are collected."""
    folders = [ROOT / "static", ROOT / "build" / "vendor"]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    files += [
        ROOT / "apps/console/storage.py",
        *(ROOT / "orchestrall/settings" / f"{n}.py" for n in ("tenancy", "web")),
    ]
    files += sorted((ROOT / "requirements").glob("*.txt"))
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


@contextmanager
def static_files(environment: dict[str, str], logs: Path) -> Iterator[None]:
    """Collect the static files where they changed, beside what happens inside.

    Installations in other folders share them: of several that start at once, one collects and the others wait for it.
    To collect them again would take files away from under those that serve them by then.
    """
    stamp, fingerprint = ROOT / "build" / "static.stamp", static_fingerprint()
    argv = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    collecting = Program("collectstatic", argv, environment=environment, log=logs / "collectstatic.log")
    with (ROOT / "build" / ".static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == fingerprint:
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield
            return
        collecting.start()
        yield
        if collecting.wait():
            raise StartError(f"The static files could not be collected:\n{collecting.log_end()}")
        stamp.write_text(fingerprint)
    tell("Static files are collected")


def prepare(environment: dict[str, str], logs: Path, *, demo: bool) -> dict[str, Any]:
    """Migrate every schema and make the demo tenants. Returns where one can sign in (see `orchestrall.preparing`)."""
    answer, log = logs / "sign-ins.json", logs / "prepare.log"
    argv = [sys.executable, "-m", "orchestrall.preparing", str(answer), *(["--demo"] if demo else [])]
    with log.open("wb") as errors:
        work = subprocess.Popen(
            argv,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            preexec_fn=embedded.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
        )
        try:
            for line in work.stdout or ():
                tell(line.rstrip())
            status = work.wait()
        finally:
            work.kill()  # where we were interrupted: it may be stopped anywhere, and goes on at the next start
    if status:
        raise StartError(f"The database could not be prepared. The end of {log}:\n{_end(log)}")
    return dict(json.loads(answer.read_text()))


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def wait_until_ready(supervisor: Supervisor, web: Program, host: str, port: int) -> None:
    until = time.monotonic() + READY_WITHIN
    while not answers(host, port):
        if web.died() is not None:
            raise StartError(f"The web process ended. The end of {web.log}:\n{web.log_end()}")
        if time.monotonic() > until:
            raise StartError(f"The web process is not ready after {READY_WITHIN:.0f} s. See {web.log}.")
        supervisor.look()
        time.sleep(0.1)


def answers(host: str, port: int) -> bool:
    link = http.client.HTTPConnection("127.0.0.1" if host in {"0.0.0.0", "::"} else host, port, timeout=5)  # noqa: S104
    try:
        link.request("GET", "/readyz")
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


# The commands


def up(*, host: str, port: int, demo: bool, fetching: float = 0.0) -> None:
    """Start everything, say where it answers, and watch over it until somebody asks to stop.

    `fetching` is how many seconds of the time so far went into fetching packages: it is told apart.
    """
    var, supervisor = var_folder(), Supervisor(tell=tell)
    logs = var / "logs"
    if why := refusal(var, host, port):
        raise StartError(why)
    with Holder(var).take() as say:
        _on_signals(_interrupt)
        try:
            say(what="up", port=port)
            logs.mkdir(exist_ok=True)
            tell(f"Starting {_servers()}")
            for server in embedded.ensure(var):
                supervisor.add([server], running=True)
            environment = environment_of(port, demo=demo)
            say(what="up", port=port, environment=environment)
            told = os.environ | environment
            with static_files(told, logs):
                where = prepare(told, logs, demo=demo)
            tell("Starting web and workers")
            group = programs(environment, logs, host, port)
            supervisor.add(group)
            wait_until_ready(supervisor, group[0], host, port)
            say(what="up", port=port, environment=environment, fetching=fetching, ready=True)
            tell(f"Ready ({fetching:.1f} s of it for fetching packages)\n" if fetching else "Ready\n")
            print(_welcome(where, environment, logs), flush=True)
            if demo and host not in {"127.0.0.1", "::1", "localhost"}:
                tell(
                    f"Whoever reaches {host} can sign in with the demo password: use --no-demo for anything but a demo"
                )
            while True:
                supervisor.look()
                time.sleep(0.25)
        except Interrupted:
            tell("Stopping; Ctrl-C once more ends web and workers at once")
        finally:
            _on_signals(lambda *_: supervisor.kill())
            supervisor.stop()
    tell("Stopped")


def _servers() -> str:
    servers = {"DATABASE_URL": "PostgreSQL", "REDIS_URL": "Redis"}
    ours = [server for name, server in servers.items() if not os.environ.get(name)]
    return " and ".join(ours) or "on the servers that DATABASE_URL and REDIS_URL name"


def _welcome(where: dict[str, Any], environment: dict[str, str], logs: Path) -> str:
    host, port, password = (
        environment["ORCHESTRALL_BASE_HOST"],
        environment["ORCHESTRALL_PUBLIC_PORT"],
        where["password"],
    )
    rows = [(f"http://{each['slug']}.{host}:{port}{each['path']}", each) for each in where["tenants"]]
    wide = max((len(address) for address, _ in rows), default=0)
    lines = [f"  {address:<{wide}}   {each['person']:<28} {each['name']}" for address, each in rows]
    if password:
        lines += ["", f"  The password of every demo account is {password}; each sign-in page lists the tenant's."]
    else:
        lines += ["", "  Make the first operator: python3 run.py manage prepare --operator you@example.org"]
    lines += [f"  Logs: {logs}", f"  Mails as they would be sent: {logs.parent / 'mails'}"]
    lines += ["  Ctrl-C stops everything; the data is kept.", ""]
    return "\n".join(lines)


def manage(argv: list[str]) -> int:
    """Django's command line on the installation: with the servers of the one that runs, else with ones for it alone."""
    var = var_folder()
    holder = Holder(var)
    if environment := _running_environment(holder):
        return _manage(argv, environment)
    with holder.take() as say:
        say(what="manage")
        if not (var / "pgdata").exists() and not os.environ.get("DATABASE_URL") and argv[:1] != ["prepare"]:
            warn("This installation is new and its database empty: `run.py manage prepare` makes what commands need")
        servers = embedded.ensure(var)
        try:
            return _manage(argv, environment_of(PORT, demo=False))
        finally:
            for server in reversed(servers):
                server.stop()


def _running_environment(holder: Holder) -> dict[str, str]:
    """What the running installation tells its processes, once its servers are up; empty when none runs."""
    while (words := holder.read()).get("what") == "up":
        if "environment" in words:
            return dict(words["environment"])
        time.sleep(0.1)
    return {}


def _manage(argv: list[str], environment: dict[str, str]) -> int:
    # Ctrl-C is the command's to handle: it gets it too. A handler, unlike SIG_IGN, is not inherited.
    signal.signal(signal.SIGINT, lambda *_: None)
    told = os.environ | environment
    return subprocess.run([sys.executable, str(ROOT / "manage.py"), *argv], env=told, check=False).returncode


def _on_signals(handler: Any) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:  # nohup
            signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _on_signals(lambda *_: None)  # once: what follows is the orderly stop
    raise Interrupted


def main(argv: list[str]) -> int:
    global _began  # noqa: PLW0603  # the command began in run.py
    if argv[:1] == ["manage"]:
        return manage(argv[1:])
    parser = argparse.ArgumentParser(prog="python -m orchestrall.start")
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--no-demo", action="store_true")
    parser.add_argument("--began", type=float, default=_began, help="when the user's command began, by this clock")
    parser.add_argument("--fetching", type=float, default=0.0, help="how much of it went into fetching packages")
    asked = parser.parse_args(argv)
    _began = asked.began
    up(host=asked.host, port=asked.port, demo=not asked.no_demo, fetching=asked.fetching)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, embedded.EmbeddedError) as error:
        sys.exit(str(error))

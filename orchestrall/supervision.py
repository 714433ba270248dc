"""Keeps programs running: starts them, starts them again with growing pauses when they die, and stops them in order.

Nothing outlives the supervisor: each program is a direct child that the kernel kills when its parent dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from orchestrall.embedded import dies_with_parent

LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds after which a program counts as steady: its next death is its first."""
SHOWN = 5
"""Errors of one program that are shown at one look; the rest is in its log."""


class Watched(Protocol):
    """What a supervisor can keep running: a program of ours, or an embedded server."""

    name: str

    def start(self) -> object: ...
    def died(self) -> int | None:
        """The exit status when it has ended by itself; None while it runs."""
        ...

    def log_end(self) -> str: ...
    def ask_to_stop(self) -> None: ...
    def stop(self) -> None:
        """Wait until it has ended; after a while, make it."""
        ...


class Program:
    """A command with a log of its own."""

    def __init__(self, name: str, argv: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        self._argv, self._environment = list(argv), dict(environment)
        self._child: subprocess.Popen[bytes] | None = None
        self._read = 0

    def start(self) -> None:
        """Begin with a fresh log; the one before stays beside it until the next start."""
        if self._child is None and self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._argv,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to the supervisor, which stops in order
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
            )

    def died(self) -> int | None:
        return self._child.poll() if self._child else None

    def wait(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child.wait()

    def log_end(self, lines: int = 20) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"

    def errors(self) -> list[str]:
        """What it logged as an error since the last look, a line each."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(self._read)
            fresh, _, _ = log.read().rpartition(b"\n")  # a line that is being written is read at the next look
        self._read += len(fresh) + 1 if fresh else 0
        found = [text for line in fresh.splitlines() if (text := _error_in(line))]
        more = [f"and {len(found) - SHOWN} more, see {self.log}"] if len(found) > SHOWN else []
        return found[:SHOWN] + more

    def ask_to_stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.terminate()

    def stop(self, timeout: float = 20.0) -> None:
        if self._child is None:
            return
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self._child.wait()

    def kill(self) -> None:
        """With everything it started."""
        if self._child and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)


def _error_in(line: bytes) -> str:
    """The text of a JSON log line at level error or above; empty for any other line."""
    if not line.startswith(b"{"):
        return ""
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(entry, dict) or entry.get("level") not in {"error", "critical"}:
        return ""
    cause = str(entry.get("exception", "")).strip().rpartition("\n")[2]
    words = ": ".join(filter(None, (str(entry.get("logger", "")), str(entry.get("event", "")), cause)))
    return " ".join(words.split())


class Supervisor:
    """Runs groups of programs. Groups start in the order given and stop in the opposite one."""

    def __init__(self, *, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._groups: list[list[Watched]] = []
        self._deaths: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._again_at: dict[str, float] = {}

    def add(self, group: Sequence[Watched], *, running: bool = False) -> None:
        """Watch a group from now on; start it unless it is `running` already."""
        self._groups.append(list(group))
        for each in group:
            if not running:
                each.start()
            self._began[each.name] = time.monotonic()

    def look(self) -> None:
        """Start again what died, each after its pause, and tell what programs complain of."""
        now = time.monotonic()
        for each in [member for group in self._groups for member in group]:
            if isinstance(each, Program):
                for error in each.errors():
                    self._tell(f"{each.name}: {error}")
            status = each.died()
            if status is None:
                continue
            if each.name not in self._again_at:
                steady = now - self._began[each.name] > STEADY
                deaths = self._deaths[each.name] = 1 if steady else self._deaths.get(each.name, 0) + 1
                pause = min(LONGEST_PAUSE, 2.0 ** (deaths - 1) - 1)
                self._again_at[each.name] = now + pause
                when = f"in {pause:.0f} s" if pause else "now"
                self._tell(f"{each.name} {_ended(status)}; it is started again {when}")
                if deaths > 1:
                    self._tell(f"the end of its log:\n{each.log_end()}")
            elif now >= self._again_at[each.name]:
                del self._again_at[each.name]
                self._began[each.name] = now
                each.start()

    def stop(self) -> None:
        for group in reversed(self._groups):
            for each in group:
                each.ask_to_stop()
            for each in group:
                each.stop()
        self._groups.clear()

    def kill(self) -> None:
        """End our programs at once. The embedded servers still stop in order: their data stays clean."""
        for group in self._groups:
            for each in group:
                if isinstance(each, Program):
                    each.kill()


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"

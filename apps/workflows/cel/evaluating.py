"""Expressions evaluated, in a child of this process that is killed when one takes too long.

The library has no budget and does not heed signals, so the limit is a process: the child gives itself 0.2 s of a
processor for each expression, and the kernel ends it there; where no answer comes for ten seconds, this process kills
it. Whatever killed it fails with words that say so; what else was asked is asked of a new child. One child serves a
process, one thread at a time, and is started when it is first needed.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Final

from apps.common.paths import NoValue, lookup
from apps.workflows.cel.checking import Expression
from apps.workflows.values import Env

LARGEST: Final = 64 * 1024
"""Bytes of what is passed to an expression, as JSON."""
PATIENCE: Final = 10.0
"""Seconds of waiting for one answer, from a child that has to start first at times. A processor that is shared by fifty
gives 0.2 s of itself within that: what is right must not fail because a machine is busy."""
TURN: Final = 1.0
"""Seconds that go into a batch at most: what is not answered then is asked when its turn comes."""
BATCH: Final = 256
"""Expressions that are sent at once."""
KEPT: Final = 5_000
"""Answers that a thread keeps between two rounds of its pump."""
KEPT_SIZE: Final = 16 * 1024 * 1024
"""Characters of JSON that a thread keeps: of the answers, and of what they were asked with."""
KILLED: Final = (
    "The expression took too long, or too much memory, and was stopped: work on fewer items, or in steps before."
)

_CHILD: Final = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Answer:
    value: Any = None
    fault: str = ""
    size: int = field(default=0, compare=False)
    """Characters of its JSON."""


Ask = tuple[Expression, str]
"""An expression with what it is passed, as JSON."""


def expression_evaluate(expression: Expression, env: Env) -> Any:
    """What an expression gives. Raises `ValueError` with what is wrong in words."""
    ask = (expression, context_of(expression, env))
    kept, key = _answers(), (expression.source, ask[1])
    answer = kept.get(key)
    if answer is None:
        (answer,) = CHILDREN.evaluate([ask], within=PATIENCE * 2)
        if answer is None:
            raise ValueError("No expression can be evaluated here at the moment.")
        kept.keep(key, answer)
    if answer.fault == KILLED:
        kept.drop(key)  # a machine that is busy now is not so for ever: who tries again asks again
    if answer.fault:
        raise ValueError(f"`{_brief(expression.source)}`: {answer.fault}")
    return json.loads(json.dumps(answer.value)) if isinstance(answer.value, list | dict) else answer.value


def evaluate_ahead(asks: Iterable[tuple[Expression, Env]]) -> None:
    """Have many expressions evaluated in one batch: `expression_evaluate` then answers from what this thread keeps.

    What cannot be asked, or is not answered in time, is left to whoever evaluates it.
    """
    kept, wanted = _answers(), {}
    for expression, env in asks:
        try:
            context = context_of(expression, env)
        except ValueError:
            continue
        wanted[expression.source, context] = expression
    missing = [
        (expression, context) for (source, context), expression in wanted.items() if (source, context) not in kept
    ]
    for ask, answer in zip(missing, CHILDREN.evaluate(missing, within=TURN), strict=True):
        if answer is not None:
            kept.keep((ask[0].source, ask[1]), answer)


def context_of(expression: Expression, env: Env) -> str:
    """What an expression is passed of an environment, as JSON: no more than the fields that it names.

    What is not there is left out, so that `has(...)` can tell. Raises `ValueError` where it is too much.
    """
    made: dict[str, Any] = {}
    for names in sorted(expression.needs(), key=len):
        try:
            value = lookup(env, names)
        except NoValue:
            _holes(made, names, env)
            continue
        _put(made, names, value)
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, default=str)
    if (size := len(text.encode())) > LARGEST:
        raise ValueError(
            f"The fields of `{_brief(expression.source)}` have {size / 1024:,.0f} KiB, and may have "
            f"{LARGEST // 1024} KiB: refer to fewer, or make them smaller in a step before."
        )
    return text


def _put(made: dict[str, Any], names: tuple[str, ...], value: Any) -> None:
    at = made
    for name in names[:-1]:
        below = at.setdefault(name, {})
        if not isinstance(below, dict):
            return
        at = below
    if names[-1] not in at:
        at[names[-1]] = value


def _holes(made: dict[str, Any], names: tuple[str, ...], env: Env) -> None:
    """Let what lies above something missing be there, as an object without it."""
    at = made
    for name in names[:-1]:
        below = at.setdefault(name, {})
        if not isinstance(below, dict):
            return
        at = below


def _brief(source: str) -> str:
    text = " ".join(source.split())
    return text if len(text) <= 60 else f"{text[:57]}…"


_LOCAL = threading.local()


class Kept:
    """What a thread was answered lately, by expression and data: the oldest goes where there is no room for more."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}
        self.size = 0

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._answers

    def get(self, key: tuple[str, str]) -> Answer | None:
        return self._answers.get(key)

    def keep(self, key: tuple[str, str], answer: Answer) -> None:
        self.drop(key)
        cost = _cost(key, answer)
        while self._answers and (len(self._answers) >= KEPT or self.size + cost > KEPT_SIZE):
            self.drop(next(iter(self._answers)))
        self._answers[key] = answer
        self.size += cost

    def drop(self, key: tuple[str, str]) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self.size -= _cost(key, answer)


def _cost(key: tuple[str, str], answer: Answer) -> int:
    return len(key[0]) + len(key[1]) + answer.size


def _answers() -> Kept:
    """Those of this thread: the same expression with the same data gives the same."""
    found: Kept | None = getattr(_LOCAL, "answers", None)
    if found is None:
        found = _LOCAL.answers = Kept()
    return found


class Children:
    """The child of this process, started anew after each one that was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self.killed = 0

    def evaluate(self, asks: Sequence[Ask], *, within: float) -> list[Answer | None]:
        """An answer for each; None for what `within` seconds did not suffice for. The first is always answered."""
        answers: list[Answer | None] = [None] * len(asks)
        until, at = time.monotonic() + within, 0
        with self._lock:
            while at < len(asks) and (at == 0 or time.monotonic() < until):
                for answer in self._batch(asks[at : at + BATCH], until):
                    answers[at] = answer
                    at += 1
        return answers

    @property
    def pid(self) -> int | None:
        """Of the child, if there is one."""
        return self._child.pid if self._child is not None else None

    def stop(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            if self._child is not None:
                self._kill()

    def _batch(self, asks: Sequence[Ask], until: float) -> list[Answer]:
        """Answers to the first of these, until the time is over; the last is of the one that killed the child, where
        one did."""
        child = self._running()
        parts = (json.dumps([ask.program, ask.decimal]) for ask, _ in asks)
        told = "[" + ",".join(f"{part[:-1]}, {given}]" for part, (_, given) in zip(parts, asks, strict=True)) + "]"
        assert child.stdin is not None  # noqa: S101  # it was started with pipes
        found: list[Answer] = []
        try:
            left = memoryview(struct.pack(">I", len(body := told.encode())) + body)
            while left:
                left = left[os.write(child.stdin.fileno(), left) :]
            while len(found) < len(asks):
                if found and time.monotonic() > until:
                    self._kill()  # it is at work on what nobody waits for any more
                    break
                made = self._read(child)
                read = json.loads(made)
                found.append(Answer(read.get("value"), read.get("fault", ""), len(made)))
        except (_Gone, BrokenPipeError):
            self._kill()
            found.append(Answer(fault=KILLED))
        except BaseException:
            self._kill()  # answers of this batch must not be taken for those of the next
            raise
        return found

    def _read(self, child: subprocess.Popen[bytes]) -> bytes:
        until = time.monotonic() + PATIENCE
        head = self._take(child, 4, until)
        return self._take(child, struct.unpack(">I", head)[0], until)

    def _take(self, child: subprocess.Popen[bytes], count: int, until: float) -> bytes:
        assert child.stdout is not None  # noqa: S101  # it was started with pipes
        made = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while len(made) < count:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise _Gone
                part = os.read(child.stdout.fileno(), count - len(made))
                if not part:
                    raise _Gone
                made += part
        return bytes(made)

    def _running(self) -> subprocess.Popen[bytes]:
        """The child; a process that was forked does not use that of the one it came from."""
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._child, self._owner = _start(), os.getpid()
        return self._child

    def _kill(self) -> None:
        child, self._child = self._child, None
        self.killed += 1
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):  # what it had not read yet
                        stream.close()


class _Gone(Exception):
    """The child has ended, or does not answer."""


def _start() -> subprocess.Popen[bytes]:
    # Isolated, without site packages, environment or a directory of ours: it has the library and nothing else.
    command = [sys.executable, "-I", "-S", str(_CHILD), _library()]
    return subprocess.Popen(  # our own interpreter and program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, env={}, cwd="/"
    )


def _library() -> str:
    """The file of the extension. The package around it brings a command line, which takes 0.3 s to import."""
    found = importlib.util.find_spec("cel")
    for folder in (found.submodule_search_locations or []) if found else []:
        for suffix in EXTENSION_SUFFIXES:
            if (path := Path(folder) / f"cel{suffix}").exists():
                return str(path)
    raise RuntimeError("The library `common-expression-language` is not installed: computed values need it.")


CHILDREN: Final = Children()
"""That of this process. One that ends in an orderly way ends it too; else it ends when nobody writes to it any more."""
atexit.register(CHILDREN.stop)

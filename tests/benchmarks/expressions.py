"""Computed values: 10,000 expressions of a fuzzer, each answered in time with data alone, and what hostile ones cost.

Expressions are drawn from the words of the language, by a grammar that mostly makes such as can be read, over data of
64 KiB. Those that the check refuses are counted and left out. What is looked for in answers is any word of Python.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

import psutil

from apps.workflows.cel import evaluating
from apps.workflows.cel.checking import Expression, expression_parse
from apps.workflows.values import BadValue
from tests.measuring import Case

COUNT: Final = 10_000
SLOW: Final = 0.2
TICK: Final = 0.02
"""Seconds to which the kernel tells the time of a process."""
HOSTILE: Final = "inputs.many.filter(x, x in inputs.many).size() + {}"
PYTHON: Final = ("object at 0x", "<class", "<built-in", "<function", "<module", "Traceback", "__")
ENV: Final = {
    "inputs": {
        "a": 7,
        "b": -2.5,
        "t": "word " * 500,
        "l": list(range(2_000)),
        "m": {"x": 1, "y": {"z": "deep"}},
        "n": None,
        "many": list(range(7_000)),
        "at": "2026-03-02T06:00:00Z",
    },
    "steps": {"one": {"rows": [{"v": n, "w": str(n)} for n in range(300)]}},
}
ATOMS: Final = [
    "inputs.a",
    "inputs.b",
    "inputs.t",
    "inputs.l",
    "inputs.m",
    "inputs.n",
    "inputs.q",
    "inputs.m.y.z",
    "steps.one.rows",
    "steps.one.rows[3].v",
    "1",
    "0",
    "-3",
    "2.5",
    "'a'",
    "''",
    "true",
    "null",
    "[]",
    "{}",
    "[1,'a',2.5]",
    "{'k':1}",
    "timestamp(inputs.at)",
    "duration('90m')",
    "__import__",
    "inputs.__class__",
    "inputs.a.__class__.__mro__",
    "type(1)",
    "x",
]
OPERATORS: Final = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"]
CALLS: Final = [
    "size",
    "string",
    "int",
    "double",
    "upper",
    "lower",
    "trim",
    "sum",
    "min",
    "max",
    "abs",
    "round",
    "timestamp",
    "duration",
    "eval",
    "open",
    "getattr",
    "has",
]
METHODS: Final = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "getFullYear",
    "getHours",
    "format",
    "__init__",
]
LOOPS: Final = ["map", "filter", "all", "exists", "exists_one"]


def measure() -> Iterator[Case]:
    chance = random.Random(2026)  # a fuzzer that repeats
    children = evaluating.Children()
    times: list[float] = []
    refused, over, reached, killed = 0, 0, 0, 0
    while len(times) < COUNT:
        try:
            expression = expression_parse(drawn(chance, 4))
            context = evaluating.context_of(expression, ENV)
        except (BadValue, ValueError):
            refused += 1
            continue
        before, began = _spent(children), time.perf_counter()
        (answer,) = children.evaluate([(expression, context)], within=5)
        times.append(time.perf_counter() - began)
        assert answer is not None  # the first of a batch is answered in any case
        killed += answer.fault == evaluating.KILLED
        # By the child's processor, as the clock tells of whatever else this machine has to do.
        over += answer.fault != evaluating.KILLED and _spent(children) - before > SLOW + TICK
        reached += any(word in str(answer.value) for word in PYTHON)
    fuzzed = f"{COUNT:,} fuzzed expressions"
    yield Case(fuzzed, "refused besides, when saved", refused)
    yield Case(fuzzed, "median time of an answer", 1000 * median(times), "ms")
    yield Case(fuzzed, "longest time of an answer", 1000 * max(times), "ms")
    yield Case(fuzzed, "answered after more than 200 ms of a processor", over, bar="= 0", holds=over == 0)
    yield Case(fuzzed, "killed", killed)
    yield Case(fuzzed, "Python objects reached", reached, bar="= 0", holds=reached == 0)
    yield from _hostile(children)
    yield from _batch(children)
    children.stop()


def _spent(children: evaluating.Children) -> float:
    """Seconds of a processor that the child has taken, without what starting it takes."""
    if (pid := children.pid) is None:
        return 0.0
    told = psutil.Process(pid).cpu_times()
    return float(told.user + told.system)


def drawn(chance: random.Random, depth: int) -> str:
    """A text that is mostly an expression."""
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(ATOMS)

    def part() -> str:
        return drawn(chance, depth - 1)

    forms: list[Callable[[], str]] = [
        lambda: f"({part()} {chance.choice(OPERATORS)} {part()})",
        lambda: f"{chance.choice(CALLS)}({part()})",
        lambda: f"({part()}).{chance.choice(METHODS)}({part() if chance.random() < 0.5 else ''})",
        lambda: f"({part()}).{chance.choice(LOOPS)}(x, {part()})",
        lambda: f"({part()} ? {part()} : {part()})",
        lambda: f"[{part()}, {part()}]",
        lambda: f"({part()})[{part()}]",
    ]
    return chance.choice(forms)()


def _hostile(children: evaluating.Children) -> Iterator[Case]:
    """How long one keeps a worker that would take minutes, and what becomes of the rest of its batch."""
    asks = [_ask(HOSTILE.format(n)) for n in range(5)] + [_ask(f"inputs.a * {n}") for n in range(50)]
    began = time.perf_counter()
    answers = children.evaluate(asks, within=30)
    each = (time.perf_counter() - began) / 5
    good = sum(answer is not None and answer.value == 7 * n for n, answer in enumerate(answers[5:]))
    yield Case("5 hostile ones of 55", "time that each keeps a worker", each, "s", bar="<= 1.2", holds=each <= 1.2)
    yield Case("5 hostile ones of 55", "others that were answered", good, bar="= 50", holds=good == 50)


def _batch(children: evaluating.Children) -> Iterator[Case]:
    asks = [_ask(f"inputs.a * {n} + inputs.b > 10.0 ? 'large' : 'small'") for n in range(5_000)]
    began = time.perf_counter()
    children.evaluate(asks, within=60)
    yield Case("a batch of 5,000", "answers a second", len(asks) / (time.perf_counter() - began), "1/s")


def _ask(source: str) -> tuple[Expression, str]:
    expression = expression_parse(source)
    return expression, evaluating.context_of(expression, ENV)

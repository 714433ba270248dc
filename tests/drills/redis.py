"""Flush Redis again and again, and restart it, while runs are under way: none is lost."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import redis

from tests.drills._flows import Ground, agent_chain, definition, exactly, ground, inline_chain, marks
from tests.measuring import Case

EVERY, RESTART_EVERY, RESTARTS = 0.15, 2.0, 2
INLINE, AGENTS, STEPS = 500, 50, 10


def measure() -> Iterator[Case]:
    flows = [
        definition("inline", inline_chain(STEPS), {"amount": "number"}, outputs={"sum": f"${{steps.s{STEPS - 1}.x}}"}),
        definition("agents", agent_chain(4), {"mark": "text", "file": "text"}),
    ]
    with ground({"redis": flows}) as made:
        yield from load(made, "undisturbed", None)
        yield from load(made, f"flushed every {EVERY} s", EVERY)
        yield from load(made, f"killed {RESTARTS} times", RESTART_EVERY)


def load(made: Ground, case: str, every: float | None) -> Iterator[Case]:
    file = made.program.folder / case.replace(" ", "-")
    began = time.monotonic()
    strike = restart if every == RESTART_EVERY else flush
    with again_and_again(lambda: strike(made), every) as count:
        ids = made.start("redis", "agents", [{"mark": str(n), "file": str(file)} for n in range(AGENTS)])
        for begin in range(0, INLINE, 50):  # a call for each 50, so that wake-ups are sent all the time
            ids += made.start("redis", "inline", [{"amount": n} for n in range(begin, begin + 50)])
        seconds = made.wait("redis", ids) - began
    lost = made.look(
        "select count(*) from t_redis.workflows_workflowrun where id = any(%s) and status <> 'succeeded'", ids
    )[0][0]
    yield exactly(case, f"of {len(ids)} runs, lost", lost)
    yield exactly(case, "agent steps carried out twice", len(marks(file)) - len(set(marks(file))))
    yield Case(case, "time for all", seconds, "s")
    if every is not None:
        yield Case(case, "times that Redis was struck", count[0], bar="> 0", holds=count[0] > 0)


def flush(made: Ground) -> None:
    with redis.Redis.from_url(made.program.redis_url) as link:
        link.flushall()


def restart(made: Ground) -> None:
    """End it with -9; the installation's supervisor starts it again, with what the last second may have lost."""
    os.kill(int(json.loads((made.program.folder / "redis.json").read_text())["pid"]), signal.SIGKILL)


@contextmanager
def again_and_again(strike: Callable[[], None], every: float | None) -> Iterator[list[int]]:
    """Strike every so many seconds, if at all; yields how often that worked so far."""
    count, over = [0], threading.Event()

    def run() -> None:
        most = RESTARTS if every == RESTART_EVERY else None  # the supervisor's pauses grow
        while every is not None and count[0] != most and not over.wait(every):
            with suppress(redis.RedisError, OSError, ValueError):  # it is down, or has not said who it is
                strike()
                count[0] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()

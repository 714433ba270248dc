"""Kill and freeze workers under runs of agents and of calls: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from tests.drills._flows import (
    AGENT_LEASE,
    PATIENCE,
    RUN_LEASE,
    Ground,
    Workers,
    agent_chain,
    at_most,
    definition,
    exactly,
    ground,
    kill_group,
    marks,
    second,
)
from tests.measuring import Case
from tests.running import wait_until

RUNS, STEPS = 50, 10
CALLS, KILLS = 1000, 8
LAST_KILL_BAR = 30.0
PIECES = RUNS * STEPS
CHILDREN = 2
"""Processes that compute, in each set of workers."""


def measure() -> Iterator[Case]:
    chain = definition("chain", agent_chain(STEPS), {"mark": "text", "file": "text"})
    calls = [
        definition(f"call-{kind}", {"call": call_step(repeatable=kind == "keyed")}, {"url": "text"})
        for kind in ("keyed", "plain")
    ]
    with ground({"crash": [chain], "keyed": calls, "plain": calls}) as made, second(made) as workers:
        chains = Chains(made)
        alone, _ = chains.undisturbed("one worker, undisturbed")
        yield Case(f"{RUNS} runs of {STEPS} agent steps", "time, one worker alone", alone, "s")
        yield Case(f"{RUNS} runs of {STEPS} agent steps", "agent steps a second", PIECES / alone)
        started = workers.start()
        yield Case("a set of workers", "from its start until it works", started, "s")
        yield from one_of_two_dies(chains, workers, alone)
        yield from all_die(chains, workers, alone)
        yield from one_is_frozen(chains, workers)
        for kind in ("keyed", "plain"):
            yield from kills_under_calls(made, workers, kind)


class Chains:
    """Runs of the chain of agent steps, with a file for each round in which executions leave their marks."""

    def __init__(self, made: Ground) -> None:
        self.made, self._rounds = made, 0
        self.file, self.ids, self.began = Path(), list[str](), 0.0

    def start(self) -> None:
        self._rounds += 1
        self.file = self.made.program.folder / f"marks-{self._rounds}"
        inputs = [{"mark": str(n), "file": str(self.file)} for n in range(RUNS)]
        self.began = time.monotonic()
        self.ids = self.made.start("crash", "chain", inputs)

    def undisturbed(self, case: str) -> tuple[float, int]:
        self.start()
        return self.made.wait("crash", self.ids) - self.began, len(marks(self.file))

    def until(self, share: float) -> None:
        wait_until(lambda: len(marks(self.file)) >= share * PIECES, "the runs are that far", within=PATIENCE)

    def ended(self) -> float:
        return self.made.wait("crash", self.ids) - self.began

    def verdict(self, case: str, in_flight: int) -> Iterator[Case]:
        """Every run succeeded, and of what was in flight each was repeated once at most."""
        failed = self.made.look(
            "select count(*) from t_crash.workflows_workflowrun where id = any(%s) and status <> 'succeeded'", self.ids
        )[0][0]
        done = Counter(marks(self.file))
        repeats = sum(done.values()) - PIECES
        yield exactly(case, f"runs of {RUNS} that did not succeed", failed)
        yield exactly(case, "steps never carried out", PIECES - len(done))
        yield Case(case, "repeats", repeats, bar=f"<= {in_flight}", holds=repeats <= in_flight)
        yield at_most(case, "times that a step was carried out at most", max(done.values()), 2, "")


def one_of_two_dies(chains: Chains, workers: Workers, alone: float) -> Iterator[Case]:
    case = "one of two workers killed"
    chains.start()
    chains.until(0.3)
    workers.kill()
    yield at_most(case, "start to the end of all runs", chains.ended(), alone + AGENT_LEASE)
    yield from chains.verdict(case, CHILDREN)


def all_die(chains: Chains, workers: Workers, alone: float) -> Iterator[Case]:
    """The second set stays down; the installation's supervisor starts its own again."""
    case = "all workers killed"
    workers.start()
    chains.start()
    chains.until(0.6)
    before = {each.pid for each in chains.made.own_workers()}
    killed = time.monotonic()
    workers.kill()
    for each in chains.made.own_workers():
        kill_group(each)
    done = len(marks(chains.file))
    wait_until(
        lambda: len({each.pid for each in chains.made.own_workers()} - before) == len(before),
        "the supervisor has started others",
        within=PATIENCE,
    )
    wait_until(lambda: len(marks(chains.file)) > done, "a step is carried out again", within=PATIENCE)
    goes_on = time.monotonic() - killed
    ended = chains.ended() + chains.began - killed
    start = worker_start(workers)
    yield at_most(case, "from the kill to the next step", goes_on, AGENT_LEASE + start + 2)
    rest = alone * (PIECES - done) / PIECES
    yield at_most(case, "from the kill to the end of all runs", ended, AGENT_LEASE + start + 2 + rest)
    yield from chains.verdict(case, 2 * CHILDREN)


def worker_start(workers: Workers) -> float:
    """How long workers take to start at this moment, on this machine under this load."""
    seconds = workers.start()
    workers.kill()
    return seconds


def one_is_frozen(chains: Chains, workers: Workers) -> Iterator[Case]:
    """Its runs are taken over; when it goes on, it finds that its fences are the rows' no more."""
    case = "a worker frozen past its lease"
    workers.start()
    chains.start()
    chains.until(0.3)
    frozen = [each for parent in workers.parents() for each in (parent, *parent.children(recursive=True))]
    for each in frozen:
        each.suspend()
    try:
        ended = chains.ended()
        record = chains.made.record("crash")
    finally:
        for each in frozen:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGCONT)
    time.sleep(2 * RUN_LEASE)  # it has all the time to write what it must not
    yield exactly(case, "stale writes", int(chains.made.record("crash") != record))
    yield Case(case, "start to the end of all runs", ended, "s")
    yield from chains.verdict(case, CHILDREN)
    workers.kill()


# Calls


class Sink:
    """Another system, which takes a moment for each order and counts what it was asked, by key."""

    MOMENT = 0.05

    def __init__(self) -> None:
        self.keys: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.keys.append(str(self.headers["Idempotency-Key"]))
                time.sleep(sink.MOMENT)
                with suppress(OSError):  # who asked is dead
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.end_headers()
                    self.wfile.write(b'{"taken": true}')

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/orders"

    @contextmanager
    def serving(self) -> Iterator[None]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()


def call_step(*, repeatable: bool) -> dict[str, object]:
    return {"kind": "http", "url": "${inputs.url}", "body": {"order": "${run.id}"}, "repeatable": repeatable}


def kills_under_calls(made: Ground, workers: Workers, kind: str) -> Iterator[Case]:
    """A sink that honours the key does once what it is asked twice; the other one does it twice."""
    case = f"{CALLS:,} runs, a sink that {'honours' if kind == 'keyed' else 'ignores'} the key"
    sink, chance = Sink(), random.Random(11)
    workers.start()
    with sink.serving():
        ids = made.start(kind, f"call-{kind}", [{"url": sink.url}] * CALLS)
        strikes = [strike(made, workers, chance, lambda: len(sink.keys), n) for n in range(KILLS)]
        killed, last = sum(count for count, _ in strikes), strikes[-1][1]
        wait_until(lambda: is_settled(made, kind, ids), "every run has ended or waits for a person", within=PATIENCE)
        took = time.monotonic() - last
    workers.kill()
    asked, by_status = Counter(sink.keys), made.statuses(kind)
    statement = f"select key::text, status from t_{kind}.workflows_httpcall"
    calls = dict(made.look(statement))
    unknown = {key for key, status in calls.items() if status == "unknown"}
    yield Case(case, "processes killed with -9", killed, bar="> 0", holds=killed > 0)
    yield at_most(case, "from the last kill to the end of all", took, LAST_KILL_BAR)
    yield exactly(case, "dead letters", made.dead_letters(kind))
    if kind == "keyed":
        yield exactly(case, "lost", CALLS - by_status["succeeded"])
        yield exactly(case, "effects", len(asked), CALLS)
        yield Case(case, "requests that were sent again", len(sink.keys) - len(asked))
    else:
        yield exactly(case, "effects that came twice", sum(count > 1 for count in asked.values()))
        yield exactly(
            case, "runs that neither succeeded nor wait", CALLS - by_status["succeeded"] - by_status["waiting"]
        )
        listed = made.api(kind).get("/api/v1/workflow-calls", params={"status": "unknown", "limit": 200}).json()
        yield exactly(case, "interrupted calls not listed as unknown", by_status["waiting"] - len(listed["items"]))
        unanswered = set(asked) - {key for key, status in calls.items() if status == "confirmed"}
        yield exactly(case, "effects without an answer, not unknown", len(unanswered - unknown))
        yield Case(case, "calls listed as unknown", len(unknown), bar="> 0", holds=len(unknown) > 0)


def strike(
    made: Ground, workers: Workers, chance: random.Random, sent: Callable[[], int], number: int
) -> tuple[int, float]:
    """Once some more calls were sent, kill a random pool; one of the second set is started again at once.

    Returns how many processes that were, and when it was.
    """
    begin = min(CALLS * 0.9, (number + 0.5) * CALLS / KILLS)
    wait_until(lambda: sent() >= begin, "some more calls were sent", within=PATIENCE)
    own = chance.random() < 0.25
    victims = kill_group(chance.choice(made.own_workers() if own else workers.parents()))
    when = time.monotonic()
    if not own:
        workers.kill()
        workers.start()
    return len(victims), when


def is_settled(made: Ground, kind: str, ids: list[str]) -> bool:
    """No run is at work: each has ended, or waits for a person's word on its call."""
    found = made.look(
        f"select count(*) from t_{kind}.workflows_workflowrun where id = any(%s) "
        "and status in ('queued', 'running', 'paused')",
        ids,
    )
    return bool(found[0][0] == 0)

"""Restart PostgreSQL under load: what was acknowledged is there afterwards and finishes, all else was told 503."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.drills._flows import PATIENCE, Ground, agent_chain, at_most, definition, exactly, ground, inline_chain
from tests.measuring import Case
from tests.running import wait_until

STEPS, EVERY = 10, 4.0
# An orderly restart twice, and one at once: then the server comes back by its log.
STRIKES = (signal.SIGINT, signal.SIGINT, signal.SIGQUIT)
BACK_BAR = 5.0


@dataclass
class Load:
    """Somebody who starts runs all the time, and what was answered."""

    made: Ground
    accepted: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    told_when: int = 0
    """Refusals that say when to come back."""
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, name: str, body: dict[str, object]) -> None:
        api = self.made.api("postgres")
        while not self.over.wait(0.02):
            try:
                answer = api.post(f"/api/v1/workflows/{name}/runs", json={"inputs": body})
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1
                continue
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == 202:
                self.accepted.append(answer.json()["id"])
            elif answer.status_code == 503:
                self.told_when += "Retry-After" in answer.headers


def measure() -> Iterator[Case]:
    flows = [
        definition("inline", inline_chain(STEPS), {"amount": "number"}),
        definition("agents", agent_chain(2), {"mark": "text", "file": "text"}),
    ]
    with ground({"postgres": flows}) as made:
        load = Load(made)
        threads = [
            threading.Thread(target=load.run, args=["inline", {"amount": 1}]),
            threading.Thread(target=load.run, args=["agents", {"mark": "x", "file": ""}]),
        ]
        for thread in threads:
            thread.start()
        try:
            for strike in STRIKES:
                time.sleep(EVERY)
                yield from struck(made, load, strike)
            time.sleep(EVERY)
        finally:
            load.over.set()
            for thread in threads:
                thread.join()
        yield from verdict(made, load)


def struck(made: Ground, load: Load, strike: signal.Signals) -> Iterator[Case]:
    case = "restarted" if strike == signal.SIGINT else "ended at once, and restarted"
    began, before = time.monotonic(), process(made)
    os.kill(before, strike)
    wait_until(lambda: process(made) not in {0, before} and answers(made), "it is back", within=PATIENCE)
    accepted = len(load.accepted)
    back = time.monotonic()
    yield Case(case, "until PostgreSQL answered again", back - began, "s")
    wait_until(lambda: len(load.accepted) > accepted, "a run is accepted again", within=PATIENCE)
    yield at_most(case, "from then to the next accepted run", time.monotonic() - back, BACK_BAR)


def process(made: Ground) -> int:
    """The server's process; 0 while it is written down."""
    try:
        return int(json.loads((made.program.folder / "postgres.json").read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return 0


def answers(made: Ground) -> bool:
    try:
        psycopg.connect(made.program.database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def verdict(made: Ground, load: Load) -> Iterator[Case]:
    case = f"{len(STRIKES)} restarts under load"
    ended = time.monotonic()
    made.wait("postgres")
    yield Case(case, "from the last start to the end of all", time.monotonic() - ended, "s")
    found = dict(made.look("select id::text, status from t_postgres.workflows_workflowrun"))
    lost = [id for id in load.accepted if id not in found]
    yield Case(case, "runs accepted", len(load.accepted), bar="> 0", holds=bool(load.accepted))
    yield exactly(case, "of these, lost", len(lost))
    yield exactly(case, "runs that did not succeed", sum(status != "succeeded" for status in found.values()))
    yield exactly(case, "dead letters", made.dead_letters("postgres"))
    refused = {name: count for name, count in load.answers.items() if name not in {"202", "503"}}
    told = ", ".join(f"{count} x {name}" for name, count in sorted(load.answers.items()))
    yield Case(case, "answers", told)
    yield exactly(case, "answers but 202 and 503", sum(refused.values()))
    yield exactly(case, "of the 503, without Retry-After", load.answers["503"] - load.told_when)

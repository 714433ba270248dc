"""The stress on a running installation: `python -m tests.isolation.stressing PORT REQUESTS`, in its environment.

Most requests go to the product's WSGI application in two processes of 32 threads each, with the pool of connections
that a web process has, as that is where faults can be played in the middle of a request. A tenth goes over HTTP to the
server that runs, from 32 threads whose clients leave early, while its queries are cancelled and its connections cut.
Prints a line of JSON for each part: its name, and what came of it.
"""

from __future__ import annotations

import http.client
import json
import logging
import random
import socket
import struct
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import django
import psycopg

from tests.isolation.against import AGENT
from tests.isolation.stress import CLOSED, CSRF_TOKEN, GONE, Ask, Tally, judge, menus, strayed, stress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.isolation.ground.sides import Side

PROCESSES, THREADS = 2, 32
PART = 5000
"""Requests that are asked with one token."""
UNHEARD, STRUCK = "client-gone-before-the-answer", "query-cancelled-or-connection-cut"
STRIKE_EVERY = 0.01
"""Seconds between two queries that are cancelled."""
CUT_ONE_IN = 50
"""Of so many strikes one cuts a connection."""
_CANCEL = """
select pg_cancel_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
  and state <> 'idle' and query not like '%dispatch%' order by random() limit 1
"""
_CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
order by random() limit 1
"""


def _in_a_process(sides: tuple[Side, Side], requests: int, seed: str, results: Any) -> None:
    django.setup()
    logging.disable(logging.CRITICAL)  # thousands of faults would be told to the log
    from django.core.wsgi import get_wsgi_application

    from tests.isolation.ground.credentials import tokens_fresh

    application, whole = get_wsgi_application(), Tally()
    for part, share in enumerate(_parts(requests)):
        sides = tokens_fresh(sides)
        whole.add(stress(application, sides, requests=share, threads=THREADS, seed=f"{seed}{part}-"))
    results.put(whole)


def _parts(requests: int) -> list[int]:
    """Shares of them that end before a token expires."""
    return [min(PART, requests - begin) for begin in range(0, requests, PART)]


def in_processes(sides: tuple[Side, Side], requests: int) -> Tally:
    """The stress inside processes that begin afresh. Raises `RuntimeError` where one of them broke off."""
    context = get_context("spawn")
    results = context.Queue()
    shares = [requests // PROCESSES + (number < requests % PROCESSES) for number in range(PROCESSES)]
    workers = [
        context.Process(target=_in_a_process, args=(sides, share, f"{number}-", results), daemon=True)
        for number, share in enumerate(shares)
    ]
    for worker in workers:
        worker.start()
    whole = Tally()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise RuntimeError("A process of the stress broke off; what it raised stands above.")
        whole.add(results.get(timeout=60))
    return whole


class Caller:
    """A client of the server that runs, with one connection that is kept until somebody breaks it off."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, side: Side, ask: Ask, fault: str) -> tuple[int, bytes]:
        """The status, and all that was said before somebody broke off. 0 where there was no answer."""
        cookies = f"csrftoken={CSRF_TOKEN}" + (f"; sessionid={ask.who.session}" if ask.who.session else "")
        headers = {"Host": f"{side.host}:{self._port}", "Cookie": cookies, "X-CSRFToken": CSRF_TOKEN}
        if ask.who.bearer:
            headers["Authorization"] = f"Bearer {ask.who.bearer}"
        if ask.body:
            headers |= {"Content-Type": ask.content_type, "Content-Length": str(len(ask.body))}
        try:
            self._http.request(ask.method, ask.path, ask.body[:7] if fault == GONE else ask.body or None, headers)
            if fault in {GONE, UNHEARD}:
                self._break_off()
                return 0, b""
            answer = self._http.getresponse()
            said = b"".join(f"{name}: {value}\n".encode() for name, value in answer.getheaders())
            said += answer.read(100 if fault == CLOSED else None)
            if fault == CLOSED:
                self._break_off()
            return answer.status, said
        except (http.client.HTTPException, OSError):
            self._http.close()
            return 0, b""

    def _break_off(self) -> None:
        """As when a client dies: with a reset, not with a farewell."""
        if self._http.sock is not None:
            self._http.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._http.close()


@contextmanager
def struck(database: str) -> Iterator[Counter[str]]:
    """Meanwhile queries are cancelled and connections cut, any of the installation's. Yields how many."""
    ended, strikes = threading.Event(), Counter[str]()

    def strike() -> None:
        dice = random.Random(1)
        with psycopg.connect(database, autocommit=True) as connection:
            while not ended.wait(STRIKE_EVERY):
                name, statement = ("cut", _CUT) if dice.randrange(CUT_ONE_IN) == 0 else ("cancelled", _CANCEL)
                with suppress(psycopg.Error):
                    strikes[name] += connection.execute(statement).rowcount

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        yield strikes
    finally:
        ended.set()
        striker.join()


def over_http(port: int, sides: tuple[Side, Side], requests: int) -> Tally:
    """The same from outside. What a strike may have caused is no failure; the tenants stay apart nevertheless."""
    tallies = [Tally() for _ in range(THREADS)]

    def run(tally: Tally, seed: int) -> None:
        dice, caller = random.Random(seed), Caller(port)
        every = menus(sides)
        for _ in range(requests // THREADS + (seed < requests % THREADS)):
            menu = dice.choice(every)
            side, ask = menu.side, dice.choices(menu.choice, menu.weights)[0]
            fault = dice.choice([CLOSED, UNHEARD, *([GONE] if ask.body else [])]) if dice.random() < 0.1 else ""
            status, said = caller.call(side, ask, fault)
            fault = fault or (STRUCK if status == 0 or status >= 500 else "")
            judge(tally, side, menu.other, ask, fault, status, said)

    workers = [threading.Thread(target=run, args=(tally, seed)) for seed, tally in enumerate(tallies)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def main(port: int, requests: int) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    from tests.isolation.ground.credentials import tokens_fresh
    from tests.isolation.ground.making import sides_make

    sides = sides_make(("isolation-stress-a", "isolation-stress-b"), agent=AGENT)
    print(json.dumps({"part": "in process", **vars(in_processes(sides, requests - requests // 10))}), flush=True)
    tally = Tally()
    for share in _parts(requests // 10):
        sides = tokens_fresh(sides)
        connections.close_all()  # ours shall not be cut
        with struck(settings.DATABASE_URL) as strikes:
            tally.add(over_http(port, sides, share))
        tally.faults += strikes
    print(json.dumps({"part": "over HTTP", **vars(tally)}), flush=True)
    rows = [*strayed(*sides), *strayed(*reversed(sides))]
    print(json.dumps({"part": "rows", "strayed": rows}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

"""Many threads ask two tenants of equal keys at once, with faults in the middle: nobody is answered with the other's.

`stress` calls the product's WSGI application in this process, so that threads, connections of the pool and whatever is
kept between requests are shared as in a server's process. Every row of a tenant carries its marker, so that one of the
other's anywhere in an answer, or in a row that was written, is a leak.
"""

from __future__ import annotations

import io
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.faults import FAULTS
from tests.isolation.ground.sides import Side

CSRF_TOKEN = "c" * 32
FAULTY = 0.2
"""The share of requests in the middle of which something fails."""
DEEPEST = 9
"""The last statement of a request that a fault may hit."""
GONE, CLOSED = "client-gone-while-sending", "client-gone-while-reading"


@dataclass
class Tally:
    """What came of the requests."""

    requests: int = 0
    own: int = 0
    """Answers in which the marker of the tenant that was asked stood."""
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Requests without a fault that were not answered as they had to be."""

    def add(self, other: Tally) -> None:
        self.requests += other.requests
        self.own += other.own
        self.faults += other.faults
        self.statuses += other.statuses
        self.leaks += other.leaks
        self.failures += other.failures


@dataclass(frozen=True)
class Who:
    bearer: str = ""
    session: str = ""


@dataclass(frozen=True)
class Ask:
    """A request to a side, and how it is answered when nothing fails."""

    method: str
    path: str
    who: Who
    status: int = 200
    marked: bool = True
    """Whether the side's marker stands in the answer."""
    body: bytes = b""
    content_type: str = "application/json"


def asks(side: Side, other: Side) -> list[tuple[int, Ask]]:
    """What is asked of a side, each with its weight: reads of programs above all, as they cost the least."""
    token, key, session = Who(bearer=side.token), Who(bearer=side.api_key), Who(session=side.session)
    run, dataset, number = side.shared.run, side.shared.dataset, side.shared.number
    made = json.dumps({"name": f"Key {side.marker}", "scopes": ["runs.view"], "days": 1}).encode()
    return [
        (24, Ask("GET", f"/api/v1/runs/{run}", token)),
        (12, Ask("GET", f"/api/v1/runs/{run}", key)),
        (14, Ask("GET", "/api/v1/runs?limit=3", token)),
        (8, Ask("GET", "/api/v1/datasets?limit=2", token)),
        (8, Ask("GET", f"/api/v1/datasets/{dataset}", token)),
        (6, Ask("GET", "/api/v1/keys?limit=3", token)),
        (2, Ask("GET", f"/runs/R-{number}/result.csv", session)),
        (1, Ask("GET", "/runs/", session)),
        (1, Ask("GET", f"/runs/R-{number}/", session)),
        (1, Ask("GET", "/members/", session)),
        (6, Ask("GET", f"/api/v1/runs/{other.own.run}", token, 404, marked=False)),
        (3, Ask("GET", f"/api/v1/datasets/{other.own.dataset}", key, 404, marked=False)),
        (4, Ask("GET", f"/api/v1/runs/{run}", Who(bearer=other.token), 401, marked=False)),
        (3, Ask("GET", f"/api/v1/runs/{run}", Who(bearer=other.api_key), 401, marked=False)),
        (3, Ask("GET", f"/api/v1/runs/{run}", Who(session=other.session), 401, marked=False)),
        (3, Ask("POST", "/api/v1/keys", token, 201, body=made)),
    ]


class Gone(io.RawIOBase):
    """The body of a client that is gone after some of it."""

    def __init__(self, sent: bytes) -> None:
        super().__init__()
        self._left = sent

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            raise ConnectionResetError("the client is gone")
        sent, self._left = self._left, b""
        return sent


def environ(side: Side, ask: Ask, *, fault: str, gone: bool) -> dict[str, Any]:
    """The request as a WSGI server hands it over."""
    path, _, query = ask.path.partition("?")
    cookies = f"csrftoken={CSRF_TOKEN}" + (f"; sessionid={ask.who.session}" if ask.who.session else "")
    made = {
        "REQUEST_METHOD": ask.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": side.host,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": side.host,
        "HTTP_COOKIE": cookies,
        "HTTP_X_CSRFTOKEN": CSRF_TOKEN,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input": Gone(ask.body[:7]) if gone else io.BytesIO(ask.body),
    }
    if ask.body:
        made |= {"CONTENT_TYPE": ask.content_type, "CONTENT_LENGTH": str(len(ask.body))}
    if ask.who.bearer:
        made["HTTP_AUTHORIZATION"] = f"Bearer {ask.who.bearer}"
    if fault:
        made["HTTP_X_FAULT"] = fault
    return made


def call(app: Callable[..., Any], request: dict[str, Any], *, close_early: bool) -> tuple[int, bytes]:
    """The status, and all that was said: headers and body, or the beginning of it. 0 where there was no answer."""
    begun: list[Any] = [0, []]

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        begun[:] = [int(status[:3]), headers]

    try:
        answer = app(request, start_response)
    except (SystemExit, ConnectionResetError):
        return 0, b""
    try:
        pieces: Iterator[bytes] = iter(answer)
        body = next(pieces, b"") if close_early else b"".join(pieces)
    finally:
        answer.close()
    return begun[0], b"".join(f"{name}: {value}\n".encode() for name, value in begun[1]) + body


@dataclass(frozen=True)
class Menu:
    """What is asked of a side, as one chooses from it."""

    side: Side
    other: Side
    weights: list[int]
    choice: list[Ask]


def menus(sides: tuple[Side, Side]) -> list[Menu]:
    made = []
    for side, other in (sides, (sides[1], sides[0])):
        weighed = asks(side, other)
        made.append(Menu(side, other, [weight for weight, _ in weighed], [ask for _, ask in weighed]))
    return made


def _work(app: Callable[..., Any], sides: tuple[Side, Side], requests: int, seed: str, tally: Tally) -> None:
    dice = random.Random(seed)  # the same each time
    every = menus(sides)
    for _ in range(requests):
        menu = dice.choice(every)
        side, ask = menu.side, dice.choices(menu.choice, menu.weights)[0]
        fault = _fault(dice, ask) if dice.random() < FAULTY else ""
        inner = f"{fault}@{dice.randint(1, DEEPEST)}" if fault in FAULTS else ""
        request = environ(side, ask, fault=inner, gone=fault == GONE)
        status, said = call(app, request, close_early=fault == CLOSED)
        judge(tally, side, menu.other, ask, fault, status, said)


def _fault(dice: random.Random, ask: Ask) -> str:
    """Bodies are few: half of their faults are what nothing else can have."""
    return GONE if ask.body and dice.random() < 0.5 else dice.choice([*FAULTS, CLOSED])


def judge(tally: Tally, side: Side, other: Side, ask: Ask, fault: str, status: int, said: bytes) -> None:
    """Count what came of a request."""
    tally.requests += 1
    tally.statuses[status] += 1
    if fault:
        tally.faults[fault] += 1
    own = side.marker.encode() in said
    tally.own += own
    what = f"{ask.method} {ask.path} at {side.slug}, {fault or 'no fault'}: {status}"
    if other.marker.encode() in said:
        tally.leaks.append(f"{what}: {said[:300]!r}")
    if not fault and (status != ask.status or own != ask.marked):
        tally.failures.append(f"{what}: {said[-300:]!r}")


def stress(app: Callable[..., Any], sides: tuple[Side, Side], *, requests: int, threads: int, seed: str = "") -> Tally:
    """Ask `requests` times from so many threads, at both sides. What goes wrong in a thread is raised."""
    tallies = [Tally() for _ in range(threads)]
    errors: list[BaseException] = []

    def run(number: int) -> None:
        from django.db import connections

        share = requests // threads + (number < requests % threads)
        try:
            _work(app, sides, share, f"{seed}{number}", tallies[number])
        except BaseException as error:  # noqa: BLE001  # it is raised below, where somebody sees it
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def strayed(side: Side, other: Side) -> list[str]:
    """The tables of a side in which a row stands that carries the other's marker."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = %s order by 1", [side.schema])
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(
                f'select count(*) from "{side.schema}"."{table}" t where to_jsonb(t)::text like %s',
                [f"%{other.marker}%"],
            )
            if number := cursor.fetchone()[0]:
                found.append(f"{number} rows of {side.schema}.{table}")
        return found

"""Guess at an installation's doors, in parallel and from many addresses: ten tries for an account have effect."""

from __future__ import annotations

import base64
import hmac
import json
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.drills.limits import python
from tests.measuring import Case
from tests.running import Installation, installation

SLUG, PASSWORD, WRONG = "guessed", "a password for the drill", "not the password"
TRIES, AT_ONCE, EACH, PLACE = 1_000, 40, 10, 50
ADDRESSES = 200
SPRAYED = 4 * PLACE
"""Accounts on which one password is tried from one address."""
TIMED = 40
"""Sign-ins that are timed of each sort of account."""
CLOSE = 1.5
"""The most that the greater of two median times may be of the lesser."""
LOOKED_AT, REFUSED = "looked at", "refused"


@dataclass(frozen=True)
class Door:
    """An installation's tenant, as somebody sees it who comes from an address of this machine."""

    port: int

    def client(self, number: int) -> httpx.Client:
        """One of the addresses of the loopback network: the server sees many callers."""
        address = f"127.0.{1 + number // 200}.{1 + number % 200}"
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Host": f"{SLUG}.localhost:{self.port}"},
            transport=httpx.HTTPTransport(local_address=address),
            timeout=120,
        )

    def token(self, number: int, email: str, password: str, **more: str) -> httpx.Response:
        with self.client(number) as client:
            return client.post("/api/v1/tokens", json={"email": email, "password": password, **more})

    def page(self, number: int, email: str, password: str) -> httpx.Response:
        with self.client(number) as client:
            return self.posted(client, "/accounts/login/", {"login": email, "password": password})

    def posted(self, client: httpx.Client, place: str, form: dict[str, str]) -> httpx.Response:
        text = client.get(place).text
        found = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', text)
        mark = found.group(1) if found else ""
        return client.post(place, data={**form, "csrfmiddlewaretoken": mark})


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        yield from at_installation(program, TRIES, TIMED)


def at_installation(program: Installation, tries: int, timed: int) -> Iterator[Case]:
    environment = program.environment | {"ORCHESTRALL_PROCESS": "manage", "ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
    people: dict[str, Any] = json.loads(python(["-m", "tests.drills._guessed"], environment))
    yield from found_at(Door(program.port), people, tries, timed)


def found_at(door: Door, people: dict[str, Any], tries: int, timed: int) -> Iterator[Case]:
    """Every guess at every door. `people` are the addresses of accounts that nobody has tried yet."""
    half = tries // 2
    for where, guess in (("API", door.token), ("sign-in page", door.page)):
        account = people["fresh"].pop()
        began = time.monotonic()
        found = outcomes(half, guessing(guess, account))
        seconds = time.monotonic() - began
        yield capped(f"{half} wrong passwords at the {where}", found[LOOKED_AT], EACH)
        yield Case(f"{half} wrong passwords at the {where}", "time for all", round(seconds, 1), "s")
        after = sort_of(guess(0, account, PASSWORD))
        yield Case("the right password after that", where, after, bar=REFUSED, holds=after == REFUSED)
    account = people["fresh"].pop()
    both = outcomes(tries // 5, lambda n: (door.token if n % 2 else door.page)(n % ADDRESSES, account, f"{WRONG} {n}"))
    yield capped(f"{tries // 5} at both doors", both[LOOKED_AT], EACH)
    yield from sprayed(door, people)
    codes = outcomes(tries // 5, lambda n: door.token(n % ADDRESSES, people["app"], PASSWORD, code=f"{n:06}"))
    yield capped(f"{tries // 5} codes of an app, with the right password", codes[LOOKED_AT], EACH)
    yield from replayed(door, people)
    yield from alike(door, people, timed)


def guessing(guess: Callable[[int, str, str], httpx.Response], account: str) -> Callable[[int], httpx.Response]:
    return lambda number: guess(number % ADDRESSES, account, f"{WRONG} {number}")


def sprayed(door: Door, people: dict[str, Any]) -> Iterator[Case]:
    """One password on many accounts from one address; then the right one of an account, from there and elsewhere."""
    here, case = ADDRESSES + 1, f"one password on {SPRAYED} accounts from one address"
    found = outcomes(SPRAYED, lambda n: door.token(here, f"nobody{n}@example.org", "Summer in the city"))
    yield capped(case, found[LOOKED_AT], PLACE)
    for place, where, bar in ((here, "from there", REFUSED), (here + 1, "from another address", "in")):
        after = sort_of(door.token(place, people["sprayed"], PASSWORD))
        yield Case("the right password after that", where, after, bar=bar, holds=after == bar)


def replayed(door: Door, people: dict[str, Any]) -> Iterator[Case]:
    """A code that is right, sent by many at once."""
    now = code_of(people["secret"], int(time.time()) // 30)
    found = outcomes(20, lambda n: door.token(n, people["replayed"], PASSWORD, code=now))
    yield Case("one right code, 20 times at once", "let in", found["in"], bar="1", holds=found["in"] == 1)


def code_of(secret: str, counter: int) -> str:
    """What an app shows in a period (RFC 4226, 5.3): here without Django, as an app has none."""
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def alike(door: Door, people: dict[str, Any], timed: int) -> Iterator[Case]:
    """What is told, and how long it takes, of accounts that are not there and of those that are."""
    sorts: dict[str, list[str]] = {
        "known": people["timed"],
        "unknown": [f"unknown{n}@example.org" for n in range(timed)],
        "deactivated": people["gone"],
        "without a password": people["invited"],
    }
    took: dict[str, list[float]] = {sort: [] for sort in sorts}
    said: dict[str, set[str]] = {sort: set() for sort in sorts}
    place = ADDRESSES + 10
    for turn in range(timed):  # in turns, so that what else the machine does falls on all alike
        for sort, accounts in sorts.items():
            place += 1
            began = time.perf_counter()
            answer = door.token(place, accounts[turn % len(accounts)], WRONG)
            took[sort].append(time.perf_counter() - began)
            body = answer.json()
            said[sort].add(json.dumps([answer.status_code, body["code"], body["detail"], body["remedy"]]))
    medians = {sort: statistics.median(times) for sort, times in took.items()}
    known = medians["known"]
    yield Case("answer to a wrong password", f"median time of {timed}", round(known * 1000), "ms")
    for sort in list(sorts)[1:]:
        same = said[sort] == said["known"] and len(said[sort]) == 1
        yield Case(f"answer to {sort}", "the same as to a wrong password", str(same).lower(), bar="true", holds=same)
        ratio = max(medians[sort], known) / min(medians[sort], known)
        yield Case(f"answer to {sort}", f"median time, {timed} in turns with those", round(medians[sort] * 1000), "ms")
        metric = "ratio of the medians, greater to lesser"
        yield Case(f"answer to {sort}", metric, round(ratio, 2), bar=f"<= {CLOSE}", holds=ratio <= CLOSE)


def outcomes(tries: int, one: Callable[[int], httpx.Response]) -> Counter[str]:
    """How many came to what, of so many at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(lambda number: sort_of(one(number)), range(tries)))


def sort_of(answer: httpx.Response) -> str:
    """Whether a guess was let in, looked at, or refused unseen. Raises for what is neither."""
    if answer.status_code in {201, 302}:
        return "in"
    if answer.status_code in {429, 503} or "Too many failed login attempts" in answer.text:
        return REFUSED
    if answer.status_code == 401 or (answer.status_code == 200 and "not correct" in answer.text):
        return LOOKED_AT
    raise AssertionError(f"{answer.status_code}: {answer.text[:300]}")


def capped(case: str, looked: int, most: int) -> Case:
    return Case(case, "tries that had effect", looked, bar=f"1 to {most}", holds=0 < looked <= most)


def failures(cases: Sequence[Case]) -> list[Case]:
    return [case for case in cases if not case.holds]

"""What an attack is, what an operation must be like for one to make sense, and what may come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from apps.gateway.permissions import API_USE, OPEN
from apps.gateway.preconditions import CHANGING
from tests.isolation.ground.sides import Side, Things
from tests.isolation.judge import Outcome
from tests.isolation.operations import Operation, listings
from tests.isolation.scene import Answer, Request, Scene, Send, by_owner, request_of


@dataclass(frozen=True)
class Try:
    """One attack on one operation."""

    operation: Operation
    scene: Scene
    send: Send
    prepared: Any = None
    """What the attack's `prepare` gave back."""

    @property
    def ours(self) -> Side:
        return self.scene.ours

    @property
    def theirs(self) -> Side:
        return self.scene.theirs

    def request(self, side: Side | None = None, things: Things | None = None, **changes: Any) -> Request:
        """The operation by nobody, at our host and on our own things unless others are named."""
        side = side or self.ours
        return replace(request_of(self.operation, side, things or side.shared), **changes)

    def as_owner(self, things: Things | None = None, **changes: Any) -> Answer:
        """What comes of the operation when our owner asks for it at home."""
        return self.send(replace(by_owner(self.operation, self.request(things=things), self.ours), **changes))


REVOKE = "POST /api/v1/tokens/revoke"
SECRETS = {"POST /visit/", "POST /api/v1/tokens", "POST /accounts/login/", "POST /api/v1/tokens/refresh", REVOKE}


@dataclass(frozen=True)
class Need:
    """What an operation must be like for an attack on it to make sense."""

    otherwise: str
    """Why it makes none where this does not hold: for the table."""
    holds: Callable[[Operation], bool]


CLOSED = Need("it is open to everybody", lambda each: not each.is_open)
SCOPED = Need("every key may call it", lambda each: each.code not in {"", OPEN, API_USE})
NAMES = Need("it names no thing of a tenant", lambda each: each.names_things)
IN_ADDRESS = Need("its address names no thing of a tenant", lambda each: each.names_things_in_address)
API = Need("it is a page, which takes no token and no key", lambda each: each.is_api)
KEYED = Need("it takes no API key", lambda each: each.is_api and not each.by_directory)
BY_DIRECTORY = Need("it takes no token of a directory", lambda each: each.by_directory)
READS = Need("it only writes", lambda each: each.method == "GET")
WRITES = Need("it only reads", lambda each: each.method != "GET")
READS_OR_NAMES = Need(
    "it only writes, and names no thing of a tenant", lambda each: READS.holds(each) or NAMES.holds(each)
)
KEEPS = Need("it keeps no answer for a repeat", lambda each: each.method == "POST" and not each.is_open)
CHANGES = Need(
    "it changes no thing that has a state", lambda each: each.is_api and each.method in CHANGING and each.names_things
)
MANY = Need("it names one thing at a time", lambda each: each.body is not None and each.body.many != "")
SHOWS = Need("it shows no row of a tenant", lambda each: each.is_marked)
PAGES = Need("it is no list in pages", lambda each: each.template in listings())
BODY = Need("it takes no body", lambda each: each.body is not None and each.body.form in {"json", "form"})
FILE = Need("it takes no file", lambda each: each.body is not None and each.body.form == "file")
COOKIES = Need("it looks at no cookie", lambda each: each.by_session)
LINK = Need("it is no signed link", lambda each: each.app == "allauth" and "key" in each.parameters)
STATUS = Need("its status is the same whatever is asked for", lambda each: each.refusing_words is None)
SECRET = Need("its body holds no credential", lambda each: each.name in SECRETS)
REFRESHES = Need("its body holds no refresh token", lambda each: each.name in SECRETS and "/tokens/" in each.route)


def owns(operation: Operation) -> Outcome:
    return Outcome.OWN


def nobody(operation: Operation) -> Outcome:
    """Foreign credentials are none: what is open stays open."""
    return Outcome.OWN if operation.is_open else Outcome.NOBODY


def nobody_in_api(operation: Operation) -> Outcome:
    """Where a bearer counts before a cookie, it decides; a page looks at the cookie alone."""
    return Outcome.NOBODY if operation.is_api and not operation.is_open else Outcome.OWN


def always(outcome: Outcome) -> Callable[[Operation], Outcome]:
    return lambda operation: outcome


def nothing_wrong(attempt: Try, answer: Answer) -> str:
    return ""


@dataclass(frozen=True)
class Attack:
    name: str
    aim: str
    """What the attacker does and hopes for: for the table."""
    act: Callable[[Try], Answer]
    outcome: Callable[[Operation], Outcome]
    needs: tuple[Need, ...] = ()
    prepare: Callable[[Try], Any] | None = None
    """What happens before, in either tenant; what it changes is not laid to the attack."""
    doubt: Callable[[Try, Answer], str] = field(default=nothing_wrong)
    """What is wrong with an answer besides what every answer is judged by; empty when nothing is."""
    restore: Callable[[Try], None] | None = None
    """Takes back what `prepare` did to our own rows and files."""
    on_wire: bool = False
    """Whether it needs a network: tried by the drill alone."""

    def why_not(self, operation: Operation) -> str:
        """Why it makes no sense for the operation; empty when it does."""
        return next((need.otherwise for need in self.needs if not need.holds(operation)), "")

    @contextmanager
    def attempt(self, operation: Operation, scene: Scene, send: Send) -> Iterator[Try]:
        """All is ready for the attack inside: rows are looked at from there."""
        attempt = Try(operation, scene, send)
        if self.prepare:
            attempt = replace(attempt, prepared=self.prepare(attempt))
        try:
            yield attempt
        finally:
            if self.restore:
                self.restore(attempt)

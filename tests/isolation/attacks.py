"""What an attacker tries, and what must come of it.

The attacker owns one tenant (`ours`) and knows all that may be guessed or found of the other (`theirs`): ids, keys of
sessions, tokens, API keys, cursors, links. Each attack sends its requests through `send` and gives back the answer to
judge, or None where it makes no sense for the operation.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from tests.isolation.ground import Side, Things
from tests.isolation.operations import QUERIES, REFUSING_WORDS, Body, Operation, SocketRoute, listings

NOBODY = ""


class Answer(Protocol):
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True)
class Request:
    """A request, whoever sends it."""

    slug: str
    """The tenant whose host is called."""
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    session: str = NOBODY
    bearer: str = NOBODY
    form: str = ""
    """How the body is sent: form, json or file; empty without one."""
    data: Mapping[str, Any] = field(default_factory=dict)


Send = Callable[[Request], Answer]


@dataclass(frozen=True)
class Scene:
    ours: Side
    theirs: Side


def request(operation: Operation, side: Side, things: Things, *, filled_by: Side | None = None) -> Request:
    """The operation on `things` at the host of `side`, by nobody. `filled_by`: whose address and password it sends."""
    body: Body | None = operation.body
    whose = filled_by or side
    return Request(
        slug=side.slug,
        method=operation.method,
        path=operation.address(side, things),
        form=body.form if body else "",
        data=body.fill(whose, things) if body else {},
    )


def by_owner(operation: Operation, wanted: Request, owner: Side) -> Request:
    """The request as the owner of `owner` makes it: programs with a token, people with a session."""
    return replace(wanted, bearer=owner.token) if operation.is_api else replace(wanted, session=owner.session)


def control(operation: Operation, side: Side, send: Send) -> Answer:
    """What the owner does at home: it must succeed, or the attacks on it prove nothing."""
    return send(by_owner(operation, request(operation, side, side.shared), side))


def failing(operation: Operation, side: Side, other: Side, answer: Answer) -> str:
    """Why what the owner did at home did not succeed; empty when it did."""
    if other.marker.encode() in contents(answer):
        return "it shows what is the other's"
    if answer.status_code >= 400 and answer.status_code != 409:  # refused by the state of a thing that was found
        return f"{answer.status_code}: {answer.content.decode(errors='replace')[-300:]}"
    if not operation.is_open and "/accounts/login/" in answer.headers.get("Location", ""):
        return "sent to the sign-in page"
    if operation.is_marked and side.marker.encode() not in contents(answer):
        return "no text of the tenant's rows: if there is none to be, name the route in UNMARKED of operations.py"
    return ""


@dataclass(frozen=True)
class Attack:
    name: str
    refused: bool
    """Whether it must be refused; otherwise the answer holds the attacker's own at most."""
    make: Callable[[Operation, Scene, Send], Answer | None]
    refusals: frozenset[int] = frozenset({401, 403, 404})


def _anonymous(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if operation.is_open:
        return None
    return send(request(operation, scene.ours, scene.ours.shared))


def _foreign_id(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if not operation.names_things:
        return None
    return send(by_owner(operation, request(operation, scene.ours, scene.theirs.own), scene.ours))


def _foreign_id_by_key(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if not (operation.names_things and operation.is_api):
        return None
    return send(replace(request(operation, scene.ours, scene.theirs.own), bearer=scene.ours.api_key))


def _foreign_wait(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    """Waiting for something to happen to a thing of theirs."""
    if not (operation.names_things and operation.is_api and operation.method == "GET"):
        return None
    wanted = by_owner(operation, request(operation, scene.ours, scene.theirs.own), scene.ours)
    return send(replace(wanted, query={"wait": "1"}))


def _equal_id(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if not (operation.names_things or operation.method == "GET"):
        return None
    return send(by_owner(operation, request(operation, scene.ours, scene.theirs.shared), scene.ours))


def _foreign(
    *, session: Callable[[Side], str] | None = None, bearer: Callable[[Side], str] | None = None
) -> Callable[[Operation, Scene, Send], Answer | None]:
    """The other tenant's credentials at our host."""

    def make(operation: Operation, scene: Scene, send: Send) -> Answer | None:
        if operation.is_open:
            return None
        wanted = request(operation, scene.ours, scene.ours.shared)
        theirs = scene.theirs
        return send(
            replace(wanted, session=session(theirs) if session else NOBODY, bearer=bearer(theirs) if bearer else NOBODY)
        )

    return make


def _own_token_at_their_host(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if operation.is_open:
        return None
    wanted = request(operation, scene.theirs, scene.theirs.shared)
    return send(replace(wanted, bearer=scene.ours.token, session=scene.ours.session))


def _mixed_credentials(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    wanted = request(operation, scene.ours, scene.ours.shared)
    return send(replace(wanted, session=scene.ours.session, bearer=scene.theirs.token))


def _named_host(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    """Our host, and theirs wherever else a host or a tenant might be named."""
    theirs = f"{scene.theirs.slug}.localhost"
    headers = {
        "X-Forwarded-Host": theirs,
        "Forwarded": f"host={theirs}",
        "X-Original-Host": theirs,
        "X-Tenant": scene.theirs.slug,
        "X-Schema": scene.theirs.schema,
    }
    query = {"tenant": scene.theirs.slug, "schema": scene.theirs.schema, "host": theirs}
    wanted = by_owner(operation, request(operation, scene.ours, scene.theirs.shared), scene.ours)
    return send(replace(wanted, headers=headers, query=query if operation.method == "GET" else {}))


def _query(number: int) -> Callable[[Operation, Scene, Send], Answer | None]:
    def make(operation: Operation, scene: Scene, send: Send) -> Answer | None:
        if operation.method != "GET":
            return None
        wanted = by_owner(operation, request(operation, scene.ours, scene.ours.shared), scene.ours)
        return send(replace(wanted, query=QUERIES[number](scene.theirs.own)))

    return make


def _foreign_cursor(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    if operation.method != "GET" or operation.route not in listings():
        return None
    first = replace(request(operation, scene.theirs, scene.theirs.shared), query={"limit": "1"})
    following = str(_json(send(by_owner(operation, first, scene.theirs)))["next"])
    cursor = parse_qs(urlsplit(following).query)["cursor"][0]
    wanted = by_owner(operation, request(operation, scene.ours, scene.ours.shared), scene.ours)
    return send(replace(wanted, query={"cursor": cursor}))


def _foreign_link(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    """A link that sets the password of somebody who has the same key, address and password in both."""
    if not (operation.app == "allauth" and "key" in operation.parameters):
        return None
    return send(request(operation, scene.ours, scene.theirs.shared))


def _warm_cache(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    """After the other owner has just read the thing of the same name."""
    if operation.method != "GET":
        return None
    control(operation, scene.theirs, send)
    return _equal_id(operation, scene, send)


def _foreign_password(operation: Operation, scene: Scene, send: Send) -> Answer | None:
    """An address and a password, or a refresh token, that are right in the other tenant."""
    doors = {"/api/v1/tokens", "/api/v1/tokens/refresh", "/accounts/login/"}
    if operation.route not in doors or operation.method != "POST":
        return None
    return send(request(operation, scene.ours, scene.ours.shared, filled_by=scene.theirs))


ATTACKS = [
    Attack("nobody signed in", True, _anonymous),
    Attack("id of a foreign thing", True, _foreign_id),
    Attack("id of a foreign thing, by API key", True, _foreign_id_by_key),
    Attack("waiting for a foreign thing", True, _foreign_wait),
    Attack("id that both have", False, _equal_id),
    Attack("foreign session", True, _foreign(session=lambda side: side.session)),
    Attack("foreign token", True, _foreign(bearer=lambda side: side.token)),
    Attack("foreign API key", True, _foreign(bearer=lambda side: side.api_key)),
    Attack("foreign session whose row was copied", True, _foreign(session=lambda side: side.copied_session)),
    Attack("foreign API key whose row was copied", True, _foreign(bearer=lambda side: side.copied_api_key)),
    Attack("own credentials at the foreign host", True, _own_token_at_their_host),
    Attack("own session with a foreign token", False, _mixed_credentials),
    Attack("foreign host named beside our own", False, _named_host),
    Attack("search for what both have", False, _query(0)),
    Attack("foreign ids in the query", False, _query(1)),
    Attack("foreign cursor", True, _foreign_cursor, refusals=frozenset({422})),
    Attack("foreign link for an account that both have", True, _foreign_link),
    Attack("after the other has read the same", False, _warm_cache),
    Attack("password or refresh token of the foreign owner", True, _foreign_password),
]


def finding(operation: Operation, attack: Attack, scene: Scene, answer: Answer, *, changed: bool) -> str:
    """What is wrong with the answer; empty when the attack came to nothing. `changed`: rows of theirs, or any rows
    where it had to be refused, are not what they were."""
    if answer.status_code >= 500:
        return f"it broke: {answer.status_code}"
    if scene.theirs.marker.encode() in contents(answer):
        return f"it shows what is theirs, with {answer.status_code}"
    if changed:
        return f"it changed rows, with {answer.status_code}"
    if attack.refused and not is_refused(operation, attack, answer):
        return f"it was not refused: {answer.status_code}"
    return ""


def is_refused(operation: Operation, attack: Attack, answer: Answer) -> bool:
    words = REFUSING_WORDS.get(operation.route)
    if words and words in answer.content:
        return True
    to_sign_in = answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]
    form_again = operation.route == "/accounts/login/" and answer.status_code == 200
    return answer.status_code in attack.refusals or to_sign_in or form_again


def contents(answer: Answer) -> bytes:
    """All that an answer says: headers and body, and what is packed in the body of a workbook."""
    parts = [f"{name}: {value}\n".encode() for name, value in answer.headers.items()] + [answer.content]
    if answer.content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    return b"".join(parts)


def _json(answer: Answer) -> Any:
    import json

    return json.loads(answer.content)


@dataclass(frozen=True)
class Handshake:
    slug: str
    """The tenant whose host is called."""
    address: str
    credentials: Mapping[str, str]
    """`bearer` or `session`, and any headers."""


@dataclass(frozen=True)
class SocketAttack:
    """A handshake that must be refused."""

    name: str
    make: Callable[[SocketRoute, Scene], Handshake | None]


def _socket(**credentials: Callable[[Scene], str]) -> Callable[[SocketRoute, Scene], Handshake | None]:
    """At our host, on our own thing, with these credentials."""

    def make(route: SocketRoute, scene: Scene) -> Handshake | None:
        address = route.address(scene.ours, scene.ours.shared)
        return Handshake(scene.ours.slug, address, {name: of(scene) for name, of in credentials.items()})

    return make


def _socket_foreign_id(route: SocketRoute, scene: Scene) -> Handshake | None:
    if not route.names_things:
        return None
    return Handshake(scene.ours.slug, route.address(scene.ours, scene.theirs.own), {"bearer": scene.ours.token})


def _socket_at_their_host(route: SocketRoute, scene: Scene) -> Handshake | None:
    address = route.address(scene.theirs, scene.theirs.shared)
    return Handshake(scene.theirs.slug, address, {"bearer": scene.ours.token})


def _socket_from_our_page(route: SocketRoute, scene: Scene) -> Handshake | None:
    """A page of ours in the browser of their owner, whose cookie the browser sends along."""
    address = route.address(scene.theirs, scene.theirs.shared)
    cookies = {"session": scene.theirs.session, "origin": f"http://{scene.ours.slug}.localhost"}
    return Handshake(scene.theirs.slug, address, cookies)


def _socket_guessed(route: SocketRoute, scene: Scene) -> Handshake | None:
    """The name of a group of theirs in the place of an address."""
    topic = f"/ws/{scene.theirs.schema}.run.{scene.theirs.own.run}/"
    return Handshake(scene.ours.slug, topic, {"bearer": scene.ours.token})


SOCKET_ATTACKS = [
    SocketAttack("nobody signed in", _socket()),
    SocketAttack("id of a foreign thing", _socket_foreign_id),
    SocketAttack("foreign session", _socket(session=lambda scene: scene.theirs.session)),
    SocketAttack("foreign token", _socket(bearer=lambda scene: scene.theirs.token)),
    SocketAttack("foreign API key", _socket(bearer=lambda scene: scene.theirs.api_key)),
    SocketAttack("foreign session whose row was copied", _socket(session=lambda scene: scene.theirs.copied_session)),
    SocketAttack("foreign API key whose row was copied", _socket(bearer=lambda scene: scene.theirs.copied_api_key)),
    SocketAttack(
        "own session with a foreign token",
        _socket(session=lambda scene: scene.ours.session, bearer=lambda scene: scene.theirs.token),
    ),
    SocketAttack("own credentials at the foreign host", _socket_at_their_host),
    SocketAttack("a page of the other origin", _socket_from_our_page),
    SocketAttack("guessed name of a group", _socket_guessed),
]

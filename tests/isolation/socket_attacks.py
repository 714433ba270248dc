"""What an attacker tries at the door of a socket: each handshake must be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.isolation import forgery
from tests.isolation.ground.credentials import ticket_fresh
from tests.isolation.ground.sides import Side
from tests.isolation.operations import SocketRoute
from tests.isolation.scene import Scene


@dataclass(frozen=True)
class Handshake:
    host: str
    address: str
    credentials: Mapping[str, str]
    """`bearer` or `session`, and any headers."""


@dataclass(frozen=True)
class SocketAttack:
    """A handshake that must be refused, with 403 and not a word more."""

    name: str
    aim: str
    make: Callable[[SocketRoute, Scene], Handshake]
    names_things: bool = False
    """Whether it makes sense only for a socket whose address names a thing of a tenant."""

    def why_not(self, route: SocketRoute) -> str:
        """Why it makes no sense for the socket; empty when it does."""
        return "its address names no thing of a tenant" if self.names_things and not route.names_things else ""


Credential = Callable[[Scene], str]


def _with(**credentials: Credential) -> Callable[[SocketRoute, Scene], Handshake]:
    """At our host, on our own thing, with these credentials."""

    def make(route: SocketRoute, scene: Scene) -> Handshake:
        address = route.address(scene.ours, scene.ours.shared)
        return Handshake(scene.ours.host, address, {name: of(scene) for name, of in credentials.items()})

    return make


def _forged(make: Callable[[Side, Side], str]) -> Callable[[SocketRoute, Scene], Handshake]:
    return _with(bearer=lambda scene: make(scene.ours, scene.theirs))


def _in_query(name: str, of: Credential) -> Callable[[SocketRoute, Scene], Handshake]:
    def make(route: SocketRoute, scene: Scene) -> Handshake:
        address = route.address(scene.ours, scene.ours.shared)
        return Handshake(scene.ours.host, f"{address}?{urlencode({name: of(scene)})}", {})

    return make


def _own_ticket_at_their_host(route: SocketRoute, scene: Scene) -> Handshake:
    address = route.address(scene.theirs, scene.theirs.shared)
    return Handshake(scene.theirs.host, f"{address}?{urlencode({'ticket': ticket_fresh(scene.ours)})}", {})


def _foreign_id(**credentials: Credential) -> Callable[[SocketRoute, Scene], Handshake]:
    def make(route: SocketRoute, scene: Scene) -> Handshake:
        named = {name: of(scene) for name, of in credentials.items()}
        return Handshake(scene.ours.host, route.address(scene.ours, scene.theirs.own), named)

    return make


def _at_their_host(route: SocketRoute, scene: Scene) -> Handshake:
    address = route.address(scene.theirs, scene.theirs.shared)
    return Handshake(scene.theirs.host, address, {"bearer": scene.ours.token})


def _session_at_their_host(route: SocketRoute, scene: Scene) -> Handshake:
    address = route.address(scene.theirs, scene.theirs.shared)
    return Handshake(scene.theirs.host, address, {"session": scene.ours.session})


def _at_their_host_spelled_otherwise(route: SocketRoute, scene: Scene) -> Handshake:
    address = route.address(scene.theirs, scene.theirs.shared)
    return Handshake(f"{scene.theirs.slug.upper()}.LOCALHOST.", address, {"bearer": scene.ours.token})


def _forwarded(route: SocketRoute, scene: Scene) -> Handshake:
    """Their token at our host, with theirs named beside it."""
    address = route.address(scene.ours, scene.ours.shared)
    named = {
        "bearer": scene.theirs.token,
        "x-forwarded-host": scene.theirs.host,
        "forwarded": f"host={scene.theirs.host}",
    }
    return Handshake(scene.ours.host, address, named)


def _from_page(origin: Callable[[Side], str]) -> Callable[[SocketRoute, Scene], Handshake]:
    """A page of ours in the browser of their owner, whose cookie the browser sends along."""

    def make(route: SocketRoute, scene: Scene) -> Handshake:
        address = route.address(scene.theirs, scene.theirs.shared)
        return Handshake(scene.theirs.host, address, {"session": scene.theirs.session, "origin": origin(scene.ours)})

    return make


def _guessed(route: SocketRoute, scene: Scene) -> Handshake:
    """The name of a group of theirs in the place of an address."""
    topic = f"/ws/{scene.theirs.schema}.run.{scene.theirs.own.run}/"
    return Handshake(scene.ours.host, topic, {"bearer": scene.ours.token})


SOCKET_ATTACKS = [
    SocketAttack("nobody signed in", "Open it without any credential.", _with()),
    SocketAttack(
        "foreign session",
        "Send the other owner's cookie to our host.",
        _with(session=lambda scene: scene.theirs.session),
    ),
    SocketAttack(
        "foreign token", "Send the other owner's token to our host.", _with(bearer=lambda scene: scene.theirs.token)
    ),
    SocketAttack(
        "foreign API key", "Send the other's API key to our host.", _with(bearer=lambda scene: scene.theirs.api_key)
    ),
    SocketAttack(
        "foreign session whose row was copied",
        "The same, after the session's row was copied into our tenant.",
        _with(session=lambda scene: scene.theirs.copied_session),
    ),
    SocketAttack(
        "foreign API key whose row was copied",
        "The same with the row of an API key.",
        _with(bearer=lambda scene: scene.theirs.copied_api_key),
    ),
    SocketAttack(
        "token for a foreign audience",
        "A token signed with our tenant's key that names the other as its audience.",
        _forged(forgery.foreign_audience),
    ),
    SocketAttack(
        "token of a foreign issuer",
        "A token signed with our tenant's key that names the other as its issuer.",
        _forged(forgery.foreign_issuer),
    ),
    SocketAttack(
        "token that names a foreign key",
        "A token signed with our tenant's key that names the other's published key.",
        _forged(forgery.foreign_kid),
    ),
    SocketAttack(
        "own session with a foreign token",
        "Mix credentials of both tenants.",
        _with(session=lambda scene: scene.ours.session, bearer=lambda scene: scene.theirs.token),
    ),
    SocketAttack("own token at the foreign host", "Send our own token to the other's host.", _at_their_host),
    SocketAttack("own session at the foreign host", "Send our own cookie to the other's host.", _session_at_their_host),
    SocketAttack(
        "foreign host spelled otherwise",
        "Send our token to the other's host in capitals and with a dot at the end.",
        _at_their_host_spelled_otherwise,
    ),
    SocketAttack(
        "foreign token for a host that is named beside our own",
        "Send the other's token to our host, and name theirs in X-Forwarded-Host and Forwarded.",
        _forwarded,
    ),
    SocketAttack(
        "page of our host",
        "Have a page of our host open it in the browser of the other's owner.",
        _from_page(lambda side: f"http://{side.host}"),
    ),
    SocketAttack(
        "page of our origin",
        "Have a page of an origin that our tenant allows open it in the browser of the other's owner.",
        _from_page(lambda side: side.origin),
    ),
    SocketAttack(
        "foreign token in the query",
        "Send the other's token as a parameter of the address.",
        _in_query("token", lambda scene: scene.theirs.token),
    ),
    SocketAttack(
        "foreign ticket",
        "Send a one-time ticket of the other's to our host.",
        _in_query("ticket", lambda scene: ticket_fresh(scene.theirs)),
    ),
    SocketAttack(
        "own ticket at the foreign host",
        "Send a one-time ticket of our own to the other's host.",
        _own_ticket_at_their_host,
    ),
    SocketAttack("guessed name of a group", "Name a group of the other tenant in the address.", _guessed),
    SocketAttack(
        "id of a foreign thing",
        "Listen to a thing that only the other tenant has.",
        _foreign_id(bearer=lambda scene: scene.ours.token),
        names_things=True,
    ),
    SocketAttack(
        "id of a foreign thing, by session",
        "The same as a page does.",
        _foreign_id(session=lambda scene: scene.ours.session),
        names_things=True,
    ),
]


def applicable(route: SocketRoute) -> list[SocketAttack]:
    """The attacks that are tried on it."""
    return [each for each in SOCKET_ATTACKS if not each.why_not(route)]

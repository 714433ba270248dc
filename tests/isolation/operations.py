"""Every way into a tenant, read from the product: its routes by method, its sockets, its kinds of work.

Routes come from the URL resolver, and what the OpenAPI document has must be among them.

What cannot be read from it stands in `said`, by app: what a route's parameters name, what a request that writes sends,
what is open to everybody. `unknown` lists what nobody has said, and the tests fail on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import get_resolver

from apps.accounts.scim.endpoints import ScimBearer
from apps.common.work import KINDS, WorkKind
from apps.console.views import ConsoleView
from apps.gateway.api import ApiView
from apps.gateway.authentication import ConsoleSession
from apps.gateway.checks import routes
from apps.gateway.openapi import document
from apps.gateway.permissions import OPEN
from apps.gateway.sockets import NoSocket
from tests.isolation.ground.sides import WORD, Side, Things
from tests.isolation.said import Body, Name, Said, said

SAID = said()
WORK = {name: id_of for each in SAID.values() for name, id_of in each.work.items()}
PLATFORM_WORK = {name for each in SAID.values() for name in each.platform_work}
# A run that has ended cannot be cancelled.
OPEN_RUNS: dict[str, Name] = {
    "id": lambda side, things: things.open_run,
    "number": lambda side, things: things.open_number,
    "evaluation": lambda side, things: things.open_run,
    "trained": lambda side, things: things.open_run,
    "trial": lambda side, things: things.open_run,
}
# Events of a run that is open go on until it ends.
ENDED_RUNS: dict[str, Name] = {"id": lambda side, things: things.run}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True)
class Operation:
    """A method of a route of a tenant's host."""

    method: str
    route: str
    app: str
    is_api: bool
    is_open: bool
    by_session: bool = True
    """Whether it takes the session of a browser, and so a CSRF token with whatever writes."""
    by_directory: bool = False
    """Whether it takes the token of a directory, and no other credential."""
    code: str = ""
    """The permission that it declares; empty for a page, whose selectors and services demand their own."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"

    @property
    def body(self) -> Body | None:
        return None if self.method == "GET" else said_of(self.app).bodies[self.name]

    @property
    def parameters(self) -> list[str]:
        return [name or other for name, other in _PARAMETER.findall(self.route)]

    @property
    def template(self) -> str:
        """The route as the OpenAPI document writes it."""
        return _PARAMETER.sub(lambda found: f"{{{found[1] or found[2]}}}", self.route)

    @property
    def names_things_in_address(self) -> bool:
        return any(each in said_of(self.app).of_the_tenant for each in self.parameters)

    @property
    def names_things(self) -> bool:
        """Whether a request of it names things of the tenant, in the address or in the body."""
        return self.names_things_in_address or (self.body is not None and self.body.names_things)

    @property
    def is_of_holders(self) -> bool:
        return self.route in said_of(self.app).of_holders

    @property
    def refusing_words(self) -> bytes | None:
        """Of what refuses with a status of its own."""
        return said_of(self.app).refusing_words.get(self.route)

    @property
    def is_marked(self) -> bool:
        """Whether the owner must find the marker in what it answers."""
        return self.method == "GET" and not self.is_open and self.route not in said_of(self.app).unmarked

    def address(self, side: Side, things: Things) -> str:
        special = (
            OPEN_RUNS
            if {"cancel", "stop"} & set(self.route.split("/"))
            else ENDED_RUNS
            if "/events" in self.route
            else {}
        )
        names = {**said_of(self.app).names, **special}
        return self._filled(lambda name: names[name](side, things))

    def path_with(self, text: str) -> str:
        """The address with `text` in the place of everything in it."""
        return self._filled(lambda name: text)

    def _filled(self, fill: Callable[[str], object]) -> str:
        filled = _PARAMETER.sub(lambda found: str(fill(found[1] or found[2])), self.route)
        return filled.replace("^", "").replace("$", "").replace("\\", "")


def said_of(app: str) -> Said:
    return SAID.get(app, Said())


def _app(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "apps" else parts[0]


def operations() -> list[Operation]:
    """Every method of every route of a tenant's host."""
    found = []
    answering: dict[str, Any] = {}
    for route, view in routes():
        answering.setdefault(route, view)  # where there are two, the first answers
    for route, view in answering.items():
        app = _app(view.__module__)
        told = said_of(app)
        if route in told.nowhere or route in told.of_providers:
            continue
        if isinstance(view, type) and issubclass(view, ApiView):
            by_session = ConsoleSession in view.authentication_classes
            by_directory = ScimBearer in view.authentication_classes
            for method, code in view.permission.items():
                found.append(Operation(method, route, app, True, code == OPEN, by_session, by_directory, code))
        else:
            is_open = route in told.open_pages and not (isinstance(view, type) and issubclass(view, ConsoleView))
            there = [each for each in ("GET", "POST") if hasattr(view, each.lower())] or ["GET"]
            found += [Operation(method, route, app, False, is_open) for method in there]
    return found


def documented() -> set[str]:
    """The operations of the OpenAPI document."""
    methods = {"get", "post", "put", "patch", "delete"}
    return {
        f"{method.upper()} {address}"
        for address, there in document()["paths"].items()
        for method in there
        if method in methods
    }


@cache
def listings() -> set[str]:
    """The routes of the API whose answers come in pages, as the OpenAPI document writes them."""
    return {
        address
        for address, methods in document()["paths"].items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", []))
    }


QUERIES: list[Callable[[Things], dict[str, str]]] = [
    lambda things: {"q": WORD},
    lambda things: {"before": things.run, "again": str(things.number), "dataset": things.dataset, "row": WORD},
]
"""What may stand in the query of any read: a search, and names of things."""


@dataclass(frozen=True)
class SocketRoute:
    """A socket of a tenant's host."""

    route: str
    app: str
    names_things: bool = field(default=False)

    def address(self, side: Side, things: Things) -> str:
        return Operation("GET", f"/{self.route}", self.app, is_api=True, is_open=False).address(side, things)


def sockets() -> list[SocketRoute]:
    from orchestrall.urls.sockets import urlpatterns

    found = []
    for entry in urlpatterns:
        consumer = entry.callback.consumer_class
        if consumer is not NoSocket:
            app, route = _app(consumer.__module__), str(entry.pattern)
            names = [name or other for name, other in _PARAMETER.findall(route)]
            found.append(SocketRoute(route, app, any(each in said_of(app).of_the_tenant for each in names)))
    return found


def kinds() -> list[WorkKind]:
    return list(KINDS)


def back_office() -> list[str]:
    """The routes below /admin/ of the operators' host."""
    resolver = get_resolver(settings.OPERATORS_URLCONF)
    return [route for route, _ in routes(resolver) if route.startswith("/admin/")]


def unknown() -> Iterator[str]:
    """What the product has and `said` does not know how to fill in, each with what to do."""
    for operation in operations():
        here = f"tests/isolation/said/{operation.app}.py"
        for parameter in operation.parameters:
            if parameter not in said_of(operation.app).names:
                yield f"{operation.name}: say in names of {here} what {parameter!r} names"
        if operation.method != "GET" and operation.name not in said_of(operation.app).bodies:
            yield f"{operation.name}: say in bodies of {here} what it sends"
    for socket in sockets():
        for name, other in _PARAMETER.findall(socket.route):
            if (name or other) not in said_of(socket.app).names:
                here = f"tests/isolation/said/{socket.app}.py"
                yield f"socket {socket.route}: say in names of {here} what {name or other!r} names"
    for kind in kinds():
        if kind.name not in (WORK if kind.scope == "tenant" else PLATFORM_WORK):
            here = f"tests/isolation/said/{kind.name.partition('.')[0]}.py"
            yield f"work kind {kind.name}: say in work or platform_work of {here} what its ids are"
    templates = {f"{operation.method} {operation.template}" for operation in operations()}
    yield from (f"{name} is in the OpenAPI document and not among the routes" for name in documented() - templates)
    ours = operations()
    there = {(operation.app, text) for operation in ours for text in (operation.name, operation.route)}
    for app, told in SAID.items():
        for text in [*told.bodies, *told.open_pages, *told.unmarked]:
            if (app, text) not in there:
                yield f"{text} is said of {app}, and is nothing of this app in the product"

"""The two tenants of a try, and the requests that are made at their hosts, whoever sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.isolation.ground.sides import Side, Things
from tests.isolation.operations import Operation

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
    """A request. Whoever sends it has the CSRF cookie of a browser, and its token."""

    host: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    session: str = NOBODY
    bearer: str = NOBODY
    form: str = ""
    """How the body is sent: form, json or file; empty without one."""
    data: Mapping[str, Any] = field(default_factory=dict)
    filename: str = "table.csv"
    target_host: str = ""
    """The host in the target of the request line, where that is in absolute form. Needs a network."""
    second_host: str = ""
    """Another Host header after the first. Needs a network."""


Send = Callable[[Request], Answer]


@dataclass(frozen=True)
class Scene:
    """The attacker owns `ours`, and knows all that may be guessed or found of `theirs`."""

    ours: Side
    theirs: Side
    at_rest: bool = True
    """Whether nobody else calls or works in theirs, so that whatever changes there is laid to the attack."""


def request_of(operation: Operation, side: Side, things: Things, *, filled_by: Side | None = None) -> Request:
    """The operation on `things` at the host of `side`, by nobody. `filled_by`: whose address and password it sends."""
    body = operation.body
    return Request(
        host=side.host,
        method=operation.method,
        path=operation.address(side, things),
        form=body.form if body else "",
        data=body.fill(filled_by or side, things) if body else {},
        headers=body.headers(filled_by or side, things) if body else {},
    )


def by_owner(operation: Operation, wanted: Request, owner: Side) -> Request:
    """The request as the owner of `owner` makes it: programs with a token, people with a session, the directory with
    its own; pages of factors as the member of `owner`'s tenant makes it who has some."""
    if operation.is_of_holders:
        return replace(wanted, session=owner.holder_session)
    if operation.by_directory:
        return replace(wanted, bearer=owner.scim_token)
    return replace(wanted, bearer=owner.token) if operation.is_api else replace(wanted, session=owner.session)


def control(operation: Operation, side: Side, send: Send) -> Answer:
    """What the owner does at home: it must succeed, or the attacks on it prove nothing."""
    return send(by_owner(operation, request_of(operation, side, side.shared), side))

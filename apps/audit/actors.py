"""Who did something, as a value: an entry still says it when the account is long gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol, cast
from uuid import UUID

from apps.common.permissions import Platform, Principal

ActorKind = Literal["person", "program", "operator", "workflow", "agent", "system", "nobody"]


@dataclass(frozen=True)
class Actor:
    """Whoever acts. What names a person (`name`, `email`) goes to the part of an entry that can be shredded."""

    kind: ActorKind
    id: UUID | None = None
    name: str = ""
    email: str = ""
    via: str = ""
    """How they came in, without a word about the person: ``console``, ``api``, ``key ork_1a2b3c4d``, ``command``, the
    number of a run. Empty: as the circumstances say."""


class Named(Protocol):
    """What tells who acts: a person's account, the caller of the API, a connection that makes members."""

    def as_actor(self) -> Actor: ...


Acts = Named | Principal
"""Whoever may do something tells who it is; `Platform` alone is told by the circumstances."""

SYSTEM: Final = Actor("system", name="The platform")
NOBODY: Final = Actor("nobody", name="Nobody who is known")
OPERATOR: Final = Actor("operator", name="An operator at the machine", via="command")


@dataclass(frozen=True)
class Circumstances:
    """What surrounds whatever is done now."""

    via: str = ""
    request: str = ""
    """Id of the request or of the work that did it; the same as in its log lines."""
    address: str = ""
    """The network address it came from."""
    agent: str = ""
    """What the caller's program calls itself, at most 200 characters."""
    actor: Actor | None = None
    """Who acts where the code that records does not say."""


_now: ContextVar[Circumstances] = ContextVar("audit_circumstances", default=Circumstances())  # noqa: B039  # frozen


def circumstances() -> Circumstances:
    """Those of this moment."""
    return _now.get()


@contextmanager
def under(**changes: object) -> Iterator[None]:
    """Do something under circumstances that differ from the present ones in `changes`."""
    token = _now.set(replace(_now.get(), **changes))  # type: ignore[arg-type]
    try:
        yield
    finally:
        _now.reset(token)


def known(**changes: object) -> None:
    """Say what has turned out of the request or the work that is being done now, until it ends: who is behind its
    credential, and by which key. Outside of one it does nothing."""
    if _now.get().request:
        _now.set(replace(_now.get(), **changes))  # type: ignore[arg-type]


def actor_of(who: Acts | Actor | Platform | None) -> Actor:
    """Whoever acts, with the way they came in."""
    around = circumstances()
    if who is None:
        actor = around.actor or SYSTEM
    elif isinstance(who, Actor):
        actor = who
    elif isinstance(who, Platform):
        actor = around.actor or OPERATOR
    else:
        actor = cast(Named, who).as_actor()
        if around.actor is not None and around.actor.kind == "workflow" and around.actor.id == actor.id:
            actor = around.actor  # a workflow, in the name of this account
    return actor if actor.via else replace(actor, via=around.via)

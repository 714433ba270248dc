"""Who asks: a person, narrowed to the scopes of the key that speaks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from apps.audit.actors import Actor
from apps.gateway.models import ApiKey


@dataclass(frozen=True)
class Caller:
    """A person and the way they came in. What they may do is their role's codes, and never more than the scopes."""

    user: Any
    """The person: an active user of the tenant."""
    scopes: frozenset[str] | None = None
    """The codes an API key is limited to; None for a session or a token, which hold all of the person's."""
    key: ApiKey | None = None
    """The API key, when one was used."""

    def can(self, code: str) -> bool:
        return (self.scopes is None or code in self.scopes) and bool(self.user.can(code))

    def as_actor(self) -> Actor:
        """Who acts, for the audit log, and with which key."""
        actor: Actor = self.user.as_actor()
        return actor if self.key is None else replace(actor, via=f"key ork_{self.key.prefix}")


def caller_of(user: Any, auth: Any) -> Caller:
    """The caller behind a request's `user` and `auth`: an API key, the claims of a token, or None for a session."""
    return Caller(user, frozenset(auth.scopes), auth) if isinstance(auth, ApiKey) else Caller(user)

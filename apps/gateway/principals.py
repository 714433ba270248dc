"""Who asks: a person, narrowed to the scopes of the key that speaks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True)
class Caller:
    """A person and the way they came in. What they may do is their role's codes, and never more than the scopes."""

    user: Any
    """The person: an active user of the tenant."""
    scopes: frozenset[str] | None = None
    """The codes an API key is limited to; None for a session or a token, which hold all of the person's."""
    key: Any = None
    """The API key, when one was used."""

    def can(self, code: str) -> bool:
        return (self.scopes is None or code in self.scopes) and bool(self.user.can(code))


def caller_of(user: AbstractBaseUser, auth: Any) -> Caller:
    """The caller behind a request's `user` and `auth`: claims of a token, an API key, or None for a session."""
    from apps.gateway.models import ApiKey

    if isinstance(auth, ApiKey):
        return Caller(user, frozenset(auth.scopes), auth)
    return Caller(user)

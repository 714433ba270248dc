"""One-time tickets: for sockets and event streams of browsers, which cannot send a header.

An address is written down in many places, so no token may stand in one. A ticket may: it is good once, within half a
minute, and worth nothing afterwards. It lies in Redis, under the tenant; without Redis there are no live events either.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from redis.exceptions import RedisError

from apps.common.errors import Unavailable
from apps.gateway.credentials import session_user
from apps.gateway.marks import TICKET, digest_of, is_whole, mint
from apps.gateway.permissions import API_USE
from apps.gateway.principals import Caller, caller_of
from apps.gateway.selectors import key_usable
from apps.gateway.tokens import password_mark, shown_in
from apps.tenants.fast import redis, redis_key

LIFETIME: Final = 30
"""Seconds within which a ticket is used."""


@dataclass(frozen=True)
class Ticket:
    """Who bought a ticket, and with what: it never opens more, or for longer, than that does."""

    user: str
    mark: str
    """Of the user's password."""
    key: str = ""
    """The id of the API key that bought it."""
    session: str = ""
    """The console's session that bought it."""
    until: int = 0
    """When the token that bought it expires, in seconds since 1970."""
    at: float = 0.0
    """When the member signed in whose token bought it, in seconds since 1970."""
    shown: tuple[str, ...] = ()
    """The kinds of factors that were shown then."""

    def caller(self) -> Caller | None:
        """Who calls, as things stand now; None when they are signed out or gone. For sockets, again and again."""
        if self.key:
            key = key_usable(UUID(self.key))
            return caller_of(key.user, key) if key is not None and key.user.can(API_USE) else None
        if self.session:
            user = session_user(self.session)
            return Caller(user) if user is not None and str(user.pk) == self.user else None
        if self.until and timezone.now().timestamp() >= self.until:
            return None
        user = get_user_model().objects.with_policy().filter(pk=self.user, is_active=True).first()
        if user is None or not user.can(API_USE) or not constant_time_compare(self.mark, password_mark(user)):
            return None
        if self.at and not user.is_in_by_token(signed_in_at=self.at, kinds=self.shown):
            return None
        return Caller(user)


def ticket_issue(who: Caller, *, claims: Any = None, session: str = "") -> str:
    """A ticket for `who`, who called with a token of these `claims`, a key, or a session. Raises `Unavailable`."""
    ticket = Ticket(
        user=str(who.user.pk),
        mark=password_mark(who.user),
        key=str(who.key.pk) if who.key is not None else "",
        session=session,
        until=int(claims["exp"]) if isinstance(claims, dict) else 0,
        at=float(claims["auth_time"]) if isinstance(claims, dict) else 0.0,
        shown=tuple(shown_in(claims)) if isinstance(claims, dict) else (),
    )
    text = mint(TICKET)
    try:
        redis().set(_place(text), json.dumps(asdict(ticket)), ex=LIFETIME)
    except RedisError as error:
        raise Unavailable("Tickets cannot be made now; none was.", remedy="Try again in a few seconds.") from error
    return text


def ticket_redeem(text: str) -> Ticket | None:
    """What a ticket stands for, once: whoever comes second gets None. Raises `Unavailable`."""
    if not is_whole(text, TICKET):
        return None
    try:
        stored: Any = redis().getdel(_place(text))
    except RedisError as error:
        raise Unavailable("Tickets cannot be looked at now.", remedy="Get another in a few seconds.") from error
    return None if stored is None else Ticket(**json.loads(stored))


def ticket_take(text: str) -> Caller | None:
    """The caller behind a ticket, which is spent by that; None for one that is not good. Raises `Unavailable`."""
    ticket = ticket_redeem(text)
    return None if ticket is None else ticket.caller()


def _place(text: str) -> str:
    """Where it lies: under a digest, so that whoever reads Redis holds no ticket."""
    return redis_key("ticket", digest_of(text).hex())

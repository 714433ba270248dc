"""Whether a member may be inside: by what they signed in with, since when, and what the tenant asks of their role.

All of it is decided from the session (or the token) and the member as loaded, so that it costs no statement of its own.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS

from apps.console.stepup import KEY

if TYPE_CHECKING:
    from apps.accounts.models import User

SEEN_EVERY: Final = 60
"""Seconds between two notes of when a session was used."""


class Standing(StrEnum):
    IN = "in"
    ENDED = "ended"
    """The session is over: sign in anew."""
    DEMANDED = "demanded"
    """The tenant asks for a factor that was not shown."""


def begin(session: Any, user: User) -> None:
    """Note that a session begins now, and let its cookie live for as long as it may."""
    now = time.time()
    session[KEY] = {"at": now, "proved": now, "seen": now}
    session.set_expiry(user.sign_in_policy.session_hours * 3600)


def prove(session: Any) -> None:
    """Note that the member has just proved again who they are: by a password, a factor, or a fresh single sign-on."""
    if KEY in session:
        session[KEY] = {**session[KEY], "proved": time.time()}


def prove_by_provider(session: Any, at: float | None) -> None:
    """Note of a session that a provider has just opened when its member proved there who they are (seconds since 1970;
    None: it does not say). A provider lets in again without asking: that is a sign-in, and no proof.

    Who has shown a factor here has proved it here.
    """
    if not shown(session) - {"sso"}:
        session[KEY] = {**session[KEY], "proved": min(session[KEY]["at"], at or 0)}


def see(session: Any) -> bool:
    """Note that the session is used; True where that was not noted within `SEEN_EVERY`."""
    facts, now = session.get(KEY), time.time()
    if not facts or now - facts["seen"] < SEEN_EVERY:
        return False
    session[KEY] = {**facts, "seen": now}
    return True


def shown(session: Mapping[str, Any]) -> set[str]:
    """What was shown in a session besides a password: kinds of factors, and `sso` where a provider vouched."""
    kinds = set()
    for record in session.get(RECORDS) or []:
        if record.get("method") == "mfa":
            kinds.add(str(record.get("type")))
        elif record.get("method") == "socialaccount":
            kinds.add("sso")
    return kinds


def standing(user: User, session: Mapping[str, Any]) -> Standing:
    """How a member stands who comes with a session."""
    facts, policy, now = session.get(KEY), user.sign_in_policy, time.time()
    if not facts or now - facts["at"] >= policy.session_hours * 3600:
        return Standing.ENDED
    if policy.idle_minutes and now - facts["seen"] >= policy.idle_minutes * 60:
        return Standing.ENDED
    return _standing(user, facts["at"], shown(session))


def token_standing(user: User, *, signed_in_at: float, kinds: Collection[str]) -> Standing:
    """How a member stands who comes with what followed from a sign-in over the API, at which these were shown."""
    return _standing(user, signed_in_at, kinds)


def _standing(user: User, at: float, kinds: Collection[str]) -> Standing:
    if user.signed_out_at is not None and at <= user.signed_out_at.timestamp():
        return Standing.ENDED
    if user.is_visitor:
        return Standing.IN  # they showed their factor where they come from, at the operators' host
    if user.sign_in_policy.is_met_by(user.role, kinds) or time.time() < user.factor_due_at.timestamp():
        return Standing.IN
    return Standing.DEMANDED

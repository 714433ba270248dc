"""Whether those who asked for long work may still ask for it: looked at again and again while it goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.common.permissions import PERMISSIONS, Principal
from apps.gateway.permissions import API_USE
from apps.gateway.principals import Caller, caller_of
from apps.gateway.selectors import key_usable
from apps.workflows.models.asked import Undertaking


def key_of(who: Principal) -> UUID | None:
    """The key of the API by which somebody asks; None: they ask themselves."""
    key: Any = who.key if isinstance(who, Caller) else None
    return key.pk if key is not None else None


def asker_now(undertaking: Undertaking) -> User | None:
    """Whoever asked for it, as they are now. One statement; None: it was nobody but the platform."""
    if undertaking.created_by_id is None:
        return None
    return User.objects.filter(pk=undertaking.created_by_id).first()


def refusal_now(undertaking: Undertaking, asker: User | None, *codes: str) -> str:
    """Why the work may not go on for whoever asked for it, in a sentence; empty: it may. `asker` is as `asker_now` has
    them. One statement where it was asked for with a key, else none."""
    if asker is None:
        return ""
    if not asker.is_active:
        return f"{asker} asked for it, and is no active member any more."
    who: Principal = asker
    if undertaking.asked_with is not None:
        key = key_usable(undertaking.asked_with)
        if key is None:
            return "It was asked for with a key of the API that was revoked, or has expired."
        who, codes = caller_of(asker, key), (*codes, API_USE)
    for code in codes:
        held = asker if code == API_USE else who
        if not held.can(code):
            return f"{asker} asked for it, and has no permission any more to: {PERMISSIONS[code].title.lower()}."
    return ""

"""Ending sessions: one, all others of one's own, or all of a member; with what follows from them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from allauth.core import context
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from apps.accounts.auditing import SESSIONS_ENDED
from apps.accounts.models import User
from apps.audit.services import record
from apps.console.stepup import KEY
from apps.gateway.models import RefreshToken
from apps.tenants.live import sockets_recheck


class SessionsAdapter(DefaultUserSessionsAdapter):
    """The page's form ends all others, or the one that it names."""

    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        request = context.request
        named = request.POST.get("session", "")
        if named:
            _end([each for each in sessions if str(each.pk) == named], request.user)
        else:
            others_end(request)


@transaction.atomic
def others_end(request: Any) -> None:
    """End whatever the member is signed in by, but the session of this request."""
    user, current = request.user, request.session
    everything_end(user, but=current.session_key)
    current[KEY] = {**current[KEY], "at": time.time()}  # it goes on, as if it had begun now
    record(SESSIONS_ENDED, who=user, subject=user, sessions="all other sessions")


def everything_end(user: User, *, but: str = "") -> None:
    """End sessions, and the tokens of signing in over the API; open sockets look again at once.

    What began before now is refused wherever it is shown (`door`), even where no row tells of it.
    """
    user.signed_out_at = timezone.now()
    user.save(update_fields=["signed_out_at"])
    RefreshToken.objects.filter(user=user, revoked_at=None).update(revoked_at=user.signed_out_at)
    for session in UserSession.objects.filter(user=user).exclude(session_key=but):
        session.end()
    sockets_recheck([user.pk])


@transaction.atomic
def _end(sessions: Sequence[UserSession], user: User) -> None:
    for session in sessions:
        session.end()
        record(SESSIONS_ENDED, who=user, subject=user, sessions="a session")
    sockets_recheck([user.pk])

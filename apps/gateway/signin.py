"""An address and a password become a user: with one answer for every refusal, and a limit on tries."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from threading import Lock
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.utils import has_verified_email
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from redis.exceptions import RedisError

from apps.common.errors import NotAuthenticated, TooManyRequests
from apps.tenants.context import current_schema

logger = logging.getLogger(__name__)

WINDOW: Final = 15 * 60
"""Seconds over which tries for an account are counted, as in ACCOUNT_RATE_LIMITS."""


class LocalBudget:
    """Few tries per account and in all, counted in this process: what is left of the limit while Redis is away."""

    def __init__(self, *, each: int, total: int, accounts: int = 10_000) -> None:
        self.each, self.total, self.accounts = each, total, accounts
        self._lock = Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def take(self, account: str, now: float) -> bool:
        """Count a try at `now` (seconds of a steady clock). False when nothing is left for the account, or for all."""
        with self._lock:
            tries = self._tries.setdefault(account, deque())
            self._tries.move_to_end(account)
            while len(self._tries) > self.accounts:
                self._tries.popitem(last=False)
            for line in (tries, self._all):
                while line and line[0] <= now - WINDOW:
                    line.popleft()
            if len(tries) >= self.each or len(self._all) >= self.total:
                return False
            tries.append(now)
            self._all.append(now)
            return True


_budget = LocalBudget(each=3, total=100)


def password_verify(*, request: HttpRequest, email: str, password: str) -> Any:
    """The active user with this address and password.

    Raises `NotAuthenticated` with one text whether the address is unknown, the password wrong or the member
    deactivated, and `TooManyRequests`. A wrong address costs the time of a password check as well.
    """
    email = email.strip().lower()
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
    except ValidationError as error:
        raise _too_many() from error
    except (RedisError, OSError) as error:
        logger.warning("sign-in limits are kept by this process alone, as Redis is away: %s", error)
        if not _budget.take(f"{current_schema()}:{email}", time.monotonic()):
            raise _too_many() from error
        user = authenticate(request, email=email, password=password)
    if user is None or not user.is_active or not has_verified_email(user):
        raise NotAuthenticated(
            "The address and the password do not belong together here.",
            remedy="Check both, and the host: members exist in one organisation only.",
        )
    return user


def _too_many() -> TooManyRequests:
    return TooManyRequests(
        "There were too many tries for this account or from this address; this one was not looked at.",
        remedy="Wait a quarter of an hour.",
        retry_after=WINDOW,
    )

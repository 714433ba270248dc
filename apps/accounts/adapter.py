"""How allauth behaves here: nobody signs up, mails speak for the tenant, and the limit on tries outlives Redis."""

from __future__ import annotations

import logging
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from redis.exceptions import RedisError

from apps.accounts.limits import LocalBudget
from apps.console.landing import landing_of
from apps.tenants.context import current_schema, current_tenant

logger = logging.getLogger(__name__)

_budget = LocalBudget(each=3, total=100)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Members arrive by invitation only."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody lands who asked for no page in particular."""
        return landing_of(request.user) or str(super().get_login_redirect_url(request))

    def format_email_subject(self, subject: str) -> str:
        return f"[{current_tenant().name}] {subject}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try to sign in. Raises `ValidationError` when there were too many.

        Without Redis the limit does not fall away: this process allows a few tries by itself.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except RedisError as error:
            logger.warning("tries to sign in are counted by this process alone, as Redis is away: %s", error)
            account = str(credentials.get("email", "")).strip().lower()
            if not _budget.take(f"{current_schema()}:{account}", time.monotonic()):
                raise self.validation_error("too_many_login_attempts") from error

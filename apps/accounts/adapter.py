"""How allauth behaves here: nobody signs up, mails speak for the tenant, and the limit on tries outlives Redis."""

from __future__ import annotations

import logging
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from apps.accounts.auditing import RESET_ASKED
from apps.accounts.limits import LocalBudget
from apps.accounts.tries import REFUSED, failure_note
from apps.audit.actors import NOBODY
from apps.audit.services import record
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
            account = _account(credentials).strip().lower()
            if not _budget.take(f"{current_schema()}:{account}", time.monotonic()):
                raise self.validation_error("too_many_login_attempts") from error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """As allauth has it; a try that is refused, and one that fails, is recorded."""
        try:
            return super().authenticate(request, **credentials)
        except ValidationError:
            failure_note(account=_account(credentials), why="too many tries", outcome=REFUSED)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        failure_note(account=_account(credentials), why="wrong address or password")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        failure_note(account=user.email, why="the member is deactivated", outcome=REFUSED)
        return super().respond_user_inactive(request, user)

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        with transaction.atomic():
            record(RESET_ASKED, who=NOBODY, subject=user)
            super().send_password_reset_mail(user, email, context)


def _account(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", ""))

"""How allauth behaves here: nobody signs up, and mails speak for the tenant."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from apps.tenants.context import current_tenant


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Members arrive by invitation only."""
        return False

    def format_email_subject(self, subject: str) -> str:
        return f"[{current_tenant().name}] {subject}"

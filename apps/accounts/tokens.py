"""Links that set a password."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from apps.tenants.context import current_schema


class ResetTokens(EmailAwarePasswordResetTokenGenerator):
    """Tokens that only the schema accepts in which they were made, so that a restored copy of a tenant refuses them."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{current_schema()}:{super()._make_hash_value(user, timestamp)}"

    def check_token(self, user: Any, token: str | None) -> bool:
        """No link sets a password of a program's account."""
        return not getattr(user, "is_service", False) and bool(super().check_token(user, token))

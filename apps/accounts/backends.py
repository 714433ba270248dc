"""Who is signed in: the member of a session, together with what the tenant asks of its members at the door."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from apps.accounts.models import User


class MemberBackend(AuthenticationBackend):
    """allauth's, which burns a hash for whoever is unknown. A member comes with the policy in the same statement."""

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.with_policy().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

"""Who is signed in: the member of a session, together with what the tenant asks of its members at the door."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from apps.accounts.models import User
from apps.accounts.operator_access.selectors import is_still_operator


class MemberBackend(AuthenticationBackend):
    """allauth's, which burns a hash for whoever is unknown. A member comes with the policy in the same statement; of a
    visitor it is asked besides whether they are an operator still."""

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.with_policy().filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        return user if not user.is_visitor or is_still_operator(user) else None

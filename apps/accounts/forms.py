"""Forms of the sign-in pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm as LibraryForm
from django.http import HttpRequest


class ResetPasswordForm(LibraryForm):
    """Asks for a link that sets a password. A program's account is answered as an address that is nobody's."""

    users: list[Any]
    """Who has the address that was given."""

    def clean_email(self) -> str:
        email = str(super().clean_email())
        self.users = [user for user in self.users if not user.is_service]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Nothing is mailed to a host that cannot exist (RFC 2606), whether or not it is an account's."""
        if self.cleaned_data["email"].lower().endswith(".invalid"):
            return str(self.cleaned_data["email"])
        return str(super().save(request, **kwargs))

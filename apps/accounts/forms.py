"""Forms of the sign-in pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm as LibraryForm
from django.http import HttpRequest


class ResetPasswordForm(LibraryForm):
    """Asks for a link that sets a password."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Nothing is mailed to a host that cannot exist (RFC 2606), as that of programs' accounts: the answer is the
        same for theirs as for one that is nobody's."""
        email = str(self.cleaned_data["email"])
        return email if email.lower().endswith(".invalid") else str(super().save(request, **kwargs))

"""The page of a factor that the library's does not do as it must."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.http import HttpResponse


class PasskeyRemove(RemoveWebAuthnView):
    """Take a passkey off, unless it is the last factor of a kind that has to be there.

    The library asks its adapter about that for apps that make codes, and not for passkeys.
    """

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.object):
            answer: HttpResponse = super().form_valid(form)
            return answer
        form.add_error(None, adapter.validation_error("cannot_delete_authenticator"))
        refused: HttpResponse = self.form_invalid(form)
        return refused

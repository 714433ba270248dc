"""The pages of factors that the library's are not as they must be."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.factors.recovery import COUNT


class _ShowsCodes:
    """Answers with the recovery codes where what was done made some: no later page can show them."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # of the view it is mixed into
        codes = getattr(self.request, "recovery_codes", None)
        if codes is None:
            return answer
        shown = render(self.request, "mfa/recovery_codes/made.html", {"codes": codes}, status=201)
        shown["Cache-Control"] = "no-store"
        return shown


class AppAdd(_ShowsCodes, ActivateTOTPView):
    """Set an authenticator app up."""


class PasskeyAdd(_ShowsCodes, AddWebAuthnView):
    """Add a passkey."""


class CodesMake(_ShowsCodes, GenerateRecoveryCodesView):
    """Make recovery codes anew; those from before end."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Not the library's, which computes the codes that are left in order to count them.
        context: dict[str, Any] = super(GenerateRecoveryCodesView, self).get_context_data(**kwargs)
        return context | {"codes": _codes_of(self.request).first()}


class CodesPage(ViewRecoveryCodesView):
    """How many recovery codes a member has left. At the library's place to download them, too: nobody has them."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(ViewRecoveryCodesView, self).get_context_data(**kwargs)  # nor here
        return context | {"codes": get_object_or_404(_codes_of(self.request)), "count": COUNT}


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


def _codes_of(request: HttpRequest) -> Any:
    return Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES)

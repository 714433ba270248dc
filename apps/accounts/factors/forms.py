"""Forms of the pages of factors. What is typed counts as a try, and is looked at only where one is left."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from apps.accounts.factors.codes import code_take, counter_of
from apps.accounts.tries import failure_note

_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}


def _code_field(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=32, widget=forms.TextInput(attrs=_CODE))


class _Code:
    """Takes a code of the member's, once."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        with get_account_adapter().trying(context.request, self.user.email) as tried:
            self.authenticator = code_take(user=self.user, code=code)
            if self.authenticator is None:
                failure_note(account=self.user.email, why="wrong code")
                raise get_adapter().validation_error("incorrect_code")
            tried.give_back()
        return code


class AuthenticateForm(_Code, base.AuthenticateForm):
    code = _code_field("Code of your app, or a recovery code")


class ReauthenticateForm(_Code, base.ReauthenticateForm):
    code = _code_field("Code of your app, or a recovery code")


class ActivateTOTPForm(totp.ActivateTOTPForm):
    code = _code_field("Code that the app shows")

    def clean_code(self) -> str:
        totp.validate_can_add_authenticator(self.user)
        code = str(self.cleaned_data["code"])
        counter = counter_of(self.secret, code)
        if counter is None:
            raise get_adapter().validation_error("incorrect_code")
        context.request.totp_spent = counter  # the code that sets an app up does not sign in besides
        return code


class AddPasskeyForm(webauthn._BaseAddWebAuthnForm):
    """Every passkey signs in by itself: it stays on the device and asks for a finger, a face or a PIN."""

    name = forms.CharField(label="Name", required=False, max_length=100, help_text="So that you know it in the list.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        credential = cleaned.get("credential")
        if (
            credential
            and not webauthn.auth.parse_registration_response(
                credential
            ).response.attestation_object.auth_data.is_user_verified()
        ):
            raise get_adapter().validation_error("incorrect_code")
        return cleaned


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    name = forms.CharField(label="Name", max_length=100)

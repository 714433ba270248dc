"""Factors for tests, as members would have set them up."""

from __future__ import annotations

import time
from types import SimpleNamespace

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import encrypt

from apps.accounts.factors.codes import PERIOD
from apps.accounts.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def app_of(user: User) -> Authenticator:
    """An authenticator app with a known secret."""
    with context.request_context(SimpleNamespace(user=user)):
        made: Authenticator = TOTP.activate(user, SECRET).instance
    return made


def recovery_codes_of(user: User) -> list[str]:
    request = SimpleNamespace(user=user)
    with context.request_context(request):
        RecoveryCodes.activate(user)
    codes: list[str] = request.recovery_codes
    return codes


def recovery_codes_from_before(user: User) -> list[str]:
    """As they were kept before they were hashed: computed of a seed that is in the row."""
    with context.request_context(SimpleNamespace(user=user)):
        seed = RecoveryCodes(Authenticator(user=user, data={"seed": encrypt("5eed" * 20), "used_mask": 0}))
        made = Authenticator(user=user, type="recovery_codes", data=seed.instance.data)
        Authenticator.objects.bulk_create([made])  # which tells nobody, as their making was told long ago
        codes: list[str] = seed.generate_codes()
    return codes


def passkey_of(user: User, name: str = "Laptop") -> Authenticator:
    """The row of a passkey. It signs nobody in: that is shown in a browser."""
    made: Authenticator = Authenticator.objects.create(
        user=user, type="webauthn", data={"name": name, "credential": {}}
    )
    return made


def code(periods: int = 0, *, secret: str = SECRET) -> str:
    """The code that the app shows so many periods from now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD + periods)))

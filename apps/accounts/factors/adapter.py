"""How allauth's factors behave here: secrets are sealed for their owner, and the last one that is asked for stays."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from apps.accounts.models import User
from apps.accounts.sso import only
from apps.tenants.context import current_tenant
from apps.tenants.keys import require_data_key
from apps.tenants.sealing import SealBroken

PURPOSE: Final = "mfa_authenticator.data"
TITLES: Final = {"totp": "Authenticator app", "webauthn": "Passkey", "recovery_codes": "Recovery codes"}


class FactorAdapter(DefaultMFAAdapter):
    """Secrets are stored as ``<owner's id>.<sealed>``: sealed with the tenant's data key for this owner alone.

    `owned` refuses a row that holds what was sealed for somebody else, so that no ciphertext can be moved.
    """

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, or was used already. Wait for the next one and enter that.",
        "cannot_delete_authenticator": "Your organisation asks for this factor. Set up another one first.",
    }

    def encrypt(self, text: str) -> str:
        return sealed_for(context.request.user.pk, text)

    def decrypt(self, encrypted_text: str) -> str:
        owner, _, sealed = encrypted_text.partition(".")
        try:
            stored = base64.b64decode(sealed, validate=True)
        except binascii.Error:
            raise SealBroken from None
        opened = require_data_key(current_tenant()).open(stored, purpose=PURPOSE, context=_context(owner))
        return opened.decode()

    def get_totp_issuer(self) -> str:
        return f"{current_tenant().name} (Orchestrall)"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of a kind that the member's role asks for, or that the way past single sign-on needs."""
        if only.stands_on(authenticator):
            return False
        owner: User = authenticator.user
        others = Authenticator.objects.filter(user=owner).exclude(pk=authenticator.pk)
        left = set(others.values_list("type", flat=True))
        return owner.sign_in_policy.is_met_by(owner.role, left) or not owner.sign_in_policy.is_met_by(
            owner.role, left | {authenticator.type}
        )

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"


def owned(instance: Authenticator, **_: Any) -> None:
    """When a factor is read: raise `SealBroken` where its secret was sealed for another member."""
    for name in ("secret", "seed", "hashes"):
        secret = (instance.data or {}).get(name)
        if secret is not None and not str(secret).startswith(f"{instance.user_id}."):
            raise SealBroken


def sealed_for(owner: Any, text: str) -> str:
    """``<owner's id>.<sealed>``, which `FactorAdapter.decrypt` opens."""
    sealed = require_data_key(current_tenant()).seal(text.encode(), purpose=PURPOSE, context=_context(str(owner)))
    return f"{owner}.{base64.b64encode(sealed).decode()}"


def _context(owner: str) -> str:
    return f"tenant:{current_tenant().pk}:{PURPOSE}:{owner}"

"""What a password must be, after NIST SP 800-63B-4 (August 2025), section 3.1.1.2: length, and a list of known ones.

There are no rules of composition and no rotation. Where a password is all that a role signs in with it has at least 15
characters; where a second factor stands beside it the standard asks for 8, and here one rule holds for all, since a
member may take the factor off again where the policy allows it. The longest is far above the 64 that must be allowed.
Passwords are compared in one spelling of Unicode (NFC), so that it does not matter how a keyboard makes a letter.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Any, Final

from django.core.exceptions import ValidationError

from apps.tenants.context import NoTenant, current_tenant

SHORTEST: Final = 15
LONGEST: Final = 256
"""Characters. Longer ones would only make hashing slower."""
PRODUCT: Final = "orchestrall"


def normalised(password: str) -> str:
    """The one spelling that is hashed and compared."""
    return unicodedata.normalize("NFC", password)


class LongestPassword:
    """Refuses what is longer than `LONGEST`."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(normalised(password)) > LONGEST:
            raise ValidationError(f"This password is longer than {LONGEST} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"At most {LONGEST} characters."


class NotAboutUs:
    """Refuses a password that is little more than the names around it: of the organisation, its host, the product, the
    member. A name within something longer is no harm: what is left beside it must be a password's worth."""

    LEFT: Final = 8
    """Characters that must be left when such words are taken out."""

    def validate(self, password: str, user: Any = None) -> None:
        text = normalised(password).casefold()
        left = text
        for word in sorted(self._words(user), key=len, reverse=True):
            left = left.replace(word, "")
        if left != text and len(set(left)) < self.LEFT:
            raise ValidationError(
                "This password is made of a name that anybody would try: your own, your organisation's or ours.",
                code="password_about_us",
            )

    def get_help_text(self) -> str:
        return "Not made of your name, your organisation's or ours."

    def _words(self, user: Any) -> set[str]:
        texts = [PRODUCT]
        try:
            tenant = current_tenant()
            texts += [tenant.name, tenant.slug]
        except NoTenant:
            pass
        if user is not None:
            texts += [str(getattr(user, "email", "")), str(getattr(user, "name", ""))]
        words = {word for text in texts for word in re.split(r"[\W_]+", text.casefold())} | {
            text.casefold() for text in texts
        }
        return {word for word in words if len(word) >= 4}


class NotRepeated:
    """Refuses one character or a short pattern over and over, and runs of the alphabet or of numbers."""

    FEWEST: Final = 5
    """Different characters."""

    def validate(self, password: str, user: Any = None) -> None:
        text = normalised(password).casefold()
        steps = {ord(after) - ord(before) for before, after in pairwise(text)}
        if len(set(text)) < self.FEWEST or len(steps) == 1:
            raise ValidationError("This password is one pattern over and over.", code="password_repeated")

    def get_help_text(self) -> str:
        return "Not one pattern over and over."

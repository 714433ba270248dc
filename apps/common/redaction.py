"""What in a text must not be kept where anybody may read it: credentials, and numbers and addresses of people.

What they look like is in `apps/common/detectors`; here is what lines of logs hold besides, of which nobody knows what
it is: queries of addresses, values of rows in errors of the database. A name or a street cannot be told from other
words: whoever writes a line leaves those out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from apps.common.detectors import ENCODED, FEWEST_OF_PATIENT, Found, Kind, Rule, digits_in
from apps.common.detectors.addresses import EMAIL
from apps.common.detectors.credentials import (
    HEADER,
    LABELLED,
    LONG_WORD,
    MARKED,
    PATIENT,
    PRIVATE_KEY,
    RESET_LINK,
    SCHEME,
    USERINFO,
)
from apps.common.detectors.numbers import FEWEST_DIGITS, ibans_in, numbers_in

REDACTED: Final = "[redacted]"

_SHORTEST: Final = 8
"""No secret that we could recognise is shorter."""


def _unknown(hints: tuple[str, ...], pattern: str, flags: int = 0) -> Rule:
    """Whatever stands at a place where anything may."""
    return Rule(hints, re.compile(pattern, flags), Kind.PERSONAL)


# In this order: what an earlier one takes away, a later one does not see.
_RULES: Final = (
    PRIVATE_KEY,
    USERINFO,
    RESET_LINK,
    # What stands in a query or after a `#` is whoever wrote the address's: nobody knows what it is.
    _unknown(("=",), r"""(?<=[?#])[\w.%\[\]~+-]+=[^\s"'<>]*"""),
    _unknown(("sgirequest",), r"(SGIRequest: \w+ )(?:'[^'\n]*'|\"[^\"\n]*\")"),
    SCHEME,
    # PostgreSQL tells the values of rows in these parts of its errors.
    _unknown(
        ("detail:", "context:", "line ", "statement:", "parameters:"),
        r"(\b(?:DETAIL:|CONTEXT:|STATEMENT:|PARAMETERS:|LINE \d+:) ?)[^\n]*",
    ),
    _unknown(("failing row", "key ("), r"((?:row contains |Key \([^)\n]*\)=))\([^\n]*"),
    _unknown(
        ("invalid input", "out of range", "malformed", "invalid value", "invalid byte"),
        r"((?:(?:invalid|malformed|range)[^:\n\"]*: ?|value )\")[^\"\n]*(?=\")",
    ),
    _unknown(("input_value=",), r"(?<=input_value=).*?(?=, input_type=|\Z)", re.S),  # pydantic
    EMAIL,
)
_OF_LONG_WORDS: Final = (MARKED,)
_OF_LABELS: Final = (HEADER, LABELLED)
_OF_PATIENTS: Final = (PATIENT,)
# Names of fields whose values are not shown, whatever they look like.
_SECRET_NAME = re.compile(
    r"authorization|cookie|passw|passwd|pwd|passphrase|secret|token|credential|session|csrf|private|signature|apikey"
    r"|(?:access|account|api|master|signing|encryption)[_-]?key|(?:^|[_\-. ])key$"
    r"|(?:^|[_\-. ])(?:e[_-]?mail|phone|iban|pan|cvv2?|cvc2?|pin|otp|ssn|mrn|nhs|dob|dsn|ticket|card|patient)"
    r"(?:[_\-. ]?(?:id|no|nr|number))?$",
    re.I,
)

_CREDENTIAL_NAME = re.compile(
    r"authorization|cookie|passw|passwd|pwd|passphrase|secret|token|credential|apikey"
    r"|(?:access|api|master|private|signing|encryption)[_-]?key",
    re.I,
)


@lru_cache(maxsize=1024)
def is_credential_name(name: str) -> bool:
    """Whether a field of this name holds what opens something: not shown even to who may see the data beside it."""
    return _CREDENTIAL_NAME.search(name) is not None


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds what must not be shown."""
    return _SECRET_NAME.search(name) is not None


def redacted(text: str) -> str:
    """`text` with `REDACTED` in place of what must not be kept. The same text where there is nothing of the kind."""
    if len(text) < _SHORTEST:
        return text
    text = _redacted(text)
    if "%" in text and ENCODED.search(text):
        # Labels and gaps are not seen through the encoding of addresses and forms.
        plain = unquote(text)
        if (clean := _redacted(plain)) != plain:
            return clean
    return text


def _redacted(text: str) -> str:
    text = _by_rules(_RULES, text)
    if LONG_WORD.search(text):
        text = _by_rules(_OF_LONG_WORDS, text)
    if "=" in text or ":" in text:
        text = _by_rules(_OF_LABELS, text)
    digits = digits_in(text)
    if digits >= FEWEST_OF_PATIENT:
        text = _by_rules(_OF_PATIENTS, text)
    if digits < FEWEST_DIGITS:
        return text
    text = _without(text, ibans_in(text))
    return _without(text, numbers_in(text))


def _by_rules(rules: tuple[Rule, ...], text: str) -> str:
    small = text.lower()
    for rule in rules:
        for hint in rule.hints:
            if hint in small:
                text = rule.replaced(text, REDACTED)
                break
    return text


def _without(text: str, found: Iterable[Found]) -> str:
    parts, done = [], 0
    for start, end, _ in found:
        parts += [text[done:start], REDACTED]
        done = end
    return "".join(parts) + text[done:] if parts else text

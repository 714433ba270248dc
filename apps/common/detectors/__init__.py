"""What in a text belongs to one person or opens something: credentials, and numbers and addresses of people.

Recognised by form, not by knowledge: marks and labels of credentials, and the check digits of numbers, so that an
ordinary number stays. A name or a street cannot be told from other words. Logs use what never touches an ordinary
number (`apps/common/redaction.py`); `find` also tells what needs a word beside it, or whose form is less certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from apps.common.detectors._forms import Found, Kind, Rule
from apps.common.detectors.addresses import EMAIL, phones_in
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
from apps.common.detectors.national import FEWEST_OF_NATIONAL, national_in
from apps.common.detectors.numbers import ibans_in, numbers_in

__all__ = ["ENCODED", "FEWEST_OF_PATIENT", "Found", "Kind", "Rule", "digits_in", "find"]

FEWEST_OF_PATIENT: Final = 4
"""Digits in the shortest number of a patient that a label tells."""
ENCODED: Final = re.compile(r"%[2-7][0-9A-Fa-f]")
"""A letter as addresses and forms encode it."""
_MOST_LAYERS: Final = 3
"""Of encoding, one in another."""
_WORD = re.compile(r"\S+")
_RULES: Final = (PRIVATE_KEY, USERINFO, RESET_LINK, MARKED, HEADER, SCHEME, EMAIL)
_KINDS_OF_LABELS: Final = {
    "pan": Kind.CARD,
    "iban": Kind.IBAN,
    "ssn": Kind.NATIONAL_ID,
    "mrn": Kind.PATIENT_ID,
    "dob": Kind.BIRTH_DATE,
}
_QUOTES: Final = "\"'\\"


def find(text: str, *, label: str = "") -> list[Found]:
    """All that is found in `text`, in order, none within another. `label` is what the text stands under, as the name
    of its field: some numbers are known by it alone."""
    every = _every(text, label)
    if "%" in text and ENCODED.search(text):
        every += _encoded_in(text)
    return _apart(every)


def _every(text: str, label: str = "") -> list[Found]:
    every = [*_by_rules(text), *_of_labels(text)]
    digits = digits_in(text)
    if digits >= FEWEST_OF_PATIENT:
        every += PATIENT.find(text) if PATIENT.may_be_in(text.lower()) else ()
    if digits >= FEWEST_OF_NATIONAL:
        every += [*ibans_in(text), *numbers_in(text), *national_in(text, label)]
        every += phones_in(text, label)  # last: of two that are as long the first gives the kind
    return every


def digits_in(text: str) -> int:
    return sum(map(text.count, "0123456789"))


def _by_rules(text: str) -> Iterator[Found]:
    small = text.lower()
    for rule in _RULES:
        if rule.may_be_in(small) and (rule is not MARKED or LONG_WORD.search(text)):
            yield from rule.find(text)


def _of_labels(text: str) -> Iterator[Found]:
    """What stands after a label, without its quotes, by the kind that the label says."""
    if not LABELLED.may_be_in(text.lower()):
        return
    for match in LABELLED.pattern.finditer(text):
        value = match[0][match.end(1) - match.start() :]
        start = match.end(1) + len(value) - len(value.lstrip(_QUOTES))
        end = match.end() - (len(value) - len(value.rstrip(_QUOTES)))
        if start < end:
            name = re.match(r"[a-z]+", match[1].lower())
            yield Found(start, end, _KINDS_OF_LABELS.get(name[0] if name else "", Kind.CREDENTIAL))


def _encoded_in(text: str) -> Iterator[Found]:
    """Words that hold something when the encoding of addresses and forms is taken off them, whole."""
    for word in _WORD.finditer(text):
        plain = word[0]
        for _ in range(_MOST_LAYERS):
            if not ENCODED.search(plain):
                break
            plain = unquote(plain)
            yield from (Found(word.start(), word.end(), found.kind) for found in _every(plain))


def _apart(every: list[Found]) -> list[Found]:
    """In order, and those that overlap as one: nothing of either may stay. The longest gives its kind."""
    apart: list[Found] = []
    longest = 0
    for found in sorted(every, key=lambda each: (each.start, each.start - each.end)):
        length = found.end - found.start
        if not apart or found.start >= apart[-1].end:
            apart.append(found)
            longest = length
            continue
        last = apart[-1]
        kind = found.kind if length > longest else last.kind
        longest = max(longest, length)
        apart[-1] = Found(last.start, max(last.end, found.end), kind)
    return apart

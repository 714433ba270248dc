"""Numbers of people with check digits, wherever they stand: cards, accounts of banks, patients' numbers.

They are looked for in logs, where ordinary numbers have to stay: each has a form that is seldom another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from apps.common.detectors._forms import BEGIN, GAP, UUID, Found, Kind
from apps.common.detectors.checkdigits import luhn_holds, mod_11_holds, mod_97_holds

FEWEST_DIGITS: Final = 9
"""Digits in the shortest number that its form tells."""

# A UUID is taken first, and kept: its groups may be digits alone. Not within words, nor behind a decimal point.
_NUMBER = re.compile(
    rf"(?<![0-9A-Fa-f]){UUID}"
    rf"|{BEGIN}(?<!\d[.,])\d(?:{GAP}\d){{8,}}(?![A-Za-z0-9])(?!\.\d)"
)  # fmt: skip
_GROUP = re.compile(r"\d+")
# Ranges that are in use by issuers of cards, so that one number in ten does not look like one.
_CARD = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Visa, Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"  # American Express, Diners, JCB
    r"|6(?:011|22\d|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?|62\d{14,17}|(?:50|5[6-9]|6\d)\d{14}"  # Discover, UnionPay, Maestro
)
# England and Wales, Northern Ireland, test numbers; Scotland's begin with a day of birth. From the 16th to the 20th of
# a month they look like a clock of 2020 to 2036, and are known by their label alone.
_NHS = re.compile(r"(?:4\d|6\d|70|3[2-9]|9\d)\d{8}|(?:0[1-9]|1[0-5]|2[1-9]|3[01])(?:0[1-9]|1[0-2])\d{6}")
_SSN = re.compile(r"(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}")


def numbers_in(text: str) -> Iterator[Found]:
    """Cards, patients' numbers of the United Kingdom, social security numbers of the United States, in order."""
    for run in _NUMBER.finditer(text):
        if not is_uuid(run[0]):
            yield from _of_run(run[0], run.start())


def is_uuid(text: str) -> bool:
    """Whether a match of a pattern that takes UUIDs first is one."""
    return len(text) == 36 and text[8] == text[23] == "-"


def _of_run(text: str, offset: int) -> Iterator[Found]:
    """The numbers in a run of digits and gaps: other figures may stand before and behind them."""
    groups = list(_GROUP.finditer(text.replace("%20", "   ")))
    first = 0
    while first < len(groups):
        for last in range(min(first + 5, len(groups)), first, -1):
            kind = _kind([group[0] for group in groups[first:last]])
            if kind is not None:
                yield Found(offset + groups[first].start(), offset + groups[last - 1].end(), kind)
                first = last - 1
                break
        first += 1


def _kind(groups: list[str]) -> Kind | None:
    """Whose number these groups of digits are, when they are one that belongs to one person."""
    digits, sizes = "".join(groups), [len(group) for group in groups]
    if len(digits) >= 14 and min(sizes) >= 3:
        return Kind.CARD if _CARD.fullmatch(digits) and luhn_holds(digits) else None
    if sizes in ([10], [3, 3, 4], [6, 4]):
        return Kind.PATIENT_ID if _NHS.fullmatch(digits) and mod_11_holds(digits) else None
    return Kind.NATIONAL_ID if sizes == [3, 2, 4] and _SSN.fullmatch(digits) else None


# Lengths of the numbers of each country (SWIFT, IBAN Registry).
_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS: Final = {land: int(length) for land, length in re.findall(r"([A-Z]{2})(\d\d)", _REGISTRY)}
_IBAN = re.compile(rf"{BEGIN}([A-Za-z]{{2}})\d\d(?={GAP}[A-Za-z0-9])")
_GAPS = re.compile(GAP)


@cache
def _rest_of_iban(length: int) -> re.Pattern[str]:
    """What follows the first four: groups of four, and what is left."""
    groups, left = divmod(length - 4, 4)
    end = rf"{GAP}[A-Za-z0-9]{{{left}}}" if left else ""
    return re.compile(rf"(?:{GAP}[A-Za-z0-9]{{4}}){{{groups}}}{end}(?![A-Za-z0-9])")


_WHOLE_UUID = re.compile(rf"(?<![0-9A-Fa-f]){UUID}")


def uuids_in(text: str) -> list[tuple[int, int]]:
    """Where ids stand: one in some ten thousand ends like an account of Belgium or Bahrain, check digits included."""
    return [found.span() for found in _WHOLE_UUID.finditer(text)]


def ibans_in(text: str) -> Iterator[Found]:
    """International bank account numbers, in order."""
    done, ids = 0, uuids_in(text)
    for start in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(start[1].upper())
        if length is None or start.start() < done or any(first <= start.start() < last for first, last in ids):
            continue
        rest = _rest_of_iban(length).match(text, start.end())
        if rest is not None and mod_97_holds(_GAPS.sub("", start[0] + rest[0])):
            done = rest.end()
            yield Found(start.start(), done, Kind.IBAN)

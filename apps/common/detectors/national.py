"""Numbers by which states and their services know people, by form and check digit.

One whose form a figure or an article's number may have by chance needs a word that says so beside it, or as the name of
its field. The check of each names its source, in `checkdigits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from apps.common.detectors import checkdigits
from apps.common.detectors._forms import Found, Kind
from apps.common.detectors.numbers import uuids_in

FEWEST_OF_NATIONAL: Final = 6
"""Digits in the shortest of them: that of the United Kingdom."""
_NEAR: Final = 48
"""Characters before a number in which a word says what it is."""
_ANY = (
    r"|identi(?:ty|fication)|(?:\b|[ _-])id\b|national|citizen|social[ _-]security|passport"
    r"|(?:personal|tax|insurance)[ _-]?(?:id|code|file|no|nr|number)"
)
"""Words for any country's."""
_GAPS = re.compile(r"[ .\-/\u00a0]")
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"


@dataclass(frozen=True)
class National:
    name: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    """Whether the check digits fit, of the number without gaps."""
    words: re.Pattern[str] | None = None
    """One of these has to stand before it, where its form alone does not tell."""


def _of(name: str, form: str, holds: Callable[[str], bool], words: str = "") -> National:
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?<!\d[.,])(?:{form})(?![A-Za-z0-9])(?![.,]\d)", re.I)
    return National(name, pattern, holds, re.compile(words, re.I) if words else None)


def _always(number: str) -> bool:
    """Of numbers without a check digit."""
    return True


_SWEDEN = rf"{_MONTH}(?:0[1-9]|[1289]\d|[37][01]|6[1-9])"
"""Month and day, which has 60 added in a coordination number."""

NATIONAL: Final = (
    _of("Belgium", r"\d\d\.[0-5]\d\.[0-3]\d-\d{3}\.\d\d", checkdigits.number_of_belgium_holds),
    _of(
        "Belgium",
        r"\d\d[0-5]\d[0-3]\d{6}",
        checkdigits.number_of_belgium_holds,
        r"rijksregister|registre|niss|insz" + _ANY,
    ),
    _of("Brazil", r"\d{3}\.?\d{3}\.?\d{3}-?\d\d", checkdigits.cpf_holds),
    _of("Canada", r"[1-79]\d\d-\d{3}-\d{3}", checkdigits.luhn_holds),
    _of("Canada", r"[1-79]\d\d ?\d{3} ?\d{3}", checkdigits.luhn_holds, r"\bsin\b|assurance sociale" + _ANY),
    _of("China", rf"[1-9]\d{{5}}(?:19|20)\d\d{_MONTH}{_DAY}\d{{3}}[\dX]", checkdigits.mod_11_2_holds),
    _of("Finland", rf"{_DAY}{_MONTH}\d\d[-+A-FU-Y]\d{{3}}[0-9A-FHJ-NPR-Y]", checkdigits.hetu_holds),
    _of(
        "France",
        r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d",
        checkdigits.nir_holds,
    ),
    _of("Germany", r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", checkdigits.tax_id_of_germany_holds),
    _of("India", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", checkdigits.verhoeff_holds),
    _of(
        "Italy",
        r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]",
        checkdigits.codice_fiscale_holds,
    ),
    _of(
        "Netherlands",
        r"\d{4}[. ]?\d{2}[. ]?\d{3}|\d{3}[. ]\d{3}[. ]\d{3}",
        checkdigits.bsn_holds,
        r"bsn|burgerservice|sofi" + _ANY,
    ),
    _of("Norway", r"[0-7]\d[0-9]\d\d\d ?\d{5}", checkdigits.number_of_norway_holds),
    _of("Poland", rf"\d\d(?:[02][1-9]|[13][0-2]){_DAY}\d{{5}}", checkdigits.pesel_holds),
    _of("South Africa", rf"\d\d{_MONTH}{_DAY} ?\d{{4}} ?[01][89] ?\d", checkdigits.luhn_holds),
    _of("Spain", r"\d{2}\.?\d{3}\.?\d{3}[- ]?[A-Z]|[XYZ][- ]?\d{7}[- ]?[A-Z]", checkdigits.dni_holds),
    _of("Sweden", rf"(?:19|20)?\d\d{_SWEDEN}[-+]\d{{4}}", checkdigits.personnummer_holds),
    _of(
        "Sweden",
        rf"(?:19|20)?\d\d{_SWEDEN}\d{{4}}",
        checkdigits.personnummer_holds,
        r"person(?:al)?[ -]?n|samordning" + _ANY,
    ),
    _of("Switzerland", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d", checkdigits.ahv_holds),
    _of("Turkey", r"[1-9]\d{9}[02468]", checkdigits.number_of_turkey_holds),
    # Two letters in use, six digits, one of A to D, no check digit (HMRC, National Insurance Manual, NIM39110).
    _of(
        "United Kingdom",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]",
        _always,
    ),
    # The Social Security Administration gives no check digit: with its hyphens it is known anywhere (`numbers`).
    _of("United States", r"(?!000|666|9)\d{3} ?(?!00)\d\d ?(?!0000)\d{4}", _always, r"\bssn\b|social[ _-]?sec"),
    _of("United States, provider", r"[12]\d{9}", checkdigits.npi_holds, r"\bnpi\b|provider|prescriber|physician"),
)


# Where one may begin: looked for once, as each of the patterns would look through all of a text.
_BEGIN = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[.,])(?=\d(?:[ .\-/+\u00a0]?[0-9A-Za-z]){8}|[A-Za-z]{2} ?\d\d ?\d\d|[XYZ][ -]?\d{7}"
    r"|[A-Za-z]{6}[0-9A-Za-z]{10}(?![0-9A-Za-z]))",
    re.I,
)


def national_in(text: str, label: str = "") -> Iterator[Found]:
    """Numbers of people, of each country that is known here. `label` is the name of what the text stands under."""
    ids = uuids_in(text)
    for begin in _BEGIN.finditer(text):
        start = begin.start()
        if any(first <= start < last for first, last in ids):
            continue
        for each in NATIONAL:
            match = each.pattern.match(text, start)
            if match is None or (each.words is not None and not _is_said(each.words, text, start, label)):
                continue
            if each.holds(_GAPS.sub("", match[0]).replace("+", "")):
                yield Found(start, match.end(), Kind.NATIONAL_ID)


def _is_said(words: re.Pattern[str], text: str, start: int, label: str) -> bool:
    return words.search(text, max(0, start - _NEAR), start) is not None or words.search(label) is not None

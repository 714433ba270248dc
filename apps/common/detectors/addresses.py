"""Where people are reached: e-mail addresses and phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from apps.common.detectors._forms import Found, Kind, Rule
from apps.common.detectors.numbers import uuids_in

EMAIL: Final = Rule(
    ("@", "%40"),
    re.compile(r"[\w.%+'’-]{1,64}(?:@|%40)[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63})+"),
    Kind.EMAIL,
)

# ITU-T E.164, list of assigned country codes.
_COUNTRY = (
    r"(?:1|7|2(?:[07]|[1-69]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)|6(?:[0-6]|[789]\d)"
    r"|8(?:[1246]|[0578]\d)|9(?:[0-58]|[679]\d))"
)
_SEP = r"[ \u00a0.\-/\u2010\u2011]"
_NOT_BEHIND = r"(?<![A-Za-z0-9+/#.-])(?<!\d[,:])"
"""No part of a word, an id, a path or another number."""
_NOT_BEFORE = r"(?![A-Za-z0-9%°/])(?![.,:-]\d)(?! ?(?:%|°))"
# With the sign of a country, or 00 for it; then groups, of which one may stand in brackets. Digits
# of a group are not given back: a long run could be cut into groups in millions of ways.
_INTERNATIONAL = re.compile(
    rf"{_NOT_BEHIND}(?:\+ ?|\(\+|00 ?(?=[1-9])){_COUNTRY}\)?(?:{_SEP}{{0,2}}\(?\d{{1,12}}+\)?){{1,7}}{_NOT_BEFORE}"
)
# Forms of countries that tell themselves: an area in brackets, a leading zero with groups, the groups of North America.
_NATIONAL = re.compile(
    rf"{_NOT_BEHIND}(?:"
    rf"(?:1{_SEP})?\([2-9]\d\d\) ?[2-9]\d\d{_SEP}\d{{4}}"
    rf"|(?:1{_SEP})?[2-9]\d\d(?P<gap>[ .-])[2-9]\d\d(?P=gap)\d{{4}}"
    rf"|\(0?[1-9]\d{{1,4}}\){_SEP}?\d{{2,5}}(?:{_SEP}\d{{2,5}}){{1,3}}"
    rf"|\(0[1-9]\d{{0,4}}\){_SEP}?\d{{4,8}}"
    rf"|0[1-9]\d{{0,4}}(?:{_SEP}{{1,2}}|{_SEP}?\(0\){_SEP}?)\d{{2,8}}(?:{_SEP}\d{{2,5}}){{0,4}}"
    rf"|[6789]\d\d(?:{_SEP}\d\d){{3}}"
    rf"){_NOT_BEFORE}"
)
# Anything of the length, behind a word that says what it is.
_LABEL = (
    r"(?:tele?(?:phone|fon[eo]?)?|phone|mobile|mobil|cell(?:phone)?|fax|handy|call(?:ed)?|sms|text(?:ed)?|whatsapp|ring"
    r"|dial(?:led)?|ph|msisdn|contact[ _-]?(?:no|number))"
)
_LABELLED = re.compile(
    rf"(?<![A-Za-z]){_LABEL}(?:[ _-]?(?:no|nr|number|num))?\b[^\w+(]{{0,4}}"
    rf"(?:(?:is|me|us|her|him|them|at|on|under|to|number|a number)\b[^\w+(]{{0,4}}){{0,3}}"
    rf"(?P<number>[+(]?\(?\d(?:{_SEP}{{0,2}}[()]?\d){{5,14}}\)?)(?!\w)",
    re.I,
)
_IS_LABEL = re.compile(rf"(?<![A-Za-z]){_LABEL}(?![A-Za-z])|phone|mobile|msisdn", re.I)
_ALL = re.compile(rf"\s*[+(]?\(?\d(?:{_SEP}{{0,2}}[()]?\d){{5,14}}\)?\s*")
# What has the groups of a phone number and is none.
_DATE = re.compile(r"\d{2}([./-])\d{2}\1(?:19|20)?\d{2}(?!\d).*|(?:19|20)\d{2}([./-])\d{2}\2\d{2}(?!\d).*")
_DECIMAL = re.compile(r"\+\d+\.\d+")


def phones_in(text: str, label: str = "") -> Iterator[Found]:
    """Phone numbers: in international form, in national forms that no figure has, or behind a word that says so."""
    if label and _IS_LABEL.search(label) and _ALL.fullmatch(text):
        yield Found(0, len(text), Kind.PHONE)
        return
    ids = uuids_in(text)
    for pattern, least, most in ((_INTERNATIONAL, 8, 15), (_NATIONAL, 9, 12)):
        for match in pattern.finditer(text):
            number = match[0]
            digits = sum(each.isdigit() for each in number)
            if not least <= digits <= most or _DATE.fullmatch(number) or _DECIMAL.fullmatch(number):
                continue
            if number.startswith("00") and digits < 11:
                continue
            if not any(first <= match.start() < last for first, last in ids):
                yield Found(match.start(), match.end(), Kind.PHONE)
    for match in _LABELLED.finditer(text):
        if not _DATE.fullmatch(match["number"]):
            yield Found(*match.span("number"), Kind.PHONE)

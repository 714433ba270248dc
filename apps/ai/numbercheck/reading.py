"""The numbers in a text as people and models write them, with what they are exact to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from apps.ai.numbercheck.units import CODES, PERCENT, is_known, unit_said
from apps.ai.numbercheck.words import SCALES, spelled_in

About = Literal["", "about", "over", "under"]
What = Literal["number", "fraction", "date", "name", "ordinal", "marker"]


@dataclass(frozen=True)
class Number:
    """A number in a text, from `start` to before `end`."""

    start: int
    end: int
    text: str
    what: What = "number"
    value: Decimal | None = None
    step: Decimal = Decimal(1)
    """One of the last place that it shows: it stands for all that rounds to it."""
    unit: str = ""
    before: str = ""
    """The word before it, and behind it, in small letters."""
    after: str = ""
    about: About = ""
    declines: bool = False
    """Whether a word near it says that something went down: 12 then may be -12."""
    is_share: bool = False
    """Whether a word beside it says that it is a share or a percentage, though no sign does."""
    parts: tuple[Number, ...] = ()
    """What else it may be, each for itself: both sides of a fraction, groups that are no thousands."""


_SPACE = "[ \u00a0\u202f\u2009]"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VULGAR: Final = dict(zip("½⅓⅔¼¾⅛⅜⅝⅞", ("1/2", "1/3", "2/3", "1/4", "3/4", "1/8", "3/8", "5/8", "7/8"), strict=True))
_MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_ZONED = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_DATE = (
    r"(?<![\w.,/-])(?:"
    rf"(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:{_ZONED})?)?"
    r"|(?:0?[1-9]|[12]\d|3[01])(?P<dot>[./])(?:0?[1-9]|[12]\d|3[01])(?P=dot)(?:19|20)\d\d"
    rf"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})\.?(?:,? (?:19|20)\d\d)?"
    rf"|(?:{_MONTHS})\.? (?:(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?|(?:19|20)\d\d)"
    r"|(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?: ?[ap]m)?"
    r")(?![\w/-]|[.,:]\d)"
)
_NAME = (
    r"https?://\S+|(?<![\w.])(?!x\d|(?-i:" + "|".join(CODES) + r")\d)[A-Za-z_]\w*(?:[-./_:@#]\w+)*"
    r"|(?<![\w.])(?!\d+e\d)\d+[A-Za-z]+\d\w*(?:-\w+)*|(?<![\w-])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?!\w)"
)
_DIGITS = rf"(?:\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'’\u00a0\u202f\u2009]\d+)*|\.\d+)"
_EXPONENT = r"(?:[eE][+-]?\d{1,3}(?!\w)| ?[×x·*] ?10(?:(?:\^|\*\*)[({]?[+\-−]?\d{1,3}[)}]?|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}))"
_SUFFIX = (
    r"(?P<scale>(?-i:k|K|M|B|mn|bn|tn)(?![A-Za-z])|[ -]?(?:mn|bn|tn|(?:hundred|thousand|million|billion|trillion|lakh"
    r"|crore)s?)(?![A-Za-z]))?"
    r"(?P<unit>[ -]?(?:%|‰|per ?cent(?:age points?)?\b|pct\b|percentage points?\b|pp\b|bps?\b|basis points?\b)"
    r"|st\b|nd\b|rd\b|th\b)?"
)
_CURRENCY = r"US\$|[€$£¥₹]"
_ALL = re.compile(
    rf"(?P<date>{_DATE})|(?P<name>{_NAME})|(?P<sign>(?<![\w)\]])[-−+](?= ?(?:{_CURRENCY})?[.\d]))?"
    rf"(?:(?P<currency>(?:{_CURRENCY}) ?|(?-i:{'|'.join(CODES)})(?=\d))(?P<minus>[-−](?=\d))?)?"
    rf"(?P<number>(?:\d+ ?)?[½⅓⅔¼¾⅛⅜⅝⅞]|\d+/\d+(?![/\d])|{_DIGITS})"
    rf"(?P<exponent>{_EXPONENT})?{_SUFFIX}",
    re.I,
)
_HAS_DIGIT = re.compile(r"[\d½⅓⅔¼¾⅛⅜⅝⅞]")
_MARKER = re.compile(r"^[ \t>*_#]*(\d{1,3})[.)](?=[ \t*])", re.M)
_BEFORE = re.compile(r"([\w%€$£¥₹]+)[^\w\n]{1,3}$")
_AFTER = re.compile(r"[ \u00a0-]?([A-Za-zµμ°%€$£¥₹][\w°²³]*(?:/[\w.²³]+)*)")
_GLUED = re.compile(r"(?!(?:x|fold)\b)[A-Za-zµμ]\w*")
_LETTER = re.compile(r"[mb](?![A-Za-z])", re.I)
_LETTER_OF_MONEY = re.compile(rf"[mb](?= ?(?-i:{'|'.join(CODES)}|[€£]))", re.I)
"""Millions or billions, beside money alone."""
_MINUS = re.compile(r"(?:minus|negative)[ \u00a0]$", re.I)
_ABOUT = re.compile(
    r"(?:(about|around|roughly|approximately|approx\.?|circa|ca\.|some|nearly|almost|close to|~|≈)"
    r"|(over|more than|above|at least|exceed(?:s|ed|ing)?|>|≥)"
    rf"|(under|less than|below|at most|up to|<|≤))[ \u00a0]?(?:(?:{_CURRENCY})|[A-Z]{{3}} )?[-−]?$",
    re.I,
)
_DOWN = re.compile(
    r"\b(?:f[ea]ll\w*|drop\w*|declin\w+|decreas\w+|lower\w*|down|reduc\w+|loss\w*|lost|los[ei]\w*|short\w*|deficit|behind"
    r"|worse\w*|shr[aiu]nk\w*|under|below|minus|negative|less|cut)\b",
    re.I,
)
_SHARE = re.compile(r"%|\b(?:per ?cent\w*|pct|shares?)\b", re.I)
_LINK = re.compile(r"^ ?(?:-|–|—|to|and|or) ?$")
_FACTORS: Final = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "mn": 10**6, "bn": 10**9, "tn": 10**12, **SCALES}


def numbers_in(text: str) -> list[Number]:
    """All numbers of a text, in order: those in words too. One that is part of a date or a name comes as that."""
    comma = _has_decimal_comma(text)
    markers = set(_markers(text))
    found: list[Number] = []
    for match in _ALL.finditer(text):
        if not _HAS_DIGIT.search(match[0]):
            continue
        if match["date"]:
            found.append(Number(*match.span(), match[0], "date"))
        elif match["name"]:
            found.append(_placed(Number(*match.span(), match[0].rstrip(".,;:)"), "name"), text))
        elif match.start("number") in markers:
            found.append(Number(*match.span("number"), match["number"], "marker"))
        else:
            found += _read(match, text, comma)
    for spelled in spelled_in(text):
        if not any(each.start < spelled.end and spelled.start < each.end for each in found):
            number = Number(spelled.start, spelled.end, text[spelled.start : spelled.end], value=spelled.value)
            found.append(_placed(replace(number, step=spelled.step), text))
    return _ranges(sorted(found, key=lambda each: each.start), text)


def _read(match: re.Match[str], text: str, comma: bool) -> Iterator[Number]:
    raw, suffix = match["number"], (match["unit"] or "").strip(" -").lower()
    start, end = match.span()
    if suffix in ("st", "nd", "rd", "th"):
        yield _placed(Number(start, end, match[0], "ordinal", Decimal(re.sub(r"\D", "", raw) or 0)), text)
        return
    glued = _GLUED.match(text, end)
    if glued and not is_known(unit_said(glued[0])) and not suffix:
        yield _placed(Number(start, glued.end(), match[0] + glued[0], "name"), text)
        return
    parsed = _fraction(raw) or _parse(raw, comma)
    if parsed is None:  # groups that no number has: 1.2.3 is the name of a version, 1,2,3 a list
        yield from _listed(match, text, comma)
        return
    value, step = parsed
    currency = (match["currency"] or "").strip()
    scale = (match["scale"] or "").strip(" -")
    if not scale and (_LETTER if currency else _LETTER_OF_MONEY).match(text, end):
        scale, end = text[end], end + 1
    factor = _factor(match["exponent"], scale)
    signs = (match["sign"] or "") + (match["minus"] or "")
    if "-" in signs or "−" in signs or _MINUS.search(text[max(0, start - 10) : start]):
        factor = -factor
    unit = PERCENT if suffix.startswith(("%", "‰", "per", "pct", "pp")) else "bp" if suffix.startswith("b") else ""
    factor = factor / 10 if suffix == "‰" else factor
    what: What = "fraction" if "/" in raw or raw[-1] in _VULGAR else "number"
    whole = Number(start, end, text[start:end], what, value * factor, abs(step * factor), unit or unit_said(currency))
    yield _placed(replace(whole, parts=tuple(_parts(match, comma))), text)


def _listed(match: re.Match[str], text: str, comma: bool) -> Iterator[Number]:
    if "," not in match["number"]:
        yield _placed(Number(*match.span(), match[0], "name"), text)
        return
    for part in re.finditer(r"\d+(?:\.\d+)?", match["number"]):
        number, offset = _value(part[0], comma), match.start("number")
        if number is not None:
            yield _placed(replace(number, start=offset + part.start(), end=offset + part.end()), text)


def _parts(match: re.Match[str], comma: bool) -> Iterator[Number]:
    """What 3/4 or "2024 345" may be besides one number: several."""
    raw = match["number"]
    if re.fullmatch(r"\d+/\d+", raw) or (" " in raw and raw[-1] not in _VULGAR):
        offset = match.start("number")
        for part in re.finditer(r"[^ /]+", raw):
            number = _value(part[0], comma)
            if number is not None:
                yield replace(number, start=offset + part.start(), end=offset + part.end())


def _value(raw: str, comma: bool) -> Number | None:
    parsed = _parse(raw, comma)
    return None if parsed is None else Number(0, 0, raw, value=parsed[0], step=parsed[1])


def _fraction(raw: str) -> tuple[Decimal, Decimal] | None:
    whole, sign = "", raw[-1]
    if sign in _VULGAR:
        whole, raw = raw[:-1].strip(), _VULGAR[sign]
    if "/" not in raw:
        return None
    above, _, below = raw.partition("/")
    return None if int(below) == 0 else (Decimal(whole or 0) + Decimal(above) / Decimal(below), Decimal("0.01"))


def _parse(raw: str, comma: bool) -> tuple[Decimal, Decimal] | None:
    """Value and step of digits with their marks. `comma`: whether a mark that may be either is a decimal comma."""
    if "/" in raw:  # of a fraction by nought
        return None
    text = re.sub(rf"{_SPACE}|['’]", "", raw)
    marks = re.sub(r"\d", "", text)
    decimal, thousand = (
        (",", ".") if marks and (marks[-1] == "," if len(set(marks)) == 2 else _is_comma(text, comma)) else (".", ",")
    )
    body, _, rest = text.rpartition(decimal) if decimal in text else (text, "", "")
    if decimal in body or thousand in rest or not _is_grouped(body, thousand):
        return None
    places = len(rest)
    return Decimal(f"{body.replace(thousand, '') or 0}.{rest or 0}"), Decimal(1).scaleb(-places)


def _is_comma(text: str, comma: bool) -> bool:
    """Whether the one kind of mark in it is, or sets apart thousands beside, a decimal comma."""
    groups = re.split(r"[.,]", text)
    is_comma = "," in text
    if len(groups) > 2:  # only thousands have several
        return not is_comma
    clear = len(groups[1]) != 3 or len(groups[0]) > 3 or groups[0] in ("", "0")
    return is_comma if clear else comma


def _is_grouped(body: str, thousand: str) -> bool:
    """Whether thousands are set apart, as they are, or as they are in India, or not at all."""
    groups = body.split(thousand)
    if len(groups) == 1:
        return True
    sizes = [len(group) for group in groups]
    return (
        1 <= sizes[0] <= 3 and sizes[-1] == 3 and (set(sizes[1:]) == {3} or (set(sizes[1:-1]) == {2} and sizes[0] < 3))
    )


def _has_decimal_comma(text: str) -> bool:
    """Whether the numbers that can be read in one way only have it: 12,5 or 1.234,5. Else there is a point."""
    commas = re.search(r"(?<![\d.,])(?:\d+|\d{1,3}(?:\.\d{3})+),(?:\d{1,2}|\d{4,})(?![\d.,]\d|\d)", text)
    points = re.search(r"(?<![\d.,])(?:\d+|\d{1,3}(?:,\d{3})+)\.(?:\d{1,2}|\d{4,})(?![\d.,]\d|\d)", text)
    return commas is not None and points is None


def _factor(exponent: str | None, scale: str) -> Decimal:
    factor = Decimal(1)
    if exponent:
        power = re.sub(r"^(?:[eE]| ?[×x·*] ?10)", "", exponent).translate(_SUPERSCRIPTS)
        factor = Decimal(1).scaleb(int(re.sub(r"[^\d+-]", "", power.replace("−", "-"))))
    return factor * _FACTORS.get(scale.lower(), _FACTORS.get(scale.lower().removesuffix("s"), 1))


def _placed(number: Number, text: str) -> Number:
    """With the words around it."""
    before = _BEFORE.search(text[max(0, number.start - 40) : number.start])
    after = _AFTER.match(text, number.end)
    word, unit = after[1] if after else "", number.unit
    if not unit and word:
        said = unit_said(word)
        unit = said if is_known(said) else ""
    if not unit and before and before[1] in CODES:
        unit = before[1]
    near = (
        text[max(0, number.start - 48) : number.start].rpartition(". ")[2]
        + " "
        + text[number.end : number.end + 24].partition(". ")[0]
    )
    about = _ABOUT.search(text[max(0, number.start - 24) : number.start])
    about_what: About = "" if about is None else "about" if about[1] else "over" if about[2] else "under"
    return replace(
        number,
        unit=unit,
        before=before[1].lower() if before else "",
        after=word.lower(),
        about=about_what,
        declines=_DOWN.search(near) is not None,
        is_share=_SHARE.search(text[max(0, number.start - 24) : number.start].rpartition(". ")[2]) is not None
        or word.lower() in ("share", "percentage"),
    )


def _ranges(numbers: list[Number], text: str) -> list[Number]:
    """Of "10-12 %" and "from 3 to 5 million" the first has the unit and the scale of the second."""
    for place in range(len(numbers) - 1):
        first, second = numbers[place], numbers[place + 1]
        if first.what != "number" or second.what != "number" or first.value is None or second.value is None:
            continue
        if not _LINK.match(text[first.end : second.start]):
            continue
        scale = re.search(r"(k|M|B|mn|bn|tn|hundred|thousand|million|billion|trillion)\b", second.text)
        if first.text.strip("+-−").isdigit() or re.fullmatch(r"[\d.,]+", first.text):
            factor = Decimal(_FACTORS.get(scale[1].lower(), 1)) if scale else Decimal(1)
            numbers[place] = replace(
                first, unit=first.unit or second.unit, value=first.value * factor, step=first.step * factor
            )
    return numbers


def _markers(text: str) -> Iterator[int]:
    """Where the numbers of items stand, which count up from 1."""
    due = 1
    for match in _MARKER.finditer(text):
        if int(match[1]) in (1, due):
            due = int(match[1]) + 1
            yield match.start(1)

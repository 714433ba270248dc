"""Numbers in English words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_FIRST: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_DECADES: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL: Final = {word: number for number, word in enumerate(_FIRST)}
_TENS: Final = {word: 10 * number for number, word in enumerate(_DECADES, start=2)}
SCALES: Final = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
    "lakh": 100_000,
    "crore": 10_000_000,
    "dozen": 12,
}
_PARTS: Final = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_ANY = "|".join(sorted([*_SMALL, *_TENS], key=len, reverse=True))
_SCALE = "|".join(SCALES)
_PART = "half|halves|(?:third|quarter|fifth|sixth|eighth|tenth)s?"
_NUMBER = re.compile(
    rf"(?<![\w-])(?:(?P<count>an?|{_ANY})[ -](?P<part>{_PART})(?![\w-])(?! (?:year|month|row|item|place|week|day))"
    rf"|(?P<half>half)(?= (?:of|the|an?|a)\b|$|[.,;:)])"
    rf"|(?P<all>(?:(?:an?|{_ANY})(?:[ -](?:and )?(?:{_ANY}|{_SCALE})s?)*|(?<=\d )(?:{_SCALE})))(?![\w-]*\w))",
    re.I,
)
_ONE_IS_A_WORD = re.compile(
    r" ?(?:of|another|can|may|should|could|would|must|might|will|is|was|has|had|needs|that|who|which|to|and|or"
    r"|thing|way|point|more|day|by|at|in the|on|$|[.,;:!?)])",
    re.I,
)
_NO_COUNT = re.compile(
    r"(?:the|this|that|each|every|any|no|which|another|first|second|last|latter|next|other)\s$", re.I
)


@dataclass(frozen=True)
class Spelled:
    start: int
    end: int
    value: Decimal
    step: Decimal
    """What it is exact to."""


def spelled_in(text: str) -> Iterator[Spelled]:
    """Each number in words, in order. "One" counts where it is no pronoun; first, second and third do not."""
    for match in _NUMBER.finditer(text):
        behind = _NO_COUNT.search(text[max(0, match.start() - 10) : match.start()])
        if match["half"]:
            if not behind:
                yield Spelled(*match.span(), Decimal("0.5"), Decimal("0.01"))
        elif match["part"]:
            part = match["part"].lower()
            word = part if part in _PARTS else part.removesuffix("s")
            count = _SMALL.get(match["count"].lower(), 1)
            may_be_other = match["count"].lower() in ("a", "an") or (word == "quarter" and count == 1)
            if not behind and (word == "half" or not may_be_other or text.startswith(" of", match.end())):
                yield Spelled(*match.span(), Decimal(count) / _PARTS[word], Decimal("0.01"))
        else:
            spelled = _whole(match["all"])
            if spelled is None or (
                match["all"].lower() == "one" and (behind or _ONE_IS_A_WORD.match(text, match.end()))
            ):
                continue
            value, step = spelled
            yield Spelled(*match.span(), value, step)


def _whole(text: str) -> tuple[Decimal, Decimal] | None:
    """The value of words such as "two hundred and five thousand"; None where they make no number."""
    total = current = 0
    step, seen = 1, False
    for word in re.split(r"[ -]+", text.lower()):
        single = word.removesuffix("s") if word not in _SMALL else word
        if word in ("a", "an"):
            current = 1
        elif word in _SMALL or word in _TENS:
            current, step, seen = current + _SMALL.get(word, _TENS.get(word, 0)), 1, True
        elif single in SCALES:
            scale, seen = SCALES[single], True
            if scale in (100, 12):
                current, step = (current or 1) * scale, scale if scale == 100 else 1
            else:
                total, current, step = total + (current or 1) * scale, 0, scale
        elif word != "and":
            return None
    return (Decimal(total + current), Decimal(step)) if seen else None

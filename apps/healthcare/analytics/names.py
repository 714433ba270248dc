"""From what people write to drugs: names, brands, codes, doses beside them, and spelling mistakes that leave no doubt.

A name that is not certain is never guessed at: it stays unknown, with the nearest names to choose from. Distance is
that of Damerau and Levenshtein with neighbours swapped at most once (Damerau, Communications of the ACM 1964;7:171-6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from apps.healthcare.analytics.knowledge import Knowledge

How = Literal["name", "other name", "code", "spelling", "combination", "unknown"]

LEAST_FOR_SPELLING = 5
"""Shorter names are too like each other to be corrected."""
MOST_MISTAKES = 1
"""Two letters make another drug: prednisone and prednisolone."""
MOST_OFFERED = 4
LONGEST = 120
"""Characters of a name that are looked at."""

# What stands beside a name: doses, forms and how often; and salts, which are the same drug.
_UNIT = r"(mg|g|mcg|µg|ug|ng|ml|l|iu|units?|u|%|meq|mmol|micrograms?|milligrams?)"
_NUMBER = r"\d+([.,]\d+)?(\s*/\s*\d+([.,]\d+)?)?"
_PER = rf"(\s*/\s*({_NUMBER}\s*)?({_UNIT}|h|hr|hour|dose|day))?"
_MEASURED = re.compile(rf"(?<![a-z0-9\-]){_NUMBER}\s*{_UNIT}{_PER}(?![a-z\-])")
_COUNTED = re.compile(rf"(?<![a-z0-9\-]){_NUMBER}(?![a-z\-])")
_FORM = re.compile(
    r"\b(tablets?|tabs?|capsules?|caps?|injections?|infusions?|ampoules?|syringes?|nebules?|solution|suspension|"
    r"syrup|cream|ointment|gel|patch(es)?|inhalers?|drops?|spray|oral|orally|by mouth|po|iv|im|sc|od|bd|bid|tds|tid|"
    r"qds|qid|qd|prn|daily|twice|once|a day|nightly|at night|weekly|er|xr|xl|sr|mr|la|cr|cd|dr|ec|odt|"
    r"modified release|extended release)\b"
)
_SALT = re.compile(
    r"\b(hydrochloride|hcl|sodium|potassium|maleate|besylate|mesylate|tartrate|succinate|fumarate|hydrobromide|"
    r"sulfate|sulphate|phosphate|acetate|citrate|calcium|magnesium|nitrate|bromide)\b"
)
_SPLIT = re.compile(r"[;\n\r]+|,\s+|,(?=\D)")
_JOINED = re.compile(r"\s*(?:/|\+|\band\b|\bwith\b)\s*|(?<=[a-z])-(?=[a-z])")
_CODE = re.compile(r"(?:(?:rxnorm|rxcui)\s*[:#]?\s*)?(\d{2,8})", re.IGNORECASE)


def listed(text: str) -> list[str]:
    """The names in a text: one a line, or with semicolons or commas between them."""
    return [each.strip() for each in _SPLIT.split(text) if each.strip()]


@dataclass(frozen=True)
class Reading:
    """What an entry of a medication list was read as."""

    entered: str
    drugs: tuple[str, ...]
    how: How
    offered: tuple[str, ...] = ()
    """Known names that are near to an unknown one."""


def read(entered: str, knowledge: Knowledge) -> Reading:
    """The drugs that an entry names; none, and what is near, where that is not certain."""
    code = _CODE.fullmatch(entered.strip())
    if code:
        drug = knowledge.rxnorm.get(code[1])
        return Reading(entered, (drug,) if drug else (), "code" if drug else "unknown")
    told = _plain(entered)
    for text in _candidates(told):
        found = knowledge.synonyms.get(text)
        if found is not None:
            return _known(entered, found, text, knowledge)
    parts = [found for part in _JOINED.split(told) if (found := _looked_up(part.strip(), knowledge)) is not None]
    if len(parts) > 1 and "" not in parts:
        drugs = tuple(dict.fromkeys(drug for name in parts for drug in _drugs(name, knowledge)))
        return Reading(entered, drugs, "combination")
    return _misspelt(entered, _bare(told), knowledge)


def _looked_up(part: str, knowledge: Knowledge) -> str | None:
    """The name a part of an entry stands for; empty where there is none, None where it is only a dose."""
    candidates = _candidates(part)
    if not candidates or not _bare(part):
        return None
    return next((knowledge.synonyms[text] for text in candidates if text in knowledge.synonyms), "")


def _known(entered: str, found: str, text: str, knowledge: Knowledge) -> Reading:
    if found in knowledge.combinations:
        return Reading(entered, knowledge.combinations[found], "combination")
    return Reading(entered, (found,), "name" if text == found.lower() else "other name")


def _drugs(name: str, knowledge: Knowledge) -> tuple[str, ...]:
    return knowledge.combinations.get(name, (name,))


def _plain(entered: str) -> str:
    text = entered[:LONGEST].lower().replace("’", "'").replace("‐", "-").replace("®", "").replace("™", "")
    text = re.sub(r"\(.*?\)", " ", text)
    return re.sub(r"\s+", " ", text).strip(" .,-")


def _candidates(told: str) -> list[str]:
    """What is looked up, in order: all of it, then less and less of what stands beside the name."""
    measured = _without(_MEASURED, told)
    formless = _without(_FORM, measured)
    counted = _without(_COUNTED, formless)
    return list(dict.fromkeys(text for text in (told, measured, formless, counted, _bare(told)) if text))


def _bare(told: str) -> str:
    """The name without doses, forms and salts."""
    for beside in (_MEASURED, _FORM, _COUNTED, _SALT):
        told = _without(beside, told)
    return told


def _without(beside: re.Pattern[str], told: str) -> str:
    return re.sub(r"\s+", " ", beside.sub(" ", told)).strip(" .,-")


def _misspelt(entered: str, bare: str, knowledge: Knowledge) -> Reading:
    ranked = _near(bare, tuple(knowledge.synonyms))
    offered = tuple(dict.fromkeys(name for _, name in ranked))[:MOST_OFFERED]
    if len(bare) >= LEAST_FOR_SPELLING and ranked:
        best, name = ranked[0]
        rivals = {knowledge.synonyms[other] for mistakes, other in ranked if mistakes <= best + 1}
        if best <= MOST_MISTAKES and rivals == {knowledge.synonyms[name]}:
            drugs = _drugs(knowledge.synonyms[name], knowledge)
            return Reading(entered, drugs, "spelling", (name,))
    return Reading(entered, (), "unknown", offered)


@lru_cache(maxsize=4096)
def _near(text: str, names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Names within a third of their letters of `text`, nearest first; with few trigrams in common none is compared."""
    if len(text) < 3:
        return []
    own, most = _trigrams(text), max(2, len(text) // 3)
    shared = []
    for name in names:
        if abs(len(name) - len(text)) <= most and len(own & _trigrams(name)) * 4 >= len(own):
            shared.append((distance(text, name, most), name))
    return sorted(each for each in shared if each[0] <= most)


@lru_cache(maxsize=8192)
def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[n : n + 3] for n in range(len(padded) - 2))


def distance(one: str, other: str, most: int) -> int:
    """Letters to insert, delete, replace or swap with the next to turn `one` into `other`; above `most`: most + 1."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, target in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != target))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == target:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return last[-1]


def suggested(typed: str, knowledge: Knowledge, most: int = 10) -> list[str]:
    """Names that begin with what was typed, then those with a word that does, then near ones: help while typing."""
    text = _plain(typed)
    if not text:
        return []
    names = sorted(knowledge.synonyms)
    begin = [name for name in names if name.startswith(text)]
    words = [name for name in names if f" {text}" in f" {name}" or f"-{text}" in name]
    near = [name for _, name in _near(text, tuple(knowledge.synonyms))] if len(begin) < most else []
    return list(dict.fromkeys([*begin, *words, *near]))[:most]

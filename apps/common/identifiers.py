"""Names, addresses and numbers by which a person is found in what is stored, and taken out of it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from uuid import UUID

ERASED: Final = "(erased)"
"""What stands where an identifier stood."""
SHORTEST, LONGEST, MOST = 4, 200, 20
"""Characters of an identifier, and identifiers of a person. What is shorter is met everywhere."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_JSON: Final = re.compile(r'\s*[\[{"]')
"""How a text begins that may be JSON."""


@dataclass(frozen=True)
class Person:
    """Whom something is about: a member, whoever bears one of these identifiers, or both."""

    identifiers: tuple[str, ...]
    member: UUID | None = None

    def is_in(self, value: Any) -> bool:
        """Whether one of the identifiers stands somewhere in a JSON-able value, in names of its fields too."""
        return next(self._places(value, ()), None) is not None

    def parts(self, value: Any) -> list[tuple[str, Any]]:
        """The parts of a value that tell of the person, each with its path: of what holds an identifier, the innermost
        object or row around it, which is cut to what a page can show."""
        found: dict[str, Any] = {}
        for path in self._places(value, ()):
            around, part = _around(value, path)
            found.setdefault(around, part)
        return list(found.items())

    def count(self, value: Any) -> int:
        """How many values hold an identifier."""
        return sum(1 for _ in self._places(value, ()))

    def taken_out_of(self, value: Any) -> Any:
        """The value with `ERASED` in place of each identifier, and 0 in place of a number that is one. What is around
        it stays, so that a decision can still be explained where nobody can say any more whom it was about."""
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, Mapping):
            return {self._clean(str(name)): self.taken_out_of(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.taken_out_of(each) for each in value]
        return 0 if self._is_number(value) else value

    def _clean(self, text: str) -> str:
        if _UUID.fullmatch(text) and text.lower() not in self._whole:
            return text
        pattern = self._pattern_for(text)
        return pattern.sub(ERASED, text) if pattern.search(text) else text

    def _holds(self, value: Any) -> bool:
        if isinstance(value, str):
            if _UUID.fullmatch(value):
                return value.lower() in self._whole
            return self._pattern_for(value).search(value) is not None
        return self._is_number(value)

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and str(value) in self._whole

    def _places(self, value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(value, Mapping):
            for name, each in value.items():
                if self._holds(str(name)):
                    yield (*path, str(name))
                yield from self._places(each, (*path, name))
        elif isinstance(value, list | tuple):
            for place, each in enumerate(value):
                yield from self._places(each, (*path, place))
        elif self._holds(value):
            yield path

    @cached_property
    def _whole(self) -> frozenset[str]:
        return frozenset(each.lower() for each in self.identifiers)

    def _pattern_for(self, text: str) -> re.Pattern[str]:
        return self._pattern_in_json if "\\" in text and _JSON.match(text) else self._pattern

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Each identifier as a whole: not the beginning or the end of a longer name, address or number."""
        return _pattern_of({form for each in self.identifiers for form in _forms(each)}, _bounded)

    @cached_property
    def _pattern_in_json(self) -> re.Pattern[str]:
        """The same in a text that is JSON itself, as what a model answered may be: with its escapes."""
        forms = {form for each in self.identifiers for form in _forms(each)}
        return _pattern_of(forms | {json.dumps(form)[1:-1] for form in forms}, _bounded_in_json)


def identifier_tidied(text: str) -> str:
    """An identifier as it is kept: one line, without space around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def identifiers_flaw(identifiers: Iterable[str]) -> tuple[int, str] | None:
    """The place of the first identifier that cannot be looked for, and why; None where all can."""
    for place, each in enumerate(identifiers):
        if not SHORTEST <= len(each) <= LONGEST:
            return place, f"Give {SHORTEST} to {LONGEST} characters: what is shorter is met everywhere."
        if not each.isprintable():
            return place, "This holds characters that cannot be shown."
        if Person((each,)).is_in(ERASED):
            return place, f"{ERASED} is what stands where people were erased."
        if place >= MOST:
            return place, f"At most {MOST} identifiers at a time."
    return None


def _pattern_of(forms: Iterable[str], bounded: Callable[[str], str]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(bounded, longest_first)) or r"(?!)", re.IGNORECASE)


def _forms(identifier: str) -> Iterator[str]:
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, identifier)


def _bounded(identifier: str) -> str:
    before, after = _bounds(identifier)
    return before + r"\s+".join(map(re.escape, identifier.split())) + after


def _bounded_in_json(identifier: str) -> str:
    before, after = _bounds(identifier)
    body = r"(?:\s|\\[nrt])+".join(map(re.escape, identifier.split()))
    return rf"(?:{before}|(?<=[^\\]\\[bfnrt])){body}{after}"  # the n of an escaped end of a line is no letter


def _bounds(identifier: str) -> tuple[str, str]:
    """What must not stand before an identifier, and after it."""
    if "@" in identifier:  # another address may end with this one, or begin so
        return r"(?<!\w)(?<!\w[.+\-'])", r"(?!\w)(?![.\-]\w)"
    if any(letter.isdigit() for letter in identifier):  # as may another number
        return r"(?<![^\W_])(?<!\w-)(?<!\d[.,])", r"(?![^\W_])(?!-\w)(?![.,]\d)"
    return r"(?<![^\W_])", r"(?![^\W_])"


def _around(value: Any, path: tuple[str | int, ...]) -> tuple[str, Any]:
    """The innermost object or row on the way to a place, with its own path."""
    part, best, taken = value, value, 0
    for length, step in enumerate(path, start=1):
        if isinstance(part, Mapping) and step not in part:
            break
        part = part[step]
        if isinstance(part, Mapping) or (
            isinstance(part, list) and not any(isinstance(each, dict | list) for each in part)
        ):
            best, taken = part, length
    return ".".join(str(step) for step in path[:taken]), best

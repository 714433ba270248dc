"""Tokens that stand for values while a text is with a model: how they are written, and known again.

A model may change the case of one, its spaces and hyphens, escape it for Markdown or lose its brackets: it is known all
the same, by the five letters that each conversation draws for itself. Without them nothing is a token.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from apps.common.detectors import Kind

LITERAL: Final = "literal"
"""The kind of what looks like a token and came from outside: it stands for itself."""
_LETTERS: Final = "BCDFGHJKMNPQRTVWXZ"
_LENGTH: Final = 5
_WORDS: Final = {word.upper(): word for word in (*(str(kind) for kind in Kind), LITERAL)}
_SEP: Final = r"[\s_\\-]{0,3}"
_OPEN: Final = r"(?:(?:\\\[\s?){1,2}|(?:\[\s?){0,2})"
_CLOSE: Final = r"(?:(?:\s?\\\]){1,2}|(?:\s?\]){0,2})"
_FLAGS: Final = re.I | re.A
_ALONE: Final = r"(?<![A-Za-z0-9])"


def nonce_make() -> str:
    """The letters of a new conversation. Nobody outside can guess them: one in 1.9 million."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def is_nonce(text: str) -> bool:
    return len(text) == _LENGTH and set(text) <= set(_LETTERS)


@dataclass(frozen=True)
class Tokens:
    """The tokens of one conversation."""

    nonce: str
    whole: re.Pattern[str]
    """One token, however it is written; its groups are the word of its kind and its number."""

    @cached_property
    def begun(self) -> re.Pattern[str]:
        """The end of a text that the next piece may make a token of, or a longer one; it may be empty. Only an answer
        that streams needs it, and it takes longest to make."""
        words = "|".join(word.replace("_", _SEP) for word in _WORDS)
        parts = "|".join(_beginnings(word) for word in _WORDS)
        nonce = rf"{_beginnings(self.nonce)}|{self.nonce}{_CLOSE}\s?\\?"
        rest = rf"(?:{words}){_SEP}(?:\d{{1,6}}{_SEP}(?:{nonce})?)?"
        return re.compile(rf"{_OPEN}(?:\\?|{_ALONE}(?:{parts}|{rest}))\Z", _FLAGS)

    def write(self, kind: str, number: int) -> str:
        return f"[[{kind.upper()}_{number}_{self.nonce}]]"

    def read(self, match: re.Match[str]) -> tuple[str, int]:
        """Kind and number of what `whole` matched."""
        word = re.sub(r"[^A-Z]+", "", match[1].upper())
        return next(kind for each, kind in _WORDS.items() if each.replace("_", "") == word), int(match[2])


@lru_cache(maxsize=256)
def tokens_of(nonce: str) -> Tokens:
    """The tokens of the conversation with these letters."""
    words = "|".join(word.replace("_", _SEP) for word in _WORDS)
    whole = rf"{_OPEN}{_ALONE}({words}){_SEP}(\d{{1,6}}){_SEP}{nonce}(?![A-Za-z0-9]){_CLOSE}"
    return Tokens(nonce, re.compile(whole, _FLAGS))


def _beginnings(word: str) -> str:
    """A pattern of all that `word` may begin with, itself included."""
    pattern = ""
    for letter in reversed(word):
        each = _SEP if letter == "_" else letter
        pattern = f"{each}(?:{pattern})?" if pattern else each
    return pattern

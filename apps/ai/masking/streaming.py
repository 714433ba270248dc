"""What was masked, put back into an answer that comes in pieces."""

from __future__ import annotations

import re
from collections.abc import Callable

from apps.ai.masking.tokens import Tokens


class Restorer:
    """Lets no half of a token out: what may yet become one is held back until the next piece, or the end.

    All that `feed` and `end` gave, together, is what `restore_text` makes of the whole.
    """

    def __init__(self, tokens: Tokens, value_of: Callable[[re.Match[str]], str]) -> None:
        self._tokens, self._value_of = tokens, value_of
        self._held = ""
        self._before = ""
        """The last character that was let out: whether a word begins behind it."""

    def feed(self, piece: str) -> str:
        """What can be shown now that `piece` has come; it may be empty."""
        text = self._before + self._held + piece
        begun = self._tokens.begun.search(text, len(self._before))
        return self._out(text, begun.start() if begun else len(text))

    def end(self) -> str:
        """What is left when nothing follows."""
        text = self._before + self._held
        return self._out(text, len(text))

    def _out(self, text: str, end: int) -> str:
        parts, done = [], len(self._before)
        for match in self._tokens.whole.finditer(text, done):
            if match.end() > end:
                end = min(end, match.start())
                break
            parts += [text[done : match.start()], self._value_of(match)]
            done = match.end()
        shown = "".join(parts) + text[done:end]
        self._before, self._held = text[max(0, end - 1) : end], text[end:]
        return shown

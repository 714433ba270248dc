"""An answer while it streams."""

from __future__ import annotations

import time
from collections.abc import Callable

from apps.ai.masking import Masker


class Voice:
    """Hands on pieces of one answer, with what was masked put back, and knows when the first one came."""

    def __init__(self, told: Callable[[str], None], masker: Masker) -> None:
        self._told, self._restorer = told, masker.restorer()
        self._begun = time.monotonic()
        self.first_word_ms: int | None = None
        self.has_spoken = False

    def say(self, piece: str) -> None:
        if self.first_word_ms is None:
            self.first_word_ms = round((time.monotonic() - self._begun) * 1000)
        self._hand_on(self._restorer.feed(piece))

    def end(self) -> None:
        self._hand_on(self._restorer.end())

    def _hand_on(self, text: str) -> None:
        if text:
            self.has_spoken = True
            self._told(text)

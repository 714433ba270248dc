"""A model by script, for tests and for trying things out without a provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from apps.ai import calling
from apps.ai.answers import data_of
from apps.ai.contract import Model, ModelProblem, Reply, Request

Scripted = Reply | ModelProblem | str | Callable[[Request], Reply | str]


class FakeModel:
    """Answers with `replies` one after the other: a `Reply`, a text, a problem that it raises, or what a function makes
    of the request. The last one is repeated for ever with `repeats`; else a call too many is an `AssertionError`.

    Like the real ones it streams to `told`, and checks an answer against the request's schema.
    """

    def __init__(self, *replies: Scripted, repeats: bool = False, name: str = "fake") -> None:
        self.name = name
        self.asked: list[Request] = []
        """The requests, as they came."""
        self._replies, self._repeats = list(replies), repeats

    def ask(self, request: Request, *, told: Callable[[str], None] | None = None) -> Reply:
        self.asked.append(request)
        number = len(self.asked) - 1
        if number >= len(self._replies) and not (self._repeats and self._replies):
            raise AssertionError(f"The model was asked {len(self.asked)} times, and has {len(self._replies)} replies.")
        scripted: Any = self._replies[min(number, len(self._replies) - 1)]
        if isinstance(scripted, ModelProblem):
            raise scripted
        made = scripted(request) if callable(scripted) else scripted
        reply = Reply(text=made) if isinstance(made, str) else made
        if told is not None and request.answer_schema is None:
            for piece in re.findall(r"\S+\s*|\s+", reply.text):
                told(piece)
        return reply if reply.data is not None else reply.model_copy(update={"data": data_of(request, reply)})


@contextmanager
def standing_in(model: Model | None) -> Iterator[None]:
    """Have every `calling.model_for` of this process answer with `model`, whatever is chosen. One at a time."""
    calling.stand_in(lambda purpose: model)
    try:
        yield
    finally:
        calling.stand_in(None)

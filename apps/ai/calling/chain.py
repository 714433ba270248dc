"""Models in their order, asked until one of them answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from apps.ai.calling.asking import Asking, Leaving
from apps.ai.calling.choices import keeps_personal_data
from apps.ai.calling.estimates import tokens_of
from apps.ai.contract import Message, ModelProblem, Purpose, Reply, Request
from apps.ai.failures import AnswerUnusable, ModelStopped
from apps.ai.masking import masked_for_leaving, nonce_make
from apps.ai.models import LanguageModel
from apps.common.errors import Problem

SECONDS: Final = 120.0
"""That an answer may take, tries and other models included."""
LEAST: Final = 1.0
"""Seconds without which no further model is asked."""


class Chain:
    """The `Model` of `model_for`."""

    def __init__(
        self, models: Sequence[LanguageModel], purpose: Purpose, *, seconds: float, stopping: Callable[[], bool]
    ) -> None:
        self.name = models[0].name
        self._models, self._purpose = models, purpose
        self._seconds, self._stopping = seconds, stopping
        self._nonce = nonce_make()
        """Of this conversation: the same value is the same token all along, and what a provider keeps stays of use."""

    def ask(self, request: Request, *, told: Callable[[str], None] | None = None) -> Reply:
        until, failed = time.monotonic() + self._seconds, list[tuple[LanguageModel, Problem]]()
        # What keeps a schema is for programs, and may have to be asked for twice.
        asking = Asking(self._purpose, told if request.answer_schema is None else None, self._stopping)
        leaving = self._leaving(request)
        for place, model in enumerate(self._models):
            left = until - time.monotonic()
            if failed and (left < LEAST or asking.has_spoken):
                break
            # One that hangs must leave time for the next.
            share = left if place == len(self._models) - 1 else left / 2
            try:
                return self._answer(asking, model, request, leaving, until=until - left + share)
            except ModelStopped:
                raise
            except Problem as problem:  # a budget that is spent too: another model may cost nothing
                failed.append((model, problem))
        raise _problem_of(failed)

    def _answer(
        self, asking: Asking, model: LanguageModel, request: Request, leaving: Leaving, *, until: float
    ) -> Reply:
        """What one model answers; told once what is wrong with an answer that cannot be used."""
        try:
            return asking.ask(model, request, leaving, until=until)
        except AnswerUnusable as unusable:
            if not unusable.answer or until - time.monotonic() < LEAST or asking.has_spoken:
                raise
            again = _told_what_is_wrong(request, unusable)
        return asking.ask(model, again, self._leaving(again), until=until)

    def _leaving(self, request: Request) -> Leaving:
        """The request as it may leave. Raises `PersonalDataStays`."""
        masked, masker = masked_for_leaving(request, keeps_personal_data=keeps_personal_data(), nonce=self._nonce)
        return Leaving(masked, masker, tokens_of(masked))


def _told_what_is_wrong(request: Request, unusable: AnswerUnusable) -> Request:
    said = f"Your answer cannot be used. {unusable.detail} Answer the same again, mended, and with nothing around it."
    messages = (
        *request.messages,
        Message(role="assistant", text=unusable.answer),
        Message(role="user", text=said),
    )
    return request.model_copy(update={"messages": messages})


def _problem_of(failed: Sequence[tuple[LanguageModel, Problem]]) -> Problem:
    """What to tell when no model has answered: of several, what became of each."""
    last = failed[-1][1]
    if len(failed) == 1 or not any(isinstance(problem, ModelProblem) for _, problem in failed):
        return last
    each = " ".join(f"{model.name}: {problem.detail}" for model, problem in failed)
    return ModelProblem(f"None of {len(failed)} models answered. {each}", remedy=last.remedy)

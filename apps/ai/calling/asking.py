"""Asking one model: on the ledger, within its provider's limits, and again where that may help.

A row of the ledger stands for one reservation, so for one answer that may be charged. What was surely not charged (no
connection, a refusal by status) is tried again under the same row. Where nobody knows (a connection that broke off, no
answer in time) the row counts as it was reserved, and another try is another row.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone
from pydantic import BaseModel, ValidationError

from apps.ai import answers
from apps.ai.budgets import services as budgets
from apps.ai.calling import breaker, metrics, telling
from apps.ai.calling.estimates import usage_of
from apps.ai.calling.places import place
from apps.ai.calling.voice import Voice
from apps.ai.calling.waiting import pause, wait_before
from apps.ai.contract import PROVIDER_KINDS, ModelProblem, Purpose, Reply, Request, Usage
from apps.ai.failures import AnswerUnusable, ModelMisconfigured, ModelUnavailable
from apps.ai.masking import Masker
from apps.ai.models import LanguageModel, ModelCall
from apps.common import tracing
from apps.common.errors import Problem

logger = logging.getLogger(__name__)

MARGIN: Final = timedelta(seconds=30)
"""After the time of a call, until somebody else may hold it for lost."""
TRIES: Final = 4
"""Of one model for one answer."""


@dataclass(frozen=True)
class Leaving:
    """A request as it leaves."""

    request: Request
    masker: Masker
    tokens: int
    """What it may have, at most."""


@dataclass
class _Tries:
    """What is left of the tries and of the time."""

    until: float
    stopping: Callable[[], bool]
    made: int = 0

    def again(self, problem: ModelProblem) -> bool:
        """Wait until it makes sense to try again. False: it does not."""
        if not problem.may_repeat or self.made >= TRIES:
            return False
        wait = wait_before(self.made, problem.after)
        if time.monotonic() + wait >= self.until:
            return False
        pause(wait, self.stopping)
        return True


@dataclass
class _End:
    """How a call ended, for the ledger."""

    status: ModelCall.Status = ModelCall.Status.UNKNOWN
    usage: Usage | None = None
    """None: nobody knows, and it counts as it was reserved."""
    answered: dict[str, Any] | None = None
    problem: Problem | None = None

    def fail(self, error: Exception) -> None:
        """What is no `Problem` is a fault of ours, or of whoever listens: the provider may have worked all the same."""
        self.problem = error if isinstance(error, Problem) else None
        if isinstance(error, ModelProblem):
            known = error.usage or self.usage
            self.usage = known if error.was_sent else Usage()
        if self.usage is not None:
            self.status = ModelCall.Status.FAILED


@dataclass
class Asking:
    """For one question: whom it is for, and who listens."""

    purpose: Purpose
    told: Callable[[str], None] | None
    stopping: Callable[[], bool]
    has_spoken: bool = field(default=False, init=False)
    """Whether some of an answer was told already: then nothing else may be told instead."""

    def ask(self, model: LanguageModel, request: Request, leaving: Leaving, *, until: float) -> Reply:
        """The model's answer, restored and checked. `leaving` is `request` masked; `until` is of `time.monotonic`."""
        kind = PROVIDER_KINDS.get(model.provider.kind)
        if kind is None:
            raise ModelMisconfigured(f"{model.provider.name} is of a kind that is not installed here.")
        leaving, tries = replace(leaving, request=_fitted(model, leaving)), _Tries(until, self.stopping)
        while True:
            call = budgets.reserve(
                purpose=self.purpose, model=model, tokens_input=leaving.tokens,
                tokens_output=leaving.request.longest_answer or model.longest_answer,
                until=timezone.now() + timedelta(seconds=max(0.0, until - time.monotonic())) + MARGIN,
                sent=leaving.request.model_dump(mode="json", exclude_defaults=True), masked=leaving.masker.counts(),
            )  # fmt: skip
            try:
                return self._called(call, model, request, leaving, tries)
            except ModelProblem as problem:
                if self.has_spoken or not (problem.was_sent and tries.again(problem)):
                    raise

    def _called(
        self, call: ModelCall, model: LanguageModel, request: Request, leaving: Leaving, tries: _Tries
    ) -> Reply:
        """One row of the ledger, from its reservation to its settlement."""
        facts = telling.of_call(call, model, self.purpose)
        with tracing.span(f"chat {model.name}", kind="client", facts=facts) as span:
            return self._settled(call, model, request, leaving, tries, span)

    def _settled(
        self,
        call: ModelCall,
        model: LanguageModel,
        request: Request,
        leaving: Leaving,
        tries: _Tries,
        span: tracing.Span,
    ) -> Reply:
        made, begun = tries.made, time.monotonic()
        voice = Voice(self.told, leaving.masker) if self.told else None
        end = _End()
        try:
            came = self._tried(model, leaving.request, tries, voice)
            end.usage = came.usage or usage_of(leaving.request, came)
            end.answered = came.model_dump(mode="json", exclude_defaults=True, exclude={"usage"})
            if voice is not None:
                voice.end()
            data = answers.data_of(request, came, restored=leaving.masker.restore_value)
            end.status = ModelCall.Status.SUCCEEDED
            return leaving.masker.reply(came.model_copy(update={"data": None})).model_copy(
                update={"data": data, "usage": end.usage}
            )
        except Exception as problem:
            if isinstance(problem, AnswerUnusable):
                problem.answer = leaving.masker.restore_text(problem.answer)
            end.fail(problem)
            raise
        finally:
            self.has_spoken |= voice is not None and voice.has_spoken
            first = voice.first_word_ms if voice else None
            budgets.settle(
                call, status=end.status, usage=end.usage, answered=end.answered, problem=end.problem,
                attempts=tries.made - made, first_word_ms=first,
            )  # fmt: skip
            self._note(call, model, end, time.monotonic() - begun, first)
            telling.end(span, usage=end.usage, problem=end.problem, tries=tries.made - made, first_word_ms=first)

    def _tried(self, model: LanguageModel, sent: Request, tries: _Tries, voice: Voice | None) -> Reply:
        """The answer as it came, after as many tries as it takes, of which only the last may be charged."""
        while True:
            try:
                return self._once(model, sent, tries, voice)
            except ModelProblem as problem:
                if problem.was_sent or not tries.again(problem):
                    raise

    def _once(self, model: LanguageModel, sent: Request, tries: _Tries, voice: Voice | None) -> Reply:
        provider = model.provider
        if closed := breaker.seconds_closed(provider.pk):
            raise ModelProblem(
                f"{provider.name} failed several times in a row, and is left alone for {closed:.0f} s.", was_sent=False
            )
        kind = PROVIDER_KINDS[provider.kind]
        with place(provider, until=tries.until, stopping=self.stopping):
            tries.made += 1
            try:
                reply = kind.ask(
                    _settings(model), model.name, sent, seconds=max(0.0, tries.until - time.monotonic()),
                    told=voice.say if voice else None, stopping=self.stopping,
                )  # fmt: skip
            except ModelProblem as problem:
                metrics.TRIES.labels(provider.kind, "failed").inc()
                if isinstance(problem, ModelUnavailable):
                    breaker.failed(provider.pk)
                raise
        metrics.TRIES.labels(provider.kind, "answered").inc()
        breaker.answered(provider.pk)
        return reply

    def _note(self, call: ModelCall, model: LanguageModel, end: _End, seconds: float, first: int | None) -> None:
        """Tell the metrics and the log: no text, and nobody's name."""
        usage, outcome = end.usage or Usage(), end.problem.code if end.problem else str(end.status)
        metrics.tell(model.provider.kind, outcome, seconds, usage)
        logger.info(
            "a model was asked",
            extra={
                "call": str(call.pk),
                "purpose": self.purpose.what,
                "agent": self.purpose.agent_key,
                "kind": model.provider.kind,
                "model": model.name,
                "outcome": outcome,
                "ms": round(seconds * 1000),
                "first_word_ms": first,
                "usage_input": usage.input,
                "usage_output": usage.output,
            },
        )


def _settings(model: LanguageModel) -> BaseModel:
    """How the provider is reached."""
    kind, provider = PROVIDER_KINDS[model.provider.kind], model.provider
    try:
        return kind.settings_type.model_validate(provider.access)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        raise ModelMisconfigured(f"The settings of {provider.name} are not whole: look at {places}.") from None


def _fitted(model: LanguageModel, leaving: Leaving) -> Request:
    """The request as this model takes it. Raises `ModelProblem` where it cannot."""
    request = leaving.request if model.takes_schema else answers.schema_in_words(leaving.request)
    longest = min(request.longest_answer or model.longest_answer, model.longest_answer)
    if request.tools and not model.takes_tools:
        raise ModelProblem(f"{model.name} takes no tools.", remedy="Choose a model that does.", was_sent=False)
    if leaving.tokens + longest > model.context:
        raise ModelProblem(
            f"{model.name} takes {model.context:,} tokens; this has about {leaving.tokens:,}, and an answer may have "
            f"{longest:,}.",
            remedy="Ask over less at a time, or choose a model that takes more.",
            was_sent=False,
        )
    return request.model_copy(update={"longest_answer": longest})

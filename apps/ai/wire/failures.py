"""What the library raises, as what it means for whoever asked: whether to try again, whether it may be charged."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from apps.ai.contract import ModelProblem
from apps.ai.failures import AnswerUnusable, ModelMisconfigured, ModelStopped, ModelUnavailable
from apps.common.errors import Problem
from apps.common.outbound import OutboundFailed, OutboundRefused, OutboundStopped
from apps.common.redaction import redacted

_BUSY: Final = {408, 409, 425, 500, 502, 503, 504, 529}
_LONGEST_TOLD: Final = 300


def problem_of(error: Exception, *, seconds: float) -> Problem | None:
    """The `Problem` that `error` is; None for what is a fault of ours."""
    import openai

    for each in _causes(error):
        if isinstance(each, openai.APIStatusError):
            return _of_status(each)
        if (problem := _of_connection(each, seconds)) is not None:
            return problem
        if isinstance(each, Problem):
            return each
    if isinstance(error, openai.APIError):  # of an event that says so, within a stream that had begun
        return ModelUnavailable(f"The provider broke off: {told_words(error.message)}", may_repeat=False)
    if isinstance(error, openai.OpenAIError | json.JSONDecodeError | UnicodeDecodeError):
        return no_answer()
    return None


def no_answer() -> ModelProblem:
    """What came is not in the protocol: a page of a proxy, half an answer, another service."""
    return ModelMisanswered("What came back is no answer of a model.")


class ModelMisanswered(AnswerUnusable):
    """An answer that is not even in the protocol; asking again in other words is of no use."""

    code, status, title = "model_misanswered", 502, "What answered speaks another protocol"
    cause = "At the provider's address something answers that is no service of models: a page of a proxy, for example."
    effect = "The model was not asked; everything that is computed is there as always."
    remedy = "See that the address is that of an OpenAI-compatible service (it often ends in /v1), and test it again."


class NotThere(ModelMisconfigured):
    """The service answers, and has nothing of this name or at this address."""

    code, status, title = "model_not_there", 502, "The provider has no such model"
    cause = "The provider answers, and knows no model of this name, or nothing at this path of its address."
    effect = "No model was asked; everything that is computed is there as always."
    remedy = "Have an administrator test the provider's connection, and choose a model from the list that it offers."


def _of_connection(error: BaseException, seconds: float) -> Problem | None:
    if isinstance(error, OutboundStopped):
        return ModelStopped()
    if isinstance(error, OutboundRefused):
        return ModelMisconfigured(error.detail, remedy=error.remedy)
    if isinstance(error, OutboundFailed):  # its name has no address
        return ModelUnavailable(error.detail, was_sent=False)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ModelUnavailable("There is no connection to the provider.", was_sent=False)
    if isinstance(error, httpx.TimeoutException):
        return ModelUnavailable(f"The provider did not answer within {max(1, round(seconds))} s.")
    if isinstance(error, httpx.RemoteProtocolError) and "longer than" in str(error):
        return ModelProblem(str(error), remedy="Ask for less, or choose another model.")
    if isinstance(error, httpx.TransportError | EOFError):
        return ModelUnavailable("The connection to the provider broke off before the answer was whole.")
    return None


def _of_status(error: Any) -> ModelProblem:
    """An answer by status is not charged: `was_sent` is False."""
    status, code, said = int(error.status_code), str(getattr(error, "code", None) or ""), told_words(_message_of(error))
    after = _after(error.response.headers)
    if code in {"insufficient_quota", "billing_hard_limit_reached"}:
        return ModelMisconfigured(
            f"The account with the provider is used up. {said}", remedy="Pay in with the provider, or use another one."
        )
    if status == 429:
        return ModelProblem(
            f"The provider takes no more requests for the moment. {said}",
            remedy="Try again in a minute, or allow fewer calls at once on the provider's page.",
            may_repeat=True,
            after=after,
            was_sent=False,
        )
    if status in _BUSY:
        return ModelUnavailable(f"The provider answered {status}. {said}", after=after, was_sent=False)
    if status in {401, 403}:
        return ModelMisconfigured(
            f"The provider refuses the key ({status}). {said}", remedy="Give a key that is good and may use this model."
        )
    if status == 404:
        return NotThere(
            f"The provider does not know this model, or nothing is at this address. {said}",
            remedy="Compare the model's name with the provider's list, and see that the base URL is right.",
        )
    if 300 <= status < 400:
        return ModelMisconfigured(
            "The address answers with a redirect, which is not followed.", remedy="Give the address it leads to."
        )
    if code in {"context_length_exceeded", "string_above_max_length"} or status == 413:
        return ModelProblem(
            f"The request is too long for the model. {said}",
            remedy="Ask over less at a time, or choose a model that takes more.",
            was_sent=False,
        )
    return ModelProblem(
        f"The provider does not accept the request ({status}). {said}",
        remedy="If it names tools or a schema, untick on the model's form what it does not take.",
        was_sent=False,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those behind it."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _message_of(error: Any) -> str:
    body = error.body
    if isinstance(body, dict):
        return str(body.get("message") or "")
    return ""  # a page of somebody on the way


def told_words(text: str) -> str:
    """A provider's words without secrets: some repeat the key that they refuse."""
    said = redacted(" ".join(text.split()))
    return said if len(said) <= _LONGEST_TOLD else f"{said[:_LONGEST_TOLD]}…"


def _after(headers: Any) -> float | None:
    """Seconds of `Retry-After`, in either of its forms (RFC 9110, 10.2.3), or of its variant in milliseconds."""
    with_fraction = headers.get("retry-after-ms")
    told = headers.get("retry-after")
    try:
        if with_fraction is not None:
            return max(0.0, float(with_fraction) / 1000)
        if told is None:
            return None
        if told.strip().replace(".", "", 1).isdigit():
            return float(told)
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None

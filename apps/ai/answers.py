"""Answers that have to keep a schema: read from the model's words, and checked against it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.ai.contract import Message, Reply, Request
from apps.ai.failures import AnswerUnusable
from apps.common.jsons import json_read

_MOST_TOLD: Final = 5
_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.S | re.I)


def data_of(request: Request, reply: Reply, *, restored: Callable[[Any], Any] = lambda data: data) -> Any:
    """What the reply says by the request's schema; None where the request has none. Raises `AnswerUnusable`.

    `restored` puts back what was masked: the schema holds for that. A refusal has no data; nor has a reply that asks
    tools.
    """
    if request.answer_schema is None or reply.refusal or reply.calls:
        return None
    if reply.is_cut:
        raise AnswerUnusable(
            "It was cut off at the most that it may be long, so that it is not whole.",
            remedy="Allow a longer answer, or ask for less at a time.",
            usage=reply.usage,
        )
    try:
        data = restored(json_read(_bare(reply.text)))
    except ValueError as error:
        raise AnswerUnusable(f"It is not JSON: {error}.", answer=reply.text, usage=reply.usage) from None
    if wrong := faults(data, request.answer_schema):
        raise AnswerUnusable(f"It does not keep its schema: {'; '.join(wrong)}.", answer=reply.text, usage=reply.usage)
    return data


def schema_in_words(request: Request) -> Request:
    """The request for a model that takes no schema: it is told in the conversation. Whoever asks checks the answer."""
    if request.answer_schema is None:
        return request
    said = "Answer with one JSON value and nothing around it. It has to keep this JSON schema:\n" + json.dumps(
        request.answer_schema, ensure_ascii=False
    )
    told = Message(role="system", text=said)
    first = next((place for place, each in enumerate(request.messages) if each.role != "system"), len(request.messages))
    messages = (*request.messages[:first], told, *request.messages[first:])
    return request.model_copy(update={"messages": messages, "answer_schema": None})


def faults(data: Any, schema: Mapping[str, Any]) -> list[str]:
    """What of `data` does not keep the schema, in words with the place; the first few. What it refers to elsewhere is
    not fetched: it counts as kept by nothing. So does a schema of others that is none."""
    import jsonschema  # takes a tenth of a second
    import referencing

    found = []
    try:
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        checked = kind(schema, registry=referencing.Registry(), format_checker=kind.FORMAT_CHECKER)
        for error in checked.iter_errors(data):
            found.append(f"{'.'.join(map(str, error.absolute_path)) or 'the whole'}: {_short(error.message)}")
            if len(found) == _MOST_TOLD:
                break
    except Exception as error:  # noqa: BLE001  # a word of it may be of any wrong type, or no regular expression
        found.append(f"the schema cannot be used: {_short(str(error))}")
    return found


def _bare(text: str) -> str:
    """The words without the fence that models like to put around JSON."""
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"

"""What both forms of the protocol have in common."""

from __future__ import annotations

import json
from typing import Any

from apps.ai.contract import Request, ToolCall, Usage
from apps.ai.failures import AnswerUnusable
from apps.ai.wire.failures import no_answer
from apps.ai.wire.strict import strict, without_fillers
from apps.common.jsons import json_read

NAME = "answer"
"""Of the schema that an answer has to keep."""
_MOST_TOKENS = 100_000_000
"""Of one call: far beyond what any model takes."""


def schema_sent(request: Request) -> dict[str, Any]:
    """Name, schema and strictness of the answer's schema."""
    assert request.answer_schema is not None  # noqa: S101  # for the types: it is only called where there is one
    made = strict(request.answer_schema)
    return {"name": NAME, "schema": made or dict(request.answer_schema), "strict": made is not None}


def plain_text(request: Request, text: str) -> str:
    """An answer by schema without what only strictness asked for; other text as it is."""
    text = whole_letters(text)
    if request.answer_schema is None or strict(request.answer_schema) is None:
        return text
    try:
        return whole_letters(json.dumps(without_fillers(json.loads(text), request.answer_schema), ensure_ascii=False))
    except (ValueError, RecursionError):
        return text


def whole_letters(text: str) -> str:
    """The text as it can be stored and sent. Services that cut an answer between two tokens send halves of characters:
    two that belong together are one, and what is left alone becomes the sign for what cannot be read."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def usage_of(told: Any, *, input: str, output: str) -> Usage | None:
    """What a provider counted, under these names; None where that is no count: then it is estimated. Counts that no
    model can have are none, as they would leave the ledger without its end."""
    if not isinstance(told, dict):
        return None
    parts = told.get(f"{input}_details")
    cached = parts.get("cached_tokens") if isinstance(parts, dict) else 0
    counts = [told.get(input), cached or 0, told.get(output) or 0]
    if not all(type(each) is int and 0 <= each <= _MOST_TOKENS for each in counts):
        return None
    return Usage(input=counts[0], cached=counts[1], output=counts[2])


def dumped(answer: Any) -> dict[str, Any]:
    """What the library read. Of what is not JSON it makes a text, without a word."""
    if not hasattr(answer, "model_dump"):
        raise no_answer()
    data: dict[str, Any] = answer.model_dump()
    return data


def call_of(id: str, name: str, arguments: str, usage: Usage | None) -> ToolCall:
    """Raises `AnswerUnusable` where the arguments are no object of JSON."""
    try:
        read = json_read(arguments or "{}")
    except ValueError:
        read = None
    if not isinstance(read, dict) or not id or not name:
        raise AnswerUnusable(
            f"What it asks the tool {name!r} is no object of JSON.", answer=f"{name}({arguments})", usage=usage
        )
    return ToolCall(id=whole_letters(id), name=whole_letters(name), arguments=read)

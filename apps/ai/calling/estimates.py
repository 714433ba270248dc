"""How many tokens a text may be, before a provider has counted them.

Without a network nothing knows the tokens of every model; so it is estimated from above, by bytes of UTF-8. Prose in
Latin letters has four bytes to a token and more, JSON and code three to four, figures three, and a character of Chinese
or Japanese, which is one token or less with the models of today, has three bytes. So three bytes count as a token; only
text without words, as keys in base64, has fewer. What a call really took is settled by what the provider counted.
"""

from __future__ import annotations

import json
from typing import Any, Final

from apps.ai.contract import Reply, Request, Usage

BYTES: Final = 3
"""Of a token."""
AROUND: Final = 8
"""Tokens that stand around each message and each tool."""


def tokens_of(request: Request) -> int:
    """Tokens of what is sent, at most."""
    total = AROUND
    for message in request.messages:
        total += AROUND + _of_text(message.text)
        total += sum(AROUND + _of_text(call.name) + _of_json(call.arguments) for call in message.calls)
    for tool in request.tools:
        total += AROUND + _of_text(tool.name) + _of_text(tool.description) + _of_json(tool.parameters)
    return total + (_of_json(request.answer_schema) if request.answer_schema is not None else 0)


def usage_of(request: Request, reply: Reply) -> Usage:
    """What a call took, where its provider does not tell."""
    answered = _of_text(reply.text) + _of_text(reply.refusal)
    answered += sum(AROUND + _of_text(call.name) + _of_json(call.arguments) for call in reply.calls)
    return Usage(input=tokens_of(request), output=answered)


def _of_json(value: Any) -> int:
    return _of_text(json.dumps(value, ensure_ascii=False))


def _of_text(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // BYTES)

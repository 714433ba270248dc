"""What may leave: the request masked, or a refusal where a tenant keeps personal data and masking cannot promise it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from apps.ai.contract import Message, Request
from apps.ai.masking.masker import Masker
from apps.common.errors import Problem


class PersonalDataStays(Problem):
    code, status, title = "personal_data_stays", 422, "This may hold personal data, which may not leave"
    cause = (
        "The organisation lets no personal data go to models. What should be sent holds text of documents or of others "
        "outside, in which names cannot be told, or a personal value that could not be masked."
    )
    effect = "Nothing was sent, and nothing was spent. What is computed without a model is there as always."
    remedy = "Leave the text out, ask over fields and figures instead, or have an administrator change the policy."


def masked_for_leaving(request: Request, *, keeps_personal_data: bool, nonce: str = "") -> tuple[Request, Masker]:
    """The request as it may be sent, and the masker that restores what is answered. Where something is masked, the
    model is told what tokens are. With the same `nonce` a conversation that goes on has the same tokens.

    Raises `PersonalDataStays` with `keeps_personal_data` when the request quotes documents, when a declared value still
    stands in it, or when a detector still finds something: names of fields and tools count, which no token replaces.
    """
    masker = Masker(nonce)
    masked = masker.request(request)
    if masker.counts():
        masked = masked.model_copy(update={"messages": _told(masked.messages, masker)})
    if keeps_personal_data:
        if request.holds_documents:
            raise PersonalDataStays("The request quotes a document or other text from outside. Nothing was sent.")
        for where, text in _texts(masked):
            if masker.is_left_in(text) or any(_stands_in(value, text) for value in request.personal):
                raise PersonalDataStays(f"Something personal in {where} could not be masked. Nothing was sent.")
    return masked, masker


def _told(messages: tuple[Message, ...], masker: Masker) -> tuple[Message, ...]:
    """With a word about tokens at the end of what the system says."""
    note = f"Marks such as {masker.example} stand for data that you are not shown. Copy them letter by letter."
    first = messages[0] if messages and messages[0].role == "system" else None
    if first is None:
        return (Message(role="system", text=note), *messages)
    return (first.model_copy(update={"text": f"{first.text}\n\n{note}"}), *messages[1:])


def _texts(request: Request) -> Iterator[tuple[str, str]]:
    """All that would leave, with where it stands."""
    for place, message in enumerate(request.messages):
        yield f"messages[{place}]", message.text
        for call in message.calls:
            yield f"messages[{place}].calls", json.dumps(call.arguments, ensure_ascii=False)
    for place, tool in enumerate(request.tools):
        yield f"tools[{place}]", f"{tool.name} {tool.description} {json.dumps(tool.parameters, ensure_ascii=False)}"
    if request.answer_schema is not None:
        yield "answer_schema", json.dumps(request.answer_schema, ensure_ascii=False)


def _stands_in(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.I) is not None

"""Chat completions (POST /chat/completions)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from apps.ai.contract import Message, Reply, Request, ToolCall, Usage
from apps.ai.wire.failures import no_answer
from apps.ai.wire.parts import call_of, dumped, plain_text, schema_sent, usage_of, whole_letters

if TYPE_CHECKING:
    import openai


def ask(
    client: openai.OpenAI,
    model: str,
    request: Request,
    *,
    told: Callable[[str], None] | None,
    limit: str = "max_completion_tokens",
    counts_streams: bool = True,
) -> Reply:
    """`limit` is the name under which the service takes the length of an answer; `counts_streams` is whether it may be
    asked to tell the tokens of an answer that streams. Raises what the library raises, and `AnswerUnusable`."""
    body = body_of(model, request, limit=limit)
    if told is None:
        return reply_of(request, dumped(client.chat.completions.create(**body)))
    if counts_streams:
        body["stream_options"] = {"include_usage": True}
    with client.chat.completions.create(**body, stream=True) as stream:
        return _streamed(request, (dumped(each) for each in stream), told)


def body_of(model: str, request: Request, *, limit: str = "max_completion_tokens") -> dict[str, Any]:
    """What is sent."""
    body: dict[str, Any] = {"model": model, "messages": [_message(each) for each in request.messages]}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": each.name, "description": each.description, "parameters": each.parameters},
            }
            for each in request.tools
        ]
    if request.answer_schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": schema_sent(request)}
    if request.longest_answer is not None:
        body[limit] = request.longest_answer
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return body


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {
            "id": each.id,
            "type": "function",
            "function": {"name": each.name, "arguments": json.dumps(each.arguments, ensure_ascii=False)},
        }
        for each in message.calls
    ]
    return {"role": message.role, "content": message.text or None, "tool_calls": calls}


def reply_of(request: Request, answer: dict[str, Any]) -> Reply:
    """An answer that came whole."""
    choices = answer.get("choices")
    if not choices or not isinstance(choices[0].get("message"), dict):
        raise no_answer()
    choice, usage = choices[0], _usage(answer.get("usage"))
    message = choice["message"]
    parts = [(each.get("id"), each.get("function") or {}) for each in message.get("tool_calls") or ()]
    return _reply(
        request,
        text=_text(message.get("content")),
        refusal=str(message.get("refusal") or ""),
        parts=[(str(id or ""), str(each.get("name") or ""), str(each.get("arguments") or "")) for id, each in parts],
        reason=choice.get("finish_reason"),
        usage=usage,
    )


def _streamed(request: Request, chunks: Iterable[dict[str, Any]], told: Callable[[str], None]) -> Reply:
    texts, refusals, calls = list[str](), list[str](), dict[int, list[str]]()
    reason, usage = None, None
    for chunk in chunks:
        usage = _usage(chunk.get("usage")) or usage
        for choice in (chunk.get("choices") or [])[:1]:
            delta, reason = choice.get("delta") or {}, choice.get("finish_reason") or reason
            if piece := _text(delta.get("content")):
                texts.append(piece)
                told(piece)
            refusals.append(str(delta.get("refusal") or ""))
            for part in delta.get("tool_calls") or ():
                held = calls.setdefault(part.get("index") or 0, ["", "", ""])
                function = part.get("function") or {}
                held[0] = held[0] or str(part.get("id") or "")
                held[1] += str(function.get("name") or "")
                held[2] += str(function.get("arguments") or "")
    if reason is None:  # some services end so when they break down
        raise EOFError("The stream ended before the answer did.")
    return _reply(
        request, text="".join(texts), refusal="".join(refusals),
        parts=[(each[0], each[1], each[2]) for _, each in sorted(calls.items())], reason=reason, usage=usage,
    )  # fmt: skip


def _reply(
    request: Request,
    *,
    text: str,
    refusal: str,
    parts: list[tuple[str, str, str]],
    reason: str | None,
    usage: Usage | None,
) -> Reply:
    calls: tuple[ToolCall, ...] = tuple(
        # Some services give no ids: any that is unique in the answer does.
        call_of(id or f"call_{place}", name, arguments, usage)
        for place, (id, name, arguments) in enumerate(parts, start=1)
    )
    if reason == "content_filter" and not refusal:
        refusal, text = text or "The provider's filter of contents stopped the answer.", ""
    return Reply(
        text=plain_text(request, text),
        calls=calls,
        refusal=whole_letters(refusal),
        is_cut=reason == "length",
        usage=usage,
    )


def _text(content: Any) -> str:
    """Of services that answer in parts, the text of them."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _usage(told: Any) -> Usage | None:
    return usage_of(told, input="prompt_tokens", output="completion_tokens")

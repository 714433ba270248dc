"""The Responses API (POST /responses). The provider is told to keep nothing (`store`): each request holds it all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from apps.ai.contract import Message, Reply, Request, Usage
from apps.ai.failures import ModelUnavailable
from apps.ai.wire.failures import no_answer, told_words
from apps.ai.wire.parts import call_of, dumped, plain_text, schema_sent, usage_of, whole_letters

if TYPE_CHECKING:
    import openai

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


def ask(client: openai.OpenAI, model: str, request: Request, *, told: Callable[[str], None] | None) -> Reply:
    """Raises what the library raises, and `ModelProblem`."""
    body = body_of(model, request)
    if told is None:
        return reply_of(request, dumped(client.responses.create(**body)))
    with client.responses.create(**body, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                told(event.delta)
            elif event.type in _ENDS:
                return reply_of(request, dumped(event.response))
    raise EOFError("The stream ended before the answer did.")


def body_of(model: str, request: Request) -> dict[str, Any]:
    """What is sent."""
    items = [item for message in request.messages for item in _items(message)]
    body: dict[str, Any] = {"model": model, "input": items, "store": False}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": each.name,
                "description": each.description,
                "parameters": each.parameters,
                "strict": False,
            }
            for each in request.tools
        ]
    if request.answer_schema is not None:
        body["text"] = {"format": {"type": "json_schema", **schema_sent(request)}}
    if request.longest_answer is not None:
        body["max_output_tokens"] = request.longest_answer
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return body


def _items(message: Message) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.answers, "output": message.text}
        return
    if message.text or not message.calls:
        yield {"role": message.role, "content": message.text}
    for each in message.calls:
        arguments = json.dumps(each.arguments, ensure_ascii=False)
        yield {"type": "function_call", "call_id": each.id, "name": each.name, "arguments": arguments}


def reply_of(request: Request, answer: dict[str, Any]) -> Reply:
    """An answer that is whole."""
    output, usage = answer.get("output"), _usage(answer.get("usage"))
    if not isinstance(output, list):
        raise no_answer()
    if answer.get("status") == "failed":
        said = told_words(str((answer.get("error") or {}).get("message") or ""))
        raise ModelUnavailable(f"The provider could not finish the answer. {said}")
    contents = [part for item in output if item.get("type") == "message" for part in item.get("content") or ()]
    calls = [item for item in output if item.get("type") == "function_call"]
    why = (answer.get("incomplete_details") or {}).get("reason")
    refusal = "".join(str(each.get("refusal") or "") for each in contents if each.get("type") == "refusal")
    if why == "content_filter" and not refusal:
        refusal = "The provider's filter of contents stopped the answer."
    text = "".join(str(each.get("text") or "") for each in contents if each.get("type") == "output_text")
    return Reply(
        text=plain_text(request, text),
        calls=tuple(
            call_of(
                str(each.get("call_id") or ""), str(each.get("name") or ""), str(each.get("arguments") or ""), usage
            )
            for each in calls
        ),
        refusal=whole_letters(refusal),
        is_cut=why == "max_output_tokens",
        usage=usage,
    )


def _usage(told: Any) -> Usage | None:
    return usage_of(told, input="input_tokens", output="output_tokens")

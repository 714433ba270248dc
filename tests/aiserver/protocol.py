"""OpenAI's forms of an answer, whole and in pieces."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

from tests.aiserver.asked import Asked
from tests.aiserver.scenarios import Fail, Say

_number = itertools.count(1)


def models(names: list[str]) -> dict[str, Any]:
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "tests"} for name in names]
    return {"object": "list", "data": data}


def error(fail: Fail) -> dict[str, Any]:
    return {"error": {"message": fail.message, "type": fail.code or "error", "param": None, "code": fail.code or None}}


def whole(asked: Asked, say: Say) -> dict[str, Any]:
    return _response(asked, say) if asked.is_response else _completion(asked, say)


def pieces(asked: Asked, say: Say) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of events, empty for chat completions, with their data."""
    return _events(asked, say) if asked.is_response else (("", each) for each in _chunks(asked, say))


def _split(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


# Chat completions


def _completion(asked: Asked, say: Say) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None, "refusal": say.refusal or None}
    if say.calls:
        message["tool_calls"] = [
            {"id": f"call_{next(_number)}", "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for call in say.calls
        ]
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{next(_number)}", "object": "chat.completion", "created": int(time.time()),
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": _reason(say), "logprobs": None}],
    }  # fmt: skip
    return answer if say.tokens is None else {**answer, "usage": _usage(say.tokens)}


def _chunks(asked: Asked, say: Say) -> Iterator[dict[str, Any]]:
    id = f"chatcmpl-{next(_number)}"

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        head = {"id": id, "object": "chat.completion.chunk", "created": int(time.time()), "model": asked.model}
        return {**head, "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in _split(say.text):
        yield chunk({"content": piece})
    for piece in _split(say.refusal):
        yield chunk({"refusal": piece})
    for index, call in enumerate(say.calls):
        function = {"name": call.name, "arguments": ""}
        head = {"index": index, "id": f"call_{next(_number)}", "type": "function", "function": function}
        yield chunk({"tool_calls": [head]})
        for start in range(0, len(call.text), 5):
            part = {"arguments": call.text[start : start + 5]}
            yield chunk({"tool_calls": [{"index": index, "function": part}]})
    yield chunk({}, _reason(say))
    if say.tokens is not None and (asked.body.get("stream_options") or {}).get("include_usage"):
        yield {**chunk({}), "choices": [], "usage": _usage(say.tokens)}


def _reason(say: Say) -> str:
    return "length" if say.is_cut else "tool_calls" if say.calls else "stop"


def _usage(tokens: tuple[int, int, int]) -> dict[str, Any]:
    prompt, cached, completion = tokens
    return {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }  # fmt: skip


# Responses


def _response(asked: Asked, say: Say, *, status: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": f"resp_{next(_number)}", "object": "response", "created_at": int(time.time()), "model": asked.model,
        "status": status or ("incomplete" if say.is_cut else "completed"), "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if say.is_cut else None, "instructions": None,
        "metadata": {}, "output": [] if status else _items(say), "parallel_tool_calls": True, "temperature": 1.0,
        "tool_choice": "auto", "tools": [], "top_p": 1.0,
    }  # fmt: skip
    if say.tokens is None or status:
        return answer
    prompt, cached, completion = say.tokens
    usage = {
        "input_tokens": prompt, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": prompt + completion,
    }  # fmt: skip
    return {**answer, "usage": usage}


def _items(say: Say) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if say.text or say.refusal:
        said = {"type": "output_text", "text": say.text, "annotations": []}
        content = {"type": "refusal", "refusal": say.refusal} if say.refusal else said
        items.append(
            {"type": "message", "id": f"msg_{next(_number)}", "status": "completed", "role": "assistant",
             "content": [content]}
        )  # fmt: skip
    for call in say.calls:
        number = next(_number)
        items.append(
            {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": call.name,
             "arguments": call.text, "status": "completed"}
        )  # fmt: skip
    return items


def _events(asked: Asked, say: Say) -> Iterator[tuple[str, dict[str, Any]]]:
    sequence = itertools.count()

    def event(kind: str, /, **data: Any) -> tuple[str, dict[str, Any]]:
        return kind, {"type": kind, "sequence_number": next(sequence), **data}

    ended = _response(asked, say)
    yield event("response.created", response=_response(asked, say, status="in_progress"))
    for place, item in enumerate(ended["output"]):
        yield event("response.output_item.added", output_index=place, item={**item, "status": "in_progress"})
        where = {"item_id": item["id"], "output_index": place}
        if item["type"] == "function_call":
            for start in range(0, len(item["arguments"]), 5):
                part = item["arguments"][start : start + 5]
                yield event("response.function_call_arguments.delta", delta=part, **where)
            yield event(
                "response.function_call_arguments.done", arguments=item["arguments"], name=item["name"], **where
            )
        else:
            where = {**where, "content_index": 0}
            kind = "response.refusal.delta" if say.refusal else "response.output_text.delta"
            for piece in _split(say.refusal or say.text):
                yield event(kind, delta=piece, **where, **({} if say.refusal else {"logprobs": []}))
        yield event("response.output_item.done", output_index=place, item=item)
    yield event("response.incomplete" if say.is_cut else "response.completed", response=ended)

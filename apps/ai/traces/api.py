"""Calls of models over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.models import ModelCall
from apps.ai.permissions import TRACES_VIEW
from apps.ai.traces.selectors import Trace, trace_get
from apps.gateway.api import ApiView

TAG = "models"
_OUT: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "purpose": "explain",
    "provider": "Our OpenAI account",
    "model": "gpt-4.1",
    "prompt": "explain@3",
    "status": "succeeded",
    "attempts": 1,
    "tokens_input": 812,
    "tokens_cached": 0,
    "tokens_output": 164,
    "money": "0.00293600",
    "currency": "USD",
    "first_word_ms": 412,
    "milliseconds": 2310,
    "masked": {"email": 1},
    "problem_code": "",
    "started_at": "2026-11-25T16:40:00Z",
    "finished_at": "2026-11-25T16:40:02Z",
}


class ModelCallOut(BaseModel):
    """One call of a model: what it was for and what it took."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    id: UUID
    purpose: str = Field(description="`explain`, `answer`, `draft`, `fill`, `agent` or `test`.")
    provider: str
    model: str
    prompt: str = Field(description="Key and version of the prompt; empty where it is none of the prompts here.")
    status: Literal["open", "succeeded", "failed", "unknown"]
    attempts: int
    tokens_input: int
    tokens_cached: int = Field(description="Of the input.")
    tokens_output: int
    money: Decimal
    currency: str
    first_word_ms: int | None = Field(description="Milliseconds to the first word of an answer that streamed.")
    milliseconds: int | None = Field(description="Until it ended; null while it is under way.")
    masked: dict[str, int] = Field(description="How many values of each kind were masked before it left.")
    problem_code: str
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, call: ModelCall) -> Self:
        return cls(**_told(call))


class ToolAskedOut(BaseModel):
    """A tool that the model asked."""

    name: str
    arguments: dict[str, Any]
    answer_characters: int | None = Field(description="Of what it was told; null: no model was told it.")


class ModelCallDetail(ModelCallOut):
    """A call with its texts, as they left and came: with tokens for what was masked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _OUT
                | {
                    "messages": [{"role": "user", "text": "Write to [[EMAIL_1_KQZMB]]."}],
                    "tools_offered": ["read_rows"],
                    "text": "Dear [[EMAIL_1_KQZMB]]",
                    "refusal": "",
                    "tools_asked": [{"name": "read_rows", "arguments": {"from": 0}, "answer_characters": 2048}],
                }
            ]
        }
    )

    messages: list[dict[str, Any]] = Field(description="What it was sent.")
    tools_offered: list[str]
    text: str = Field(description="What it answered.")
    refusal: str
    tools_asked: list[ToolAskedOut]

    @classmethod
    def of_trace(cls, trace: Trace) -> Self:
        asked = [
            ToolAskedOut(name=each.name, arguments=dict(each.arguments), answer_characters=each.answer_characters)
            for each in trace.asked
        ]
        return cls(
            **_told(trace.call),
            messages=[dict(each) for each in trace.messages],
            tools_offered=[each["name"] for each in trace.tools],
            text=trace.text,
            refusal=trace.refusal,
            tools_asked=asked,
        )


class ModelCalls(BaseModel):
    """The calls of models for one thing, in their order: the last hundred."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_OUT]}]})

    items: list[ModelCallOut]


def _told(call: ModelCall) -> dict[str, Any]:
    duration = call.duration
    same = ("id", "purpose", "prompt", "status", "attempts", "tokens_input", "tokens_cached", "tokens_output", "money")
    rest = ("currency", "first_word_ms", "masked", "problem_code", "finished_at")
    return {name: getattr(call, name) for name in (*same, *rest)} | {
        "provider": call.provider_name,
        "model": call.model_name,
        "milliseconds": None if duration is None else round(duration.total_seconds() * 1000),
        "started_at": call.created_at,
    }


class ModelCallOne(ApiView):
    permission = {"GET": TRACES_VIEW}

    @extend_schema(operation_id="model_call_get", tags=[TAG], responses={200: ModelCallDetail})
    def get(self, request: Request, call: UUID) -> Response:
        """One call of a model, with what was sent and what came back, masked."""
        return self.answer(ModelCallDetail.of_trace(trace_get(who=self.who, id=call)))

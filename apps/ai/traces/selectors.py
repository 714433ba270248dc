"""Calls of models, as they are looked into."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.ai.models import ModelCall
from apps.ai.permissions import MODELS_VIEW, TRACES_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand

MOST: Final = 100
"""Calls of one subject that are told."""


@dataclass(frozen=True)
class ToolAsked:
    """A tool that the model asked, and how much it was told."""

    name: str
    arguments: Mapping[str, Any]
    answer_characters: int | None
    """None: the answer was never sent to a model, as the loop ended there."""


@dataclass(frozen=True)
class Trace:
    """One call with its texts, as they left and came: with tokens for what was masked."""

    call: ModelCall
    messages: list[Mapping[str, Any]]
    tools: list[Mapping[str, Any]]
    """What it was offered."""
    text: str
    refusal: str
    asked: list[ToolAsked]


def calls_of(*, who: Principal, subjects: Collection[UUID]) -> list[ModelCall]:
    """The calls for these things, such as runs, in order: the last hundred, without their texts. One statement."""
    demand(who, MODELS_VIEW)
    if not subjects:
        return []
    calls = ModelCall.objects.filter(subject__in=subjects).defer("sent", "answered", "problem")
    return list(calls.order_by("-id")[:MOST])[::-1]


def trace_get(*, who: Principal, id: UUID) -> Trace:
    """One call with what was sent and answered. Raises `NotFound`."""
    demand(who, TRACES_VIEW)
    call = ModelCall.objects.filter(pk=id).first()
    if call is None:
        raise NotFound
    sent, answered = call.sent or {}, call.answered or {}
    told = _told_later(call) if answered.get("calls") else {}
    asked = [
        ToolAsked(each["name"], each.get("arguments", {}), told.get(each["id"])) for each in answered.get("calls", ())
    ]
    return Trace(
        call,
        sent.get("messages", []),
        sent.get("tools", []),
        answered.get("text", ""),
        answered.get("refusal", ""),
        asked,
    )


def _told_later(call: ModelCall) -> dict[str, int]:
    """How long the answers of tools were, by the id of what was asked, as the next call for the same tells them."""
    later = (
        ModelCall.objects.filter(subject=call.subject, id__gt=call.pk).order_by("id").first() if call.subject else None
    )
    messages = (later.sent or {}).get("messages", []) if later else []
    return {each["answers"]: len(each.get("text", "")) for each in messages if each.get("answers")}

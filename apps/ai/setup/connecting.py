"""Connections tried out: which models a provider offers, and what a model answers to a word."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone
from pydantic import ValidationError

from apps.ai.calling import model_of
from apps.ai.contract import PROVIDER_KINDS, Message, Purpose, Request
from apps.ai.failures import ModelMisconfigured
from apps.ai.models import LanguageModel, ModelCall, Provider
from apps.ai.permissions import MODELS_USE
from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.ids import uuid7
from apps.common.permissions import Principal, demand

LONGEST: Final = 2_000
"""Characters of what a model is asked here."""
SECONDS: Final = 30.0
TRIED: Final = "ai.try"


@dataclass(frozen=True)
class Tested:
    """What came of a test of a connection."""

    at: datetime
    models: list[str] = field(default_factory=list)
    problem: Problem | None = None


def connection_test(provider: Provider) -> Tested:
    """Ask a provider which models it has. What goes wrong is told, not raised."""
    kind = PROVIDER_KINDS.get(provider.kind)
    try:
        if kind is None:
            raise ModelMisconfigured(f"{provider.name} is of the kind {provider.kind!r}, which is not installed here.")
        names = kind.models(kind.settings_type.model_validate(provider.access))
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        return Tested(timezone.now(), problem=ModelMisconfigured(f"Its settings are not whole: look at {places}."))
    except Problem as problem:
        return Tested(timezone.now(), problem=problem)
    return Tested(timezone.now(), sorted({name for name in names if name and len(name) <= 120}))


@dataclass(frozen=True)
class Spent:
    """What was used up for one thing, as the ledger has it."""

    tokens_input: int = 0
    tokens_output: int = 0
    money: Decimal = Decimal(0)
    currency: str = "USD"


def spent_on(kind: str, subject: UUID) -> Spent:
    """What all calls for one subject used up. One statement."""
    rows = ModelCall.objects.filter(subject=subject, subject_kind=kind).values("currency").order_by("currency")
    found = rows.annotate(input=Sum("tokens_input"), output=Sum("tokens_output"), cost=Sum("money")).first()
    return Spent(found["input"], found["output"], found["cost"], found["currency"]) if found else Spent()


@dataclass(frozen=True)
class Tried:
    """What a model answered, or why it did not."""

    model: LanguageModel
    asked: str
    text: str = ""
    problem: Problem | None = None
    spent: Spent = field(default_factory=Spent)
    seconds: float = 0.0


def model_try(*, who: Principal, user_id: UUID | None, model: LanguageModel, text: str) -> Tried:
    """Send a model one short message, on the budgets and the ledger as every call. What goes wrong is told.

    Raises `InvalidInput` for a message that is empty or too long.
    """
    demand(who, MODELS_USE)
    text = text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST:
        issue = Issue(path="text", message=f"Write 1 to {LONGEST:,} characters.")
        raise InvalidInput("Nothing was asked.", issues=[issue])
    subject, begun = uuid7(), time.monotonic()
    purpose = Purpose(what="test", user_id=user_id, subject_kind=TRIED, subject=subject)
    answer, problem = "", None
    try:
        if not (model.is_enabled and model.provider.is_enabled):
            raise ModelMisconfigured(f"{model.name} is turned off.", remedy="Turn it and its provider on first.")
        request = Request(messages=(Message(role="user", text=text),), longest_answer=min(512, model.longest_answer))
        reply = model_of(model, purpose, seconds=SECONDS).ask(request)
        answer = reply.text or reply.refusal
    except Problem as found:
        problem = found
    return Tried(model, text, answer, problem, spent_on(TRIED, subject), time.monotonic() - begun)

"""Calls of models on the pages of what they were for: `{% load traces %}`, then `{% model_calls run.pk %}`, or the keys
of several things at once."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import template

from apps.ai.permissions import MODELS_VIEW, TRACES_VIEW
from apps.ai.traces.selectors import calls_of
from apps.ai.usage.ledger import PURPOSES

register = template.Library()
register.filter("purpose", lambda key: PURPOSES.get(key, key))
register.filter("json_lines", lambda value: json.dumps(value, indent=2, ensure_ascii=False))
register.filter("kind_words", lambda kind: str(kind).replace("_", " "))


@register.inclusion_tag("ai/traces/_calls.html", takes_context=True)
def model_calls(context: dict[str, Any], subject: UUID | Collection[UUID]) -> dict[str, Any]:
    """The calls for a thing, or several, one beneath the other; nothing where there is none, or the person may not see
    any."""
    who = context["request"].user
    subjects = [subject] if isinstance(subject, UUID) else subject
    calls = calls_of(who=who, subjects=subjects) if who.can(MODELS_VIEW) else []
    return {
        "calls": calls,
        "can_read": who.can(TRACES_VIEW),
        "tokens": sum(each.tokens_input + each.tokens_output for each in calls),
    }

"""Which models an agent may use, in their order, and what holds for all of them."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from apps.ai.models import LanguageModel, ModelChoice


def chosen(agent_key: str) -> list[LanguageModel]:
    """The models to be tried for an agent, with their providers. An agent with a choice of its own uses no other model:
    it may have been made because others must not see what the agent does."""
    choices = ModelChoice.objects.filter(Q(agent_key=agent_key) | Q(agent_key="")).select_related("model__provider")
    every = list(choices.order_by("position"))
    own = [each for each in every if each.agent_key == agent_key] or every
    return [each.model for each in own if each.model.is_enabled and each.model.provider.is_enabled]


def keeps_personal_data() -> bool:
    """Whether the tenant lets no personal data leave. Asked before each call, so in words that need no composing."""
    with connection.cursor() as cursor:
        cursor.execute("select exists(select from ai_aipolicy where keeps_personal_data)")
        (keeps,) = cursor.fetchone()
    return bool(keeps)

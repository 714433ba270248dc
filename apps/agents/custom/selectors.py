"""Reads of custom agents, for those who make them. Each demands the permission in the call that fetches."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from apps.agents.custom.contents import Content, content_of
from apps.agents.models import CustomAgent, CustomAgentVersion
from apps.agents.permissions import AGENTS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand


def customs_query(*, who: Principal, archived: bool = False) -> QuerySet[CustomAgent]:
    """The tenant's own agents by title, each with `has_draft`. Evaluate it before leaving the tenant."""
    demand(who, AGENTS_VIEW)
    drafts = CustomAgentVersion.objects.filter(agent=OuterRef("pk"), number=None)
    found = CustomAgent.objects.filter(archived_at__isnull=not archived).select_related("published", "created_by")
    return found.annotate(has_draft=Exists(drafts))


def custom_get(*, who: Principal, key: str, lock: bool = False) -> CustomAgent:
    """One by its key, also an archived one; `lock` holds it until the transaction ends. Raises `NotFound`."""
    demand(who, AGENTS_VIEW)
    rows = CustomAgent.objects.select_related("published").filter(key=key)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound(f"There is no agent {key!r} that was made here.", remedy="See the list of agents.")
    return found


def draft_get(agent: CustomAgent) -> CustomAgentVersion | None:
    """The draft of an agent that was fetched before. One statement."""
    return CustomAgentVersion.objects.filter(agent=agent, number=None).select_related("created_by").first()


def versions_query(*, who: Principal, agent: CustomAgent) -> QuerySet[CustomAgentVersion]:
    """What was published of an agent, newest first."""
    demand(who, AGENTS_VIEW)
    rows = CustomAgentVersion.objects.filter(agent=agent).exclude(number=None)
    return rows.select_related("created_by").order_by("-number")


def version_get(*, who: Principal, agent: CustomAgent, number: int) -> CustomAgentVersion:
    """One version that was published. Raises `NotFound`."""
    found = versions_query(who=who, agent=agent).filter(number=number).first()
    if found is None:
        raise NotFound(f"{agent.title} has no version {number}.", remedy="See its versions.")
    return found


def content_now(agent: CustomAgent) -> Content:
    """What an agent says now, to go on from: its draft, else what is published."""
    row = draft_get(agent) or agent.published
    if row is None:
        raise NotFound(f"{agent.title} says nothing yet.")
    return content_of(row.content)

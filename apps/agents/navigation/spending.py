"""Runs as what calls of models were for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.urls import reverse

from apps.agents.finding import title_of
from apps.agents.models import AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.ai.usage.subjects import Subject, SubjectKind, subject_kind


def _runs(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = AgentRun.objects.filter(pk__in=ids).values_list("pk", "number", "agent_key")
    return {
        id: Subject(f"R-{number} {title_of(key)}", reverse("agents:run", args=[number])) for id, number, key in found
    }


subject_kind(SubjectKind("agents.run", "A run", RUNS_VIEW, _runs))

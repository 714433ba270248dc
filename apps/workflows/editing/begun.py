"""What a person has begun and not saved: new workflows, which nothing else leads to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F
from django.db.models.functions import Length

from apps.accounts.models import User
from apps.common.permissions import Principal, demand
from apps.workflows.models import WorkflowChange, WorkflowEdit
from apps.workflows.permissions import WORKFLOWS_EDIT

LARGEST: Final = 64 * 1024
"""Characters of a content whose title is read."""


@dataclass(frozen=True)
class Begun:
    edit: WorkflowEdit
    title: str
    changed_at: datetime


def edits_begun(*, who: Principal, user: User) -> list[Begun]:
    """The workflows that this person has begun and not saved, the latest first. Two statements."""
    demand(who, WORKFLOWS_EDIT)
    edits = list(WorkflowEdit.objects.filter(workflow=None, user=user).order_by("-changed_at"))
    held = WorkflowChange.objects.filter(edit__in=edits, number=F("edit__at")).annotate(size=Length("content"))
    texts = dict(held.filter(size__lte=LARGEST).values_list("edit", "content"))
    return [Begun(each, _title(texts.get(each.pk)), each.changed_at) for each in edits]


def _title(text: str | None) -> str:
    title = json.loads(text)["definition"].get("title") if text is not None else None
    return title if isinstance(title, str) and title.strip() else "Workflow without a title"

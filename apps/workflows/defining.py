"""Writes to workflows: their drafts, their versions, and whether anything starts them."""

from __future__ import annotations

import json
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.kinds import EntryKind
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.permissions import Principal, demand
from apps.workflows import auditing, publishing
from apps.workflows.checking import definition_check
from apps.workflows.definition import LARGEST, Definition, definition_dump
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.selectors import TenantCatalogue, callers_of


@transaction.atomic
def workflow_create(*, who: Principal, user: User | None, definition: Definition, is_demo: bool = False) -> Workflow:
    """Make a workflow with this draft. Raises `Conflict` where its name is taken, and as `workflow_save` does."""
    demand(who, WORKFLOWS_EDIT)
    try:
        with transaction.atomic():
            made = {"title": definition.title, "created_by": user, "is_demo": is_demo}
            Workflow.objects.create(name=definition.name, **made)
    except IntegrityError as error:
        raise Conflict(
            f"There is a workflow {definition.name!r} already; nothing was stored.",
            remedy="Save a draft of it, or choose another name: the names of archived workflows stay theirs.",
        ) from error
    return workflow_save(who=who, user=user, definition=definition)


@transaction.atomic
def workflow_save(*, who: Principal, user: User | None, definition: Definition, is_demo: bool = False) -> Workflow:
    """Keep a definition as the draft of the workflow of its name, which is made where there is none.

    Raises `InvalidInput` with an issue for each thing that is wrong; then nothing is stored.
    """
    demand(who, WORKFLOWS_EDIT)
    definition_check(definition, TenantCatalogue())
    workflow, _ = Workflow.objects.select_for_update().get_or_create(
        name=definition.name, defaults={"title": definition.title, "created_by": user, "is_demo": is_demo}
    )
    content = json.dumps(definition_dump(definition))
    if len(content) > LARGEST:
        issue = Issue(
            path="definition", message=f"It has {len(content) // 1024:,} KiB; at most {LARGEST // 1024} are kept."
        )
        raise InvalidInput("The definition is too large; nothing was stored.", issues=[issue])
    saved = {"content": content, "created_by": user, "asked_by": None, "asked_at": None}
    kept = list(workflow.versions.filter(Q(number=None) | Q(pk=workflow.published_id)))
    former = min(kept, key=lambda version: version.number or 0, default=None)  # the draft before what is published
    before = {"archived": workflow.archived_at is not None, **auditing.version_told(former)}
    draft, _ = WorkflowVersion.objects.update_or_create(workflow=workflow, number=None, defaults=saved)
    record(
        auditing.SAVED,
        who=who,
        subject=auditing.workflow_subject(workflow),
        before=before if former else {},
        after={"archived": False, **auditing.version_told(draft)},
        **auditing.changes_told(former, draft),
    )
    workflow.seq = F("seq") + 1
    workflow.title, workflow.archived_at = definition.title, None
    workflow.save(update_fields=["seq", "title", "archived_at"])
    workflow.refresh_from_db()
    return workflow


@transaction.atomic
def workflow_publish(*, who: Principal, user: User | None, workflow: Workflow, note: str = "") -> WorkflowVersion:
    """Make the draft the version that new runs follow; runs under way stay on theirs.

    Raises `Conflict`, also where a second person is needed and `user` is none.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    draft = workflow.versions.filter(number=None).first()
    if draft is None:
        raise Conflict(f"{workflow.title} has no draft; nothing was published.", remedy="Save a change first.")
    if refusal := publishing.publication_refusal(workflow, draft, user):
        raise refusal
    definition_check(draft.definition, TenantCatalogue())
    last = workflow.versions.aggregate(last=Max("number"))["last"] or 0
    draft.number, draft.note, draft.published_at, draft.created_by = last + 1, note[:200], timezone.now(), user
    draft.save()
    _published(auditing.PUBLISHED, who, workflow, draft, note=draft.note)
    return draft


def _published(kind: EntryKind, who: Principal, workflow: Workflow, version: WorkflowVersion, **facts: Any) -> None:
    """Let new runs follow a version."""
    former = workflow.published
    record(
        kind,
        who=who,
        subject=auditing.workflow_subject(workflow),
        before=auditing.version_told(former),
        after=auditing.version_told(version),
        **auditing.changes_told(former, version),
        **facts,
    )
    workflow.published, workflow.seq = version, workflow.seq + 1
    workflow.save(update_fields=["published", "seq"])


@transaction.atomic
def workflow_discard(*, who: Principal, workflow: Workflow) -> Definition:
    """Drop the draft, and return what it said. What is published stays as it is.

    Raises `Conflict` where there is no draft, and where nothing was ever published: nothing would be left.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    draft = workflow.versions.filter(number=None).first()
    if draft is None:
        raise Conflict(f"{workflow.title} has no draft; nothing was changed.")
    if workflow.published_id is None:
        raise Conflict(
            f"{workflow.title} is nothing but its draft; nothing was changed.",
            remedy="Change the draft, or archive the workflow.",
        )
    said, published = draft.definition, workflow.published
    assert published is not None  # noqa: S101  # by its key
    record(
        auditing.DISCARDED,
        who=who,
        subject=auditing.workflow_subject(workflow),
        before=auditing.version_told(draft),
        after=auditing.version_told(published),
    )
    draft.delete()
    workflow.seq, workflow.title = workflow.seq + 1, published.definition.title
    workflow.save(update_fields=["seq", "title"])
    return said


@transaction.atomic
def workflow_rollback(*, who: Principal, user: User | None, workflow: Workflow, number: int) -> WorkflowVersion:
    """Publish an earlier version again, as a new one. A draft is kept. Raises `Conflict`, `InvalidInput`.

    Where a second person publishes, the way back begins with `returning.version_return`.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if workflow.needs_second_person:
        raise Conflict(
            f"{workflow.title} is published by a second person; nothing was published.",
            remedy="Ask for the publication of the earlier version; somebody else then publishes it.",
        )
    former = workflow.versions.filter(number=number).first()
    if former is None or former.pk == workflow.published_id:
        raise Conflict(f"{workflow.title} cannot go back to version {number}.", remedy="Choose an earlier version.")
    definition_check(former.definition, TenantCatalogue())
    last = workflow.versions.aggregate(last=Max("number"))["last"]
    again = WorkflowVersion.objects.create(
        workflow=workflow,
        number=last + 1,
        content=former.content,
        note=f"Back to version {number}",
        created_by=user,
        published_at=timezone.now(),
    )
    _published(auditing.ROLLED_BACK, who, workflow, again, former=number)
    return again


@transaction.atomic
def workflow_pause(*, who: Principal, workflow: Workflow) -> Workflow:
    """Let no trigger start the workflow; runs under way go on, and people and programs may start it."""
    return _workflow_set(auditing.PAUSED, who, workflow, is_paused=True)


@transaction.atomic
def workflow_resume(*, who: Principal, workflow: Workflow) -> Workflow:
    """Let triggers start the workflow again. What a schedule missed is made up for as the schedule says."""
    return _workflow_set(auditing.RESUMED, who, workflow, is_paused=False)


@transaction.atomic
def workflow_archive(*, who: Principal, workflow: Workflow) -> Workflow:
    """Let nothing start the workflow any more, and leave it out of lists; runs under way go on, and all of them stay.

    A draft that is saved brings it back. Raises `Conflict` while published workflows start it: theirs would fail.
    """
    demand(who, WORKFLOWS_EDIT)
    if callers := callers_of(who=who, workflow=workflow):
        raise Conflict(
            f"{workflow.title} is started by {', '.join(callers)}; nothing was changed.",
            remedy="Publish versions of them that do without it, or archive them first.",
        )
    return _workflow_set(auditing.ARCHIVED, who, workflow, archived_at=workflow.archived_at or timezone.now())


def _workflow_set(kind: EntryKind, who: Principal, workflow: Workflow, **values: Any) -> Workflow:
    """Change the workflow itself; what it is already changes nothing."""
    demand(who, WORKFLOWS_EDIT)
    found = Workflow.objects.select_for_update().get(pk=workflow.pk)
    before = {name: getattr(found, name) for name in values}
    if before != values:
        record(kind, who=who, subject=auditing.workflow_subject(found), before=before, after=values)
        for name, value in values.items():
            setattr(found, name, value)
        found.seq += 1
        found.save(update_fields=["seq", *values])
    return found

"""Writes to what people are changing. Each change is kept at once; only saving and publishing touch the workflow.

An edit belongs to one person, and nobody else sees it: what is kept of it is therefore no entry of the audit log. What
is saved of it, published, or made is recorded by the services of workflows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Length
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.permissions import Principal, demand
from apps.workflows import defining, selectors, starting
from apps.workflows.definition import Definition, definition_named
from apps.workflows.editing.contents import Content
from apps.workflows.editing.operations import Raw
from apps.workflows.models import Trigger, Workflow, WorkflowChange, WorkflowEdit, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT

MOST_CHANGES: Final = 100
"""Changes that are kept of an edit: as many can be undone."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of all changes of an edit: of one whose changes are large, fewer can be undone."""
MOST_BEGUN: Final = 50
"""Workflows that one person has begun and not saved."""
Part = Callable[[Content], object]
"""What of a content a form is of: a step, the inputs, all of the definition."""


@dataclass(frozen=True)
class Saved:
    """What came of saving, and of publishing where that was asked."""

    workflow: Workflow
    version: WorkflowVersion | None = None
    secrets: list[tuple[Trigger, str]] = field(default_factory=list)
    """Webhooks that were made, each with its secret: it is shown now and never again."""
    waiting: InvalidInput | None = None
    """Why triggers wait for the publication: what is published now would not take their inputs."""
    at: int = 0
    """Number of the change that was saved."""


def edit_get(*, who: Principal, user: User, id: UUID, lock: bool = False) -> WorkflowEdit:
    """What this person is changing. Raises `NotFound`, also for what somebody else does."""
    demand(who, WORKFLOWS_EDIT)
    found = WorkflowEdit.objects.select_related("workflow__published").filter(pk=id, user=user)
    edit = (found.select_for_update(of=("self",)) if lock else found).first()
    if edit is None:
        raise NotFound("There is nothing here that you are changing.", remedy="Open the workflow, and edit it.")
    return edit


def edit_content(edit: WorkflowEdit) -> Content:
    """What it says now. One statement."""
    return Content.read(edit.changes.values_list("content", flat=True).get(number=edit.at))


def change_now(edit: WorkflowEdit) -> int:
    """The key of the change that holds: pages tell by it what they have shown. No other change ever has it."""
    return int(edit.changes.values_list("pk", flat=True).get(number=edit.at))


def content_seen(edit: WorkflowEdit, seen: int) -> Content | None:
    """What it said when a page showed this change; None where that is no longer kept."""
    text = edit.changes.filter(pk=seen).values_list("content", flat=True).first()
    return Content.read(text) if text is not None else None


@transaction.atomic
def edit_begin(*, who: Principal, user: User, workflow: Workflow) -> WorkflowEdit:
    """What this person changes of a workflow: what they have begun, else its draft, or what is published of it.

    What they have saved is begun anew where somebody else has changed the workflow since.
    """
    demand(who, WORKFLOWS_EDIT)
    edit = WorkflowEdit.objects.select_for_update().filter(workflow=workflow, user=user).first()
    if edit is not None and (edit.seq == workflow.seq or edit_content(edit).saved != edit.seq):
        edit.workflow = workflow
        return edit
    definition = selectors.version_get(who=who, workflow=workflow, number=None).definition
    if edit is None:
        try:
            with transaction.atomic():
                edit = WorkflowEdit.objects.create(workflow=workflow, user=user, seq=workflow.seq)
        except IntegrityError:  # begun in another window at the same moment
            return WorkflowEdit.objects.select_related("workflow").get(workflow=workflow, user=user)
    edit.changes.all().delete()
    edit.seq, edit.at, edit.workflow = workflow.seq, 0, workflow
    edit.save(update_fields=["seq", "at", "changed_at"])
    _keep(edit, 0, "Began", Content.of(definition, workflow.seq))
    return edit


@transaction.atomic
def edit_new(*, who: Principal, user: User, definition: Raw, what: str = "Began") -> WorkflowEdit:
    """Begin a workflow that is to be made. Raises `TooLarge`, and `Conflict` for one too many that is not saved."""
    demand(who, WORKFLOWS_EDIT)
    if WorkflowEdit.objects.filter(workflow=None, user=user).count() >= MOST_BEGUN:
        raise Conflict(
            f"You have begun {MOST_BEGUN} workflows that are not saved yet; no other was begun.",
            remedy="Save or discard some of them: they are listed where a new one is begun.",
        )
    edit = WorkflowEdit.objects.create(workflow=None, user=user)
    _keep(edit, 0, what, Content(definition))
    return edit


@transaction.atomic
def edit_change(
    *,
    who: Principal,
    user: User,
    id: UUID,
    what: str,
    change: Callable[[Content], Content],
    part: Part | None = None,
    seen: int | None = None,
) -> WorkflowEdit:
    """Keep what `change` makes of what it says, and forget what was undone. What changes nothing is not kept.

    `seen` is the change that was shown when this one was begun, and `part` what it is about: where that part has become
    other since, as in another window, it is not overwritten unseen. Raises `Conflict` then, `NotFound`, and what
    `change` raises.
    """
    edit = edit_get(who=who, user=user, id=id, lock=True)
    content = edit_content(edit)
    if part is not None and seen not in {None, change_now(edit)}:
        _demand_same(part, content, content_seen(edit, seen or 0))
    made = change(content)
    if not made.says(content):
        _advance(edit, what, made)
    return edit


@transaction.atomic
def edit_undo(*, who: Principal, user: User, id: UUID) -> str:
    """Go back to what it said before the last change. Returns what that was. Raises `Conflict` at the beginning."""
    edit = edit_get(who=who, user=user, id=id, lock=True)
    undone = edit.changes.filter(number=edit.at).values_list("what", flat=True).get()
    return _go(edit, edit.at - 1, undone, "There is nothing to undo; nothing was changed.")


@transaction.atomic
def edit_redo(*, who: Principal, user: User, id: UUID) -> str:
    """Make the change again that was undone last. Returns what it was. Raises `Conflict` where there is none."""
    edit = edit_get(who=who, user=user, id=id, lock=True)
    again = edit.changes.filter(number=edit.at + 1).values_list("what", flat=True).first()
    return _go(edit, edit.at + 1, again or "", "Nothing was undone that could be made again; nothing was changed.")


@transaction.atomic
def edit_save(*, who: Principal, user: User, id: UUID, seen: int | None = None) -> Saved:
    """Make it the draft of its workflow, which is made where there is none, and make its triggers.

    Raises `InvalidInput` with an issue for each thing that is wrong, and `Conflict` where somebody else has changed the
    workflow, or has taken its name, or where it is no longer as it was `seen`; then nothing is stored.
    """
    edit = edit_get(who=who, user=user, id=id, lock=True)
    _demand_seen(edit, seen)
    content = edit_content(edit)
    definition = content.parsed()
    if edit.workflow is None:
        workflow = defining.workflow_create(who=who, user=user, definition=definition)
        edit.workflow = workflow
    else:
        _demand_unmoved(edit)
        named = definition_named(definition, edit.workflow.name)
        workflow = defining.workflow_save(who=who, user=user, definition=named)
    return _saved(who, user, edit, replace(content, triggers=[]), workflow, content.triggers)


def edit_publish(*, who: Principal, user: User, id: UUID, note: str = "", seen: int | None = None) -> Saved:
    """Save it, and publish it; what was saved stays so where publishing is refused. Raises as both do."""
    edit = edit_get(who=who, user=user, id=id)
    _demand_seen(edit, seen)
    is_saved = edit_content(edit).saved == edit.seq and edit.seq
    saved = None if is_saved else edit_save(who=who, user=user, id=id, seen=seen)
    at = saved.at if saved else edit.at
    with transaction.atomic():
        edit = edit_get(who=who, user=user, id=id, lock=True)
        if edit.at != at:  # kept from another page of the same person: it is in no draft yet
            raise Conflict("You have changed it meanwhile; it is saved, and not published.", remedy="Publish it again.")
        if edit.workflow is None:  # what was saved has a workflow
            raise NotFound("There is no workflow of this any more.")
        _demand_unmoved(edit)
        version = defining.workflow_publish(who=who, user=user, workflow=edit.workflow, note=note)
        content = edit_content(edit)
        workflow = Workflow.objects.select_related("published").get(pk=edit.workflow.pk)
        made = _saved(who, user, edit, replace(content, triggers=[]), workflow, content.triggers)
    secrets = [*(saved.secrets if saved else []), *made.secrets]
    return Saved(workflow, version, secrets, made.waiting, edit.at)


@transaction.atomic
def edit_discard(*, who: Principal, user: User, id: UUID, seen: int | None = None) -> Workflow | None:
    """Drop what was not saved, with all that could be undone. Returns the workflow, which stays as it is.

    Raises `Conflict` where it is no longer as it was `seen`.
    """
    edit = edit_get(who=who, user=user, id=id, lock=True)
    _demand_seen(edit, seen)
    workflow = edit.workflow
    edit.delete()
    return workflow


@transaction.atomic
def edit_rebase(
    *, who: Principal, user: User, id: UUID, take: Literal["theirs", "mine"], seen: int | None = None
) -> WorkflowEdit:
    """Settle that somebody else has changed the workflow: go on with what they saved, or with one's own in its place.

    `theirs` can be undone like every change. Raises `Conflict` where the workflow is no longer as it was `seen`: what
    was saved since nobody has compared.
    """
    edit = edit_get(who=who, user=user, id=id, lock=True)
    if edit.workflow is None:
        raise Conflict("Nobody else knows of this workflow yet; nothing was changed.")
    if seen not in {None, edit.workflow.seq}:
        raise Conflict("Somebody has saved once more; nothing was changed.", remedy="See what differs now.")
    edit.seq = edit.workflow.seq
    edit.save(update_fields=["seq", "changed_at"])
    if take == "theirs":
        _advance(edit, "Took what somebody else saved", Content.of(theirs(who, edit.workflow), edit.seq))
    return edit


def theirs(who: Principal, workflow: Workflow) -> Definition:
    """What the workflow says now: its draft, or what is published."""
    return selectors.version_get(who=who, workflow=workflow, number=None).definition


def _demand_seen(edit: WorkflowEdit, seen: int | None) -> None:
    """Raise `Conflict` where it says something else than the page that asks has shown."""
    if seen not in {None, change_now(edit)}:
        raise Conflict(
            "You have changed it in another window since this one was shown; nothing was done with it.",
            remedy="Look at what it says now, here, and ask once more.",
        )


def _demand_same(part: Part, now: Content, then: Content | None) -> None:
    if then is None or json.dumps(part(now)) != json.dumps(part(then)):
        raise Conflict(
            "You have changed this in another window since this one was shown; nothing of that was overwritten.",
            remedy="Keep what you typed here in its place, or go on with what it says now.",
        )


def _demand_unmoved(edit: WorkflowEdit) -> None:
    """Hold the workflow, which must be as it was when this began. Raises `Conflict`."""
    now = Workflow.objects.select_for_update().values_list("seq", flat=True).get(edits=edit)
    if edit.seq != now:
        raise Conflict(
            "Somebody else has changed the workflow since you began; nothing of yours was saved.",
            remedy="See what differs, and take theirs, or keep yours in its place.",
        )


def _saved(
    who: Principal, user: User, edit: WorkflowEdit, content: Content, workflow: Workflow, triggers: list[dict[str, Any]]
) -> Saved:
    """Make the triggers that can be made, and let what the edit says be what the workflow says."""
    secrets: list[tuple[Trigger, str]] = []
    waiting: list[dict[str, Any]] = []
    problem: InvalidInput | None = None
    for told in triggers:
        try:
            trigger, secret = starting.trigger_create(who=who, user=user, workflow=workflow, **told)
        except InvalidInput as refused:  # by what is published: another version may take its inputs
            problem = refused
            waiting.append(told)
        else:
            secrets += [(trigger, secret)] if secret else []
    edit.seq = workflow.seq
    edit.save(update_fields=["workflow", "seq", "changed_at"])
    kept = replace(content, triggers=waiting, saved=workflow.seq)
    edit.changes.filter(number=edit.at).update(content=kept.text())
    return Saved(workflow, None, secrets, problem, edit.at)


def _advance(edit: WorkflowEdit, what: str, content: Content) -> None:
    """One change more: those that were undone are forgotten, and the oldest where there are too many."""
    edit.changes.filter(number__gt=edit.at).delete()
    _keep(edit, edit.at + 1, what, content)
    WorkflowEdit.objects.filter(pk=edit.pk).update(at=F("at") + 1, changed_at=timezone.now())
    edit.at += 1
    edit.changes.filter(number__lte=edit.at - _undoable(edit, content)).delete()


def _undoable(edit: WorkflowEdit, content: Content) -> int:
    """How many of the newest changes are kept: all that may be, or as many as their size allows, and one at least."""
    if len(content.text()) * MOST_CHANGES < MOST_BYTES:
        return MOST_CHANGES
    total, sizes = 0, edit.changes.annotate(size=Length("content")).order_by("-number").values_list("size", flat=True)
    for count, size in enumerate(sizes):
        total += size
        if total > MOST_BYTES:
            return min(max(2, count), MOST_CHANGES)
    return MOST_CHANGES


def _keep(edit: WorkflowEdit, number: int, what: str, content: Content) -> None:
    WorkflowChange.objects.create(edit=edit, number=number, what=what[:200], content=content.text())


def _go(edit: WorkflowEdit, number: int, what: str, refused: str) -> str:
    """Let the change of this number hold. Raises `Conflict` where it is not kept."""
    if number < 0 or not edit.changes.filter(number=number).exists():
        raise Conflict(refused)
    edit.at = number
    edit.save(update_fields=["at", "changed_at"])
    return what

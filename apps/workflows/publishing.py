"""A second person for publication: who asks for it or wrote the draft is not who publishes it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import record
from apps.common.errors import Conflict, PermissionDenied
from apps.common.permissions import Platform, Principal, demand
from apps.workflows import auditing
from apps.workflows.checking import definition_check
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.parts import writers_of
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.selectors import TenantCatalogue


@transaction.atomic
def workflow_ask_publication(*, who: Principal, user: User | None, workflow: Workflow) -> WorkflowVersion:
    """Ask somebody else to publish the draft. Saving it takes that back: what was asked for is what is published.

    Raises `Conflict` where there is no draft, where it was asked for already, and where no second person is needed;
    `InvalidInput` where something is wrong with the draft.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    draft = workflow.versions.filter(number=None).first()
    if draft is None:
        raise Conflict(f"{workflow.title} has no draft; nothing was asked for.", remedy="Save a change first.")
    if not workflow.needs_second_person:
        raise Conflict(
            f"Nobody else is needed to publish {workflow.title}; nothing was asked for.", remedy="Publish it yourself."
        )
    if draft.asked_at is not None:
        raise Conflict(
            f"The publication of {workflow.title} was asked for already; nothing was changed.",
            remedy="Wait for somebody else to publish it.",
        )
    definition_check(draft.definition, TenantCatalogue())
    draft.asked_by, draft.asked_at = user, timezone.now()
    WorkflowVersion.objects.filter(pk=draft.pk).update(asked_by=user, asked_at=draft.asked_at)  # it is not saved anew
    workflow.seq += 1
    workflow.save(update_fields=["seq"])
    told = auditing.version_told(draft)
    record(auditing.PUBLICATION_ASKED, who=who, subject=auditing.workflow_subject(workflow), after=told)
    return draft


@transaction.atomic
def workflow_second_person(*, who: Principal, user: User | None, workflow: Workflow, needed: bool) -> Workflow:
    """Say whether publishing takes a second person. Whoever edits may ask for it; only an owner does without again.

    What it is already changes nothing. Raises `PermissionDenied`.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if workflow.needs_second_person == needed:
        return workflow
    if not needed and not isinstance(who, Platform) and (user is None or user.role != "owner"):
        raise PermissionDenied(
            f"Only an owner lets {workflow.title} be published without a second person. Nothing was changed.",
            remedy="Ask an owner of your organisation.",
        )
    record(
        auditing.SECOND_PERSON,
        who=who,
        subject=auditing.workflow_subject(workflow),
        before={"needed": not needed},
        after={"needed": needed},
    )
    workflow.needs_second_person, workflow.seq = needed, workflow.seq + 1
    workflow.save(update_fields=["needs_second_person", "seq"])
    return workflow


def publication_refusal(workflow: Workflow, draft: WorkflowVersion, user: User | None) -> Conflict | None:
    """Why this member may not publish the draft; None: they may."""
    if not workflow.needs_second_person:
        return None
    title = workflow.title
    if draft.asked_at is None:
        return Conflict(
            f"{title} is published by a second person, and nobody has asked for it; nothing was published.",
            remedy="Ask for its publication; somebody else then publishes it.",
        )
    if user is None or user.is_service:
        return Conflict(
            f"{title} is published by a second person, and a program is none; nothing was published.",
            remedy="Let a member publish it who neither wrote the draft nor asked.",
        )
    if part := writers_of(draft).get(user.pk):
        return Conflict(
            f"{title} is published by a second person, and you {part}; nothing was published.",
            remedy="Let somebody else publish it who may edit workflows.",
        )
    return None

"""The way back to an earlier version: it is published again at once, or by a second person where one publishes."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.common.errors import Conflict
from apps.common.permissions import Principal, demand
from apps.workflows import defining, publishing
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT


@transaction.atomic
def version_return(*, who: Principal, user: User | None, workflow: Workflow, number: int) -> WorkflowVersion:
    """Go back to an earlier version. Returns what is published by that; or the draft, whose publication is asked for,
    where a second person publishes.

    Raises `Conflict` for a version that cannot be gone back to, and where a second person is needed and a draft is in
    the way; `InvalidInput` where what it says does not hold any more. Then nothing is changed.
    """
    demand(who, WORKFLOWS_EDIT)
    workflow = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if not workflow.needs_second_person:
        return defining.workflow_rollback(who=who, user=user, workflow=workflow, number=number)
    former = workflow.versions.filter(number=number).first()
    if former is None or former.pk == workflow.published_id:
        raise Conflict(f"{workflow.title} cannot go back to version {number}.", remedy="Choose an earlier version.")
    if workflow.versions.filter(number=None).exists():
        raise Conflict(
            f"{workflow.title} is published by a second person, and a draft is in the place of what they would "
            f"publish; nothing was changed.",
            remedy="Publish the draft or discard it, then go back.",
        )
    defining.workflow_save(who=who, user=user, definition=former.definition)
    return publishing.workflow_ask_publication(who=who, user=user, workflow=workflow)

"""The entry of what was given up, and what workflows have in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.console.navigation import Count, NavItem, nav_item
from apps.console.tallies import tally
from apps.dispatch.letters import LetterKind, Subject, letter_kind, letters_query
from apps.workflows.calls import CALL
from apps.workflows.models import Approval, HttpCall, Trigger, WorkflowRun
from apps.workflows.performers import ESCALATION, KIND, NOTICE, SCHEDULE
from apps.workflows.permissions import WORKFLOWS_RUN


def _runs(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = WorkflowRun.objects.filter(pk__in=ids).values_list("pk", "number", "workflow__title")
    return {id: Subject(f"W-{number} {title}", reverse("workflows:run", args=[number])) for id, number, title in found}


def _calls(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = HttpCall.objects.filter(pk__in=ids).values_list("pk", "step", "run__number", "run__workflow__title")
    return {
        id: Subject(f"“{step}” of W-{number} {title}", reverse("workflows:call", args=[id]))
        for id, step, number, title in found
    }


def _schedules(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = Trigger.objects.filter(pk__in=ids).values_list("pk", "workflow__title", "workflow__name")
    return {id: Subject(title, reverse("workflows:workflow", args=[name])) for id, title, name in found}


def _members(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    return {each.pk: Subject(str(each), reverse("workflows:approvals")) for each in User.objects.filter(pk__in=ids)}


def _questions(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = Approval.objects.filter(pk__in=ids).values_list("pk", "step", "run__number", "run__workflow__title")
    return {
        id: Subject(f"“{step}” of W-{number} {title}", reverse("workflows:approval", args=[id]))
        for id, step, number, title in found
    }


letter_kind(
    LetterKind(
        kind=KIND,
        noun="Run of a workflow",
        then="It goes on after the last step that was recorded.",
        permission=WORKFLOWS_RUN,
        subjects=_runs,
    )
)
letter_kind(
    LetterKind(
        kind=CALL,
        noun="Call to another system",
        then="It is not sent again: nobody knows whether it was carried out. Say at the call what became of it.",
        permission=WORKFLOWS_RUN,
        subjects=_calls,
    )
)
letter_kind(
    LetterKind(
        kind=SCHEDULE,
        noun="Schedule",
        then="It stays turned off: turn it on at its workflow once the cause is mended.",
        permission=WORKFLOWS_RUN,
        subjects=_schedules,
    )
)
letter_kind(
    LetterKind(
        kind=NOTICE,
        noun="Mails about questions",
        then="They are sent, of what is still open.",
        permission=WORKFLOWS_RUN,
        subjects=_members,
    )
)
letter_kind(
    LetterKind(
        kind=ESCALATION,
        noun="Reminder of a question",
        then="Those who are asked are reminded, or the question comes to others, as far as that is due.",
        permission=WORKFLOWS_RUN,
        subjects=_questions,
    )
)


def _rows(request: HttpRequest) -> Any:
    who: Any = request.user  # the shell asks for people who are signed in
    return letters_query(who=who)


nav_item(
    NavItem(
        key="workflows.letters",
        title="Given up",
        url="workflows:letters",
        icon="alert-triangle",
        group="Operate",
        summary="Work whose machines failed three times, and another try of it",
        permission=WORKFLOWS_RUN,
        order=40,
        count=Count(tally("workflows.letters", _rows, permission=WORKFLOWS_RUN), "given up", hot=True),
    )
)

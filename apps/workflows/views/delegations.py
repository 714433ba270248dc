"""Members stand in for each other: what one gave and was given, and what an administrator sees of all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_VIEW
from apps.common.errors import InvalidInput, Issue, NotFound, Problem
from apps.console.views import ConsoleView
from apps.workflows.approvals import delegating
from apps.workflows.models import Delegation
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW


class DelegationList(ConsoleView):
    """Who stands in for whom, and the form by which one lets somebody stand in for oneself."""

    permission = {"GET": WORKFLOWS_VIEW, "POST": APPROVALS_DECIDE}
    page_title = "Delegations"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show({})

    def post(self, request: HttpRequest) -> HttpResponse:
        values = request.POST.dict()
        try:
            made = self._make(values)
        except Problem as problem:
            return self._show(values, problem)
        messages.success(request, f"{made.taker} may answer what you are asked.")
        return redirect("workflows:delegations")

    def _make(self, values: dict[str, str]) -> Delegation:
        takers = delegating.takers_for(who=self.who, user=self.user)
        wanted = values.get("taker", "")
        taker = next((each for each in takers if each.email == wanted), None)
        if wanted and taker is None:
            raise NotFound("There is no such member here who may answer questions.", remedy="Choose one of the list.")
        begins = _day(values.get("begins", ""))
        ends = _day(values.get("ends", ""))
        issues = []
        if taker is None:
            issues.append(Issue(path="taker", message="Choose who stands in for you."))
        if ends is None:
            issues.append(Issue(path="ends_at", message="Choose the last day."))
        if begins is None and values.get("begins"):
            issues.append(Issue(path="begins_at", message="This is not a day. Leave it empty to begin now."))
        if issues or taker is None or ends is None:
            raise InvalidInput("The delegation was not made.", issues=issues)
        return delegating.delegation_create(
            who=self.who,
            giver=self.user,
            taker=taker,
            begins_at=begins,
            ends_at=ends + timedelta(days=1),
            reason=values.get("reason", ""),
        )

    def _show(self, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        decides, now = self.who.can(APPROVALS_DECIDE), timezone.now()
        own = delegating.delegations_list(who=self.who, user=self.user) if decides else []
        context: dict[str, Any] = {
            "decides": decides,
            "takers": delegating.takers_for(who=self.who, user=self.user) if decides else [],
            "given": [each for each in own if each.giver_id == self.user.pk and not _is_over(each, now)],
            "taken": [each for each in own if each.taker_id == self.user.pk and not _is_over(each, now)],
            "over": [each for each in own if _is_over(each, now)],
            "all": delegating.delegations_held(who=self.who) if self.who.can(MEMBERS_VIEW) else None,
            "now": now,
            "longest": delegating.LONGEST.days,
            "values": values,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
        }
        return self.page("workflows/approvals/delegations.html", context, status=problem.status if problem else 200)


class DelegationRevoke(ConsoleView):
    """Whether one means it, as it cannot be undone; then it is over."""

    permission = APPROVALS_DECIDE
    page_title = "Take back a delegation"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = delegating.delegation_get(who=self.who, user=self.user, id=id)
        context = {"delegation": found, "gives": found.giver_id == self.user.pk, "is_over": _is_over(found)}
        return self.page("workflows/approvals/delegation_revoke.html", context)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = delegating.delegation_get(who=self.who, user=self.user, id=id)
        try:
            delegating.delegation_revoke(who=self.who, user=self.user, delegation=found)
            messages.success(request, _ended(found, self.user))
        except Problem as problem:
            messages.info(request, problem.detail)
        return redirect("workflows:delegations")


def _ended(delegation: Delegation, user: User) -> str:
    if delegation.giver_id == user.pk:
        return f"{delegation.taker} no longer answers what you are asked."
    return f"You no longer answer what {delegation.giver} is asked."


def _is_over(delegation: Delegation, now: datetime | None = None) -> bool:
    return delegation.revoked_at is not None or delegation.ends_at <= (now or timezone.now())


def _day(text: str) -> datetime | None:
    """The beginning of a day, in UTC."""
    try:
        day = parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        return None
    if day is None or not 2000 <= day.year < 9000:
        return None
    return datetime.combine(day, time.min, tzinfo=UTC)

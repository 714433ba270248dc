"""Backfills of a schedule: what they would start, how far they have come, and an end to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, Issue, NotFound, Problem
from apps.workflows import backfilling
from apps.workflows.models import Trigger
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.store import CLOCK
from apps.workflows.triggers import Schedule, settings_of
from apps.workflows.views.triggers import TriggerView


class TriggerBackfill(TriggerView):
    """One form: look at the times, start them, cancel what is under way (`act`)."""

    def get(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        trigger, told = self._schedule(name, id)
        today = CLOCK.now().astimezone(ZoneInfo(told.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        entered = {"begins_at": _written(today - timedelta(days=7)), "ends_at": _written(today)}
        return self._page(trigger, told, entered)

    def post(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        trigger, told = self._schedule(name, id)
        entered = {field: request.POST.get(field, "")[:40] for field in ("begins_at", "ends_at")}
        act, again = request.POST.get("act", ""), request.POST.get("again") == "1"
        try:
            if act == "cancel":
                self._cancel(trigger, request.POST.get("backfill", ""))
            elif act == "start":
                made = backfilling.backfill_start(
                    who=self.who, user=self.user, trigger=trigger, again=again, **_span(entered, told)
                )
                messages.success(request, f"{made.total:,} runs are being started, in the order of their times.")
            else:
                preview = backfilling.backfill_preview(
                    who=self.who, trigger=trigger, again=again, **_span(entered, told)
                )
                return self._page(trigger, told, entered, preview=preview)
        except Problem as problem:
            return self._page(trigger, told, entered, problem=problem)
        return redirect("workflows:trigger-backfill", name=name, id=id)

    def _schedule(self, name: str, id: UUID) -> tuple[Trigger, Schedule]:
        trigger = self.trigger(name, id)
        told = settings_of(trigger.kind, trigger.told)
        if not isinstance(told, Schedule):
            raise NotFound("Only a schedule has times that were missed.", remedy="See the triggers of the workflow.")
        return trigger, told

    def _cancel(self, trigger: Trigger, asked: str) -> None:
        found = next((each for each in self._listed(trigger) if str(each.pk) == asked), None)
        if found is None:
            raise NotFound("There is no such backfill of this trigger; nothing was changed.")
        done = backfilling.backfill_cancel(who=self.who, backfill=found)
        messages.success(self.request, f"The backfill is cancelled. The {done.done:,} runs that it started stay.")

    def _listed(self, trigger: Trigger) -> list[Any]:
        return backfilling.backfills_list(who=self.who, trigger=trigger)

    def _page(
        self,
        trigger: Trigger,
        told: Schedule,
        entered: dict[str, str],
        *,
        preview: backfilling.Preview | None = None,
        problem: Problem | None = None,
    ) -> HttpResponse:
        self.page_title = f"Backfill of {trigger.workflow.title}"
        context = {
            "trigger": trigger,
            "workflow": trigger.workflow,
            "told": told.told(),
            "zone": told.zone.replace("_", " "),
            "entered": entered,
            "preview": preview,
            "again": self.request.POST.get("again") == "1",
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "backfills": self._listed(trigger),
            "most": backfilling.MOST_TIMES,
            "can_run": self.who.can(WORKFLOWS_RUN),
        }
        return self.page("workflows/workflow_backfill.html", context, status=problem.status if problem else 200)


def _span(entered: dict[str, str], told: Schedule) -> dict[str, datetime]:
    """The two moments as the clocks of the schedule's zone show them. Raises `InvalidInput` with their places."""
    found, issues = {}, []
    for field, text in entered.items():
        try:
            found[field] = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(told.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            issues.append(Issue(path=field, message="Write a day and a time, as 2026-03-02T06:00."))
    if issues:
        raise InvalidInput("A moment cannot be read; nothing was started.", issues=issues)
    return found


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"

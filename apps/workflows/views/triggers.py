"""What starts a workflow by itself: added, changed, turned on and off, given another secret, deleted."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import InvalidInput, NotFound
from apps.console.views import ConsoleView
from apps.gateway.overlaps import OVERLAPS
from apps.workflows import selectors, starting
from apps.workflows.definition import Definition
from apps.workflows.models import Trigger, Workflow
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.snippets import webhook_curl
from apps.workflows.trigger_forms import ANSWERS, ENDS, MISSED, TriggerForm
from apps.workflows.triggers import TRIGGER_KINDS, Webhook, settings_of
from apps.workflows.webhooks import TOLERANCE, secret_rotate

WINDOW_MINUTES: Final = int(TOLERANCE.total_seconds() // 60)


class TriggerView(ConsoleView):
    """What the pages of triggers have in common: they belong to one workflow."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def trigger(self, name: str, id: UUID) -> Trigger:
        """A trigger of this workflow. Raises `NotFound`, also for one of another workflow."""
        found = selectors.trigger_get(who=self.who, id=id)
        if found.workflow.name != name:
            raise NotFound("The workflow has no such trigger.", remedy="See the triggers of the workflow.")
        return found

    def form(self, workflow: Workflow, form: TriggerForm, trigger: Trigger | None = None) -> HttpResponse:
        self.page_title = f"{'Trigger' if trigger else 'New trigger'} of {workflow.title}"
        definition = _definition(workflow)
        others = selectors.workflows_query(who=self.who).exclude(pk=workflow.pk)[:500]
        context = {
            "workflow": workflow,
            "trigger": trigger,
            "form": form,
            "label": TRIGGER_KINDS[form.kind].label,
            "kinds": [(each.key, each.label, each.icon, each.about) for each in TRIGGER_KINDS],
            "fields": TRIGGER_KINDS[form.kind].model_fields,
            "environment": TRIGGER_KINDS[form.kind].gives,
            "inputs": definition.inputs if definition else {},
            "missed": MISSED,
            "answers": ANSWERS,
            "ends": ENDS,
            "workflows": others if form.kind == "workflow_end" else [],
            "window": WINDOW_MINUTES,
        }
        if trigger is not None and trigger.kind == Webhook.key:
            context |= self.address(trigger)
        return self.page(
            "workflows/workflow_trigger.html", context, status=form.problem.status if form.problem else 200
        )

    def address(self, trigger: Trigger, secret: str = "") -> dict[str, Any]:
        """Where a webhook's messages are sent to, and how."""
        url = self.request.build_absolute_uri(reverse("webhook", args=[trigger.pk]))
        inputs = settings_of(trigger.kind, trigger.told).inputs
        message = {name: value for name, value in inputs.items() if "${" not in str(value)} or {"hello": "there"}
        return {"url": url, "curl": webhook_curl(url, message, secret)}

    def shown_once(self, trigger: Trigger, secret: str, title: str) -> HttpResponse:
        """The secret of a webhook in this one answer: it is kept neither in the session nor in a browser's cache."""
        self.page_title = title
        context = {"trigger": trigger, "workflow": trigger.workflow, "secret": secret, "window": WINDOW_MINUTES}
        context |= self.address(trigger, secret)
        response = self.page("workflows/workflow_trigger_made.html", context, status=201)
        response["Cache-Control"] = "no-store"
        return response

    def back(self, name: str) -> HttpResponse:
        return redirect(f"{reverse('workflows:workflow', args=[name])}#triggers")


def _definition(workflow: Workflow) -> Definition | None:
    """What is published of a workflow; None where nothing is."""
    return workflow.published.definition if workflow.published else None


def _entered(request: HttpRequest) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n")[:20_000] for name, value in request.POST.dict().items()}


class TriggerNew(TriggerView):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_get(who=self.who, name=name)
        return self.form(workflow, TriggerForm.fresh(_kind(request.GET.get("kind", "")), _definition(workflow)))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_get(who=self.who, name=name)
        form = TriggerForm(_kind(request.POST.get("kind", "")), _entered(request))
        if request.POST.get("action") == "look":
            form.look()
            return self.form(workflow, form)
        try:
            trigger, secret = starting.trigger_create(
                who=self.who, user=self.user, workflow=workflow, kind=form.kind, settings=form.settings()
            )
        except InvalidInput as problem:
            form.problem = problem
            return self.form(workflow, form)
        if secret:
            return self.shown_once(trigger, secret, "The webhook is made")
        messages.success(request, f"{settings_of(trigger.kind, trigger.told).told()}: {workflow.title} is started.")
        return self.back(name)


def _kind(asked: str) -> str:
    return asked if asked in TRIGGER_KINDS else "schedule"


class TriggerPage(TriggerView):
    def get(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        trigger = self.trigger(name, id)
        form = TriggerForm.of(trigger)
        form.look()
        return self.form(self._workflow(name), form, trigger)

    def post(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        trigger = self.trigger(name, id)
        form = TriggerForm(trigger.kind, _entered(request))
        if request.POST.get("action") == "look":
            form.look()
            return self.form(self._workflow(name), form, trigger)
        try:
            trigger = starting.trigger_change(who=self.who, trigger=trigger, settings=form.settings())
        except InvalidInput as problem:
            form.problem = problem
            return self.form(self._workflow(name), form, trigger)
        messages.success(request, f"{settings_of(trigger.kind, trigger.told).told()}: the trigger is changed.")
        return self.back(name)

    def _workflow(self, name: str) -> Workflow:
        return selectors.workflow_get(who=self.who, name=name)


class TriggerTurn(TriggerView):
    """Turn a trigger on (`on=1`) or off."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        on = request.POST.get("on") == "1"
        starting.trigger_change(who=self.who, trigger=self.trigger(name, id), is_enabled=on)
        messages.success(request, "The trigger is on." if on else "The trigger is off: it starts nothing.")
        return self.back(name)


class TriggerDelete(TriggerView):
    """Ask, then delete."""

    page_title = "Delete a trigger"

    def get(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        trigger = self.trigger(name, id)
        context = {"trigger": trigger, "workflow": trigger.workflow, "told": _told(trigger)}
        return self.page("workflows/workflow_trigger_delete.html", context)

    def post(self, request: HttpRequest, name: str, id: UUID) -> HttpResponse:
        starting.trigger_delete(who=self.who, trigger=self.trigger(name, id))
        messages.success(request, "The trigger is deleted. Runs that it started stay.")
        return self.back(name)


class TriggerRotate(TriggerView):
    """Ask, then give a webhook another secret."""

    page_title = "Rotate the secret"

    def get(self, request: HttpRequest, name: str, webhook: UUID) -> HttpResponse:
        trigger = self.trigger(name, webhook)
        context = {"trigger": trigger, "workflow": trigger.workflow, "overlaps": OVERLAPS.values()}
        return self.page("workflows/workflow_trigger_rotate.html", context)

    def post(self, request: HttpRequest, name: str, webhook: UUID) -> HttpResponse:
        trigger = self.trigger(name, webhook)
        trigger = secret_rotate(who=self.who, trigger=trigger, overlap=request.POST.get("overlap", ""))
        return self.shown_once(trigger, str(trigger.secret), "The webhook has another secret")


def _told(trigger: Trigger) -> str:
    return settings_of(trigger.kind, trigger.told).told()

"""How one ends with what one changes: it is undone, saved, published, dropped, or settled with what others saved."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import Conflict, InvalidInput
from apps.workflows.editing import services
from apps.workflows.editing.pages import Look, editor_url
from apps.workflows.editing.services import Saved
from apps.workflows.editing.views import EditorView
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.snippets import webhook_curl
from apps.workflows.views.triggers import WINDOW_MINUTES


class EditHistory(EditorView):
    """Undo or redo one change: `do` says which."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        act = services.edit_redo if request.POST.get("do") == "redo" else services.edit_undo
        try:
            act(who=self.who, user=self.user, id=id)
        except Conflict as problem:
            messages.info(request, problem.detail)
        found = self.edit(id)
        return redirect(editor_url(found, step=request.POST.get("step", ""), open=request.POST.get("open", "")))


class EditSave(EditorView):
    """Save what was changed as the draft."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        try:
            saved = self.save(id)
        except (Conflict, InvalidInput) as problem:
            return self.show(self.edit(id), look=Look(step=request.POST.get("step", "")), problem=problem)
        if saved.secrets:
            return self.secrets(saved)
        messages.success(request, self.said(saved))
        if saved.waiting is not None:
            messages.warning(
                request, "A trigger waits until you publish: what is published now does not take its inputs."
            )
        return self.leave(saved, id)

    def save(self, id: UUID) -> Saved:
        return services.edit_save(who=self.who, user=self.user, id=id, seen=self.seen)

    def said(self, saved: Saved) -> str:
        return f"{saved.workflow.title} is saved as a draft. Publish it, and new runs follow it."

    def leave(self, saved: Saved, id: UUID) -> HttpResponse:
        return redirect(editor_url(self.edit(id), step=self.request.POST.get("step", "")))

    def secrets(self, saved: Saved) -> HttpResponse:
        """The secrets of webhooks in this one answer: they are kept neither in the session nor in a browser's cache."""
        self.page_title = "The webhook is made"
        trigger, secret = saved.secrets[0]
        url = self.request.build_absolute_uri(reverse("webhook", args=[trigger.pk]))
        context = {
            "trigger": trigger,
            "workflow": saved.workflow,
            "secret": secret,
            "window": WINDOW_MINUTES,
            "url": url,
        }
        context["curl"] = webhook_curl(url, {"hello": "there"}, secret)
        response = self.page("workflows/workflow_trigger_made.html", context, status=201)
        response["Cache-Control"] = "no-store"
        return response


class EditPublish(EditSave):
    """Save what was changed, and publish it."""

    step_up = {"POST"}

    def save(self, id: UUID) -> Saved:
        note = self.request.POST.get("note", "").strip()
        return services.edit_publish(who=self.who, user=self.user, id=id, note=note, seen=self.seen)

    def said(self, saved: Saved) -> str:
        number = saved.version.number if saved.version else None
        return f"Version {number} is published. New runs follow it; those under way stay on theirs."

    def leave(self, saved: Saved, id: UUID) -> HttpResponse:
        return redirect("workflows:workflow", name=saved.workflow.name)


class EditDiscard(EditorView):
    """Ask, then drop what was not saved."""

    page_title = "Discard changes"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = self.edit(id)
        content = services.edit_content(found)
        context = {
            "edit": found,
            "title": content.definition.get("title") or "the workflow",
            "back": editor_url(found),
            "at": services.change_now(found),
            "count": found.changes.filter(number__gt=0, number__lte=found.at).count(),
        }
        return self.page("workflows/editor/discard.html", context)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        try:
            workflow = services.edit_discard(who=self.who, user=self.user, id=id, seen=self.seen)
        except Conflict as problem:
            return self.show(self.edit(id), problem=problem)
        messages.success(request, "Your changes are dropped. What was saved and published stays as it is.")
        return redirect("workflows:workflow", name=workflow.name) if workflow else redirect("workflows:workflows")


class EditRebase(EditorView):
    """Settle that somebody else has saved: `take` is `theirs` or `mine`."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        take = request.POST.get("take")
        if take not in {"theirs", "mine"}:
            raise InvalidInput("Take theirs, or keep mine; nothing was changed.")
        seen = request.POST.get("seen", "")
        try:
            found = services.edit_rebase(
                who=self.who,
                user=self.user,
                id=id,
                take="theirs" if take == "theirs" else "mine",
                seen=int(seen) if seen.isdecimal() and len(seen) < 10 else None,
            )
        except Conflict as problem:
            return self.show(self.edit(id), problem=problem)
        said = (
            "You go on with what they saved; undo brings yours back."
            if take == "theirs"
            else ("Yours is kept: when you save it, it takes the place of theirs.")
        )
        messages.success(request, said)
        return redirect(editor_url(found))

"""The pages of the editor by forms; how one ends with what is changed there stands in `finishing`.

Every action is a form that is posted, keeps one change, and leads back to the page; where scripts run, the parts of the
page that may be other are taken from that answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from pydantic import ValidationError

from apps.common.errors import Conflict, InvalidInput, NotFound, Problem
from apps.common.yamls import text_write
from apps.console.views import ConsoleView
from apps.workflows import selectors
from apps.workflows.editing import operations, services, wholes
from apps.workflows.editing.adding import offer_get
from apps.workflows.editing.contents import Content
from apps.workflows.editing.operations import Raw
from apps.workflows.editing.outline import title_of
from apps.workflows.editing.pages import PANELS, Look, Typed, editor_page, editor_url
from apps.workflows.editing.services import Part
from apps.workflows.models import WorkflowEdit
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.stepforms import step_read
from apps.workflows.trigger_forms import ANSWERS, ENDS, MISSED, TriggerForm
from apps.workflows.triggers import TRIGGER_KINDS, settings_of
from apps.workflows.views.triggers import WINDOW_MINUTES

LONGEST_FIELD: Final = 20_000


class EditorView(ConsoleView):
    """What the pages of an edit have in common."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def edit(self, id: UUID) -> WorkflowEdit:
        return services.edit_get(who=self.who, user=self.user, id=id)

    @property
    def seen(self) -> int | None:
        """The change that the page has shown which asks; None where it does not say."""
        told = self.request.POST.get("at", "")
        return int(told) if told.isdecimal() and len(told) < 18 else None

    def change(
        self, id: UUID, what: str, change: Callable[[Content], Content], part: Part | None = None
    ) -> WorkflowEdit:
        return services.edit_change(
            who=self.who, user=self.user, id=id, what=what, change=change, part=part, seen=self.seen
        )

    def refused(
        self, id: UUID, look: Look, problem: Conflict, change: Callable[[Content], Content], part: Part
    ) -> HttpResponse:
        """The page as it is now, with what was typed into one that has shown another state."""
        edit = self.edit(id)
        now, seen = services.edit_content(edit), self.seen or 0
        then = services.content_seen(edit, seen) or now
        text = text_write(part(change(then))).rstrip("\n") if part(then) is not None else ""
        left = {"csrfmiddlewaretoken", "at", "act"}
        fields = [(key, value) for key, values in self.request.POST.lists() for value in values if key not in left]
        typed = Typed(self.request.path, seen, fields, text, has_place=part(now) is not None)
        return self.show(edit, look=look, problem=problem, typed=typed)

    def change_definition(self, id: UUID, what: str, change: Callable[[Raw], Raw]) -> WorkflowEdit:
        return self.change(id, what, lambda said: said.with_definition(change(said.definition)))

    def show(
        self,
        edit: WorkflowEdit,
        *,
        look: Look | None = None,
        trigger_form: TriggerForm | None = None,
        problem: Problem | None = None,
        typed: Typed | None = None,
    ) -> HttpResponse:
        """The page of the editor. What stands against an action is told on it."""
        look = look or Look.of(self.request.GET)
        form = trigger_form
        if form is None and look.trigger in TRIGGER_KINDS:
            form = TriggerForm.fresh(look.trigger, None)
            if form.kind == "schedule":
                form.look()
        page = editor_page(who=self.who, edit=edit, look=look, trigger_form=form, problem=problem)
        page.typed = typed
        self.page_title = f"Edit {page.title}"
        if form is not None and trigger_form is None and not form.values["inputs"]:
            form.values["inputs"] = _examples(page.content.definition)
        context = {"editor": page, **self._trigger_context(form, page.content.definition)}
        status = next((each.status for each in (problem, form and form.problem) if each), 200)
        return self.page("workflows/editor/editor.html", context, status=status)

    def _trigger_context(self, form: TriggerForm | None, raw: Raw) -> dict[str, Any]:
        kinds = [(each.key, each.label, each.icon, each.about) for each in TRIGGER_KINDS]
        if form is None:
            return {"kinds": kinds}
        kind = TRIGGER_KINDS[form.kind]
        return {
            "kinds": kinds,
            "form": form,
            "fields": kind.model_fields,
            "environment": kind.gives,
            "inputs": raw["inputs"],
            "missed": MISSED,
            "answers": ANSWERS,
            "ends": ENDS,
            "workflows": selectors.workflows_query(who=self.who)[:500] if form.kind == "workflow_end" else [],
            "window": WINDOW_MINUTES,
        }


def _examples(raw: Raw) -> str:
    """Values that the inputs of a workflow may be given, as YAML."""
    given = {
        name: each.get("example", each.get("default")) for name, each in raw["inputs"].items() if isinstance(each, dict)
    }
    return text_write(given) if given else ""


class EditWorkflow(EditorView):
    """The editor of a workflow: what this person has begun of it, else its draft, or what is published."""

    permission = {"GET": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        return self.show(services.edit_begin(who=self.who, user=self.user, workflow=workflow))


class EditPage(EditorView):
    """The editor of what is begun, by its id: that of a workflow that is to be made has no other address."""

    permission = {"GET": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self.show(self.edit(id))


class StepAdd(EditorView):
    """Add a step: `add` says of what, `after` below which step."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = self.edit(id)
        name = services.edit_content(found).definition.get("name")
        offer = offer_get(who=self.who, workflow=str(name or ""), what=request.POST.get("add", ""))
        made: list[str] = []

        def add(raw: Raw) -> Raw:
            after, step = request.POST.get("after") or None, dict(offer.step)
            changed, new = operations.step_add(raw, step, after=after, name=offer.title)
            made.append(new)
            return changed

        found = self.change_definition(id, f"Added {offer.title}", add)
        return redirect(editor_url(found, step=made[0], anchor=f"step-{made[0]}"))


class StepChange(EditorView):
    """Keep what stands in the form of a step; a button of the form (`act`) is carried out as well."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID, step: str) -> HttpResponse:
        def change(said: Content) -> Content:
            return self._read(said, step)

        def part(said: Content) -> Any:
            return said.definition["steps"].get(step)

        try:
            found = self.change(id, self._what(id, step), change, part)
        except Conflict as problem:
            return self.refused(id, Look(step=step), problem, change, part)
        return redirect(editor_url(found, step=step, anchor=f"step-{step}"))

    def _read(self, said: Content, step: str) -> Content:
        raw = said.definition
        if step not in raw["steps"]:
            raise NotFound(f"There is no step {step!r} in what you change.", remedy="See the steps: it may be undone.")
        read = step_read(self.request.POST, raw, step, who=self.who)
        return said.with_definition(operations.step_change(raw, step, read))

    def _what(self, id: UUID, step: str) -> str:
        title = self.request.POST.get("s.title", "").strip() or step.replace("_", " ").capitalize()
        return f"Changed {title}"


class StepAct(EditorView):
    """Move, copy, rename or remove a step: `do` says what."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID, step: str) -> HttpResponse:
        do, opened = request.POST.get("do", ""), request.POST.get("step", "")
        left: list[str] = [opened]

        def act(raw: Raw) -> Raw:
            position = list(raw["steps"]).index(step) if step in raw["steps"] else 0
            if do in {"up", "down"}:
                return operations.step_move(raw, step, to=position + (1 if do == "down" else -1))
            if do == "move":
                to = request.POST.get("to", "")
                return operations.step_move(raw, step, to=int(to) if to.isdecimal() and len(to) < 6 else position)
            if do == "duplicate":
                changed, left[0] = operations.step_duplicate(raw, step)
                return changed
            if do == "rename":
                left[0] = request.POST.get("name", "").strip()
                return operations.step_rename(raw, step, left[0])
            if do == "remove":
                left[0] = "" if opened == step else opened
                return operations.step_remove(raw, step)
            raise InvalidInput("A step is moved, copied, renamed or removed; nothing was changed.")

        try:
            found = self.change_definition(id, self._what(id, step, do), act)
        except InvalidInput as problem:
            return self.show(self.edit(id), look=Look(step=step), problem=problem)
        if do == "remove":
            messages.success(request, "The step is taken out. Undo brings it back.")
        return redirect(editor_url(found, step=left[0], anchor=f"step-{left[0]}" if do != "remove" else "steps"))

    def _what(self, id: UUID, step: str, do: str) -> str:
        raw = services.edit_content(self.edit(id)).definition["steps"].get(step, {})
        word = {"up": "Moved", "down": "Moved", "move": "Moved", "duplicate": "Copied", "rename": "Renamed"}
        return f"{word.get(do, 'Removed')} {title_of(step, raw)}"


class WholeChange(EditorView):
    """Keep what stands in the form of the settings, the inputs or the outputs: `part` says which."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID, part: str) -> HttpResponse:
        if part not in PANELS:
            raise NotFound("A workflow has settings, inputs and outputs.")
        is_new = self.edit(id).workflow is None

        def read(raw: Raw) -> Raw:
            if part == "inputs":
                return operations.inputs_set(raw, wholes.inputs_read(request.POST, raw, who=self.who))
            if part == "outputs":
                return operations.outputs_set(raw, wholes.outputs_read(request.POST, raw, who=self.who))
            return operations.settings_set(raw, wholes.settings_read(request.POST, raw, who=self.who, is_new=is_new))

        def change(said: Content) -> Content:
            return said.with_definition(read(said.definition))

        def shown(said: Content) -> Any:
            raw, keys = said.definition, wholes.settings_of(is_new=is_new)
            return {key: raw[key] for key in keys if key in raw} if part == "settings" else raw[part]

        try:
            found = self.change(id, f"Changed {part}", change, shown)
        except Conflict as problem:
            return self.refused(id, Look(panel=part), problem, change, shown)
        return redirect(editor_url(found, open=part, anchor=f"part-{part}"))


class TriggersChange(EditorView):
    """Add a trigger to those that are made when it is saved, take one of them out, or look at when it would start."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        do, kind = request.POST.get("do", "add"), request.POST.get("kind", "")
        if do == "remove":
            number = request.POST.get("number", "")
            taken = int(number) if number.isdecimal() and len(number) < 4 else -1
            try:
                found = self.change(
                    id, "Removed a trigger", lambda said: said.without_trigger(taken), lambda said: said.triggers
                )
            except Conflict as problem:  # its number may be that of another one by now
                return self.show(self.edit(id), problem=problem)
            return redirect(editor_url(found, anchor="trigger"))
        values = {key: value.replace("\r\n", "\n")[:LONGEST_FIELD] for key, value in request.POST.dict().items()}
        form = TriggerForm(kind if kind in TRIGGER_KINDS else "schedule", values)
        if do == "look":
            form.look()
            return self.show(self.edit(id), look=Look(trigger=form.kind), trigger_form=form)
        try:
            settings = _checked(form)
            what = f"Added a trigger: {TRIGGER_KINDS[form.kind].label}"
            found = self.change(id, what, lambda said: said.with_trigger(form.kind, settings))
        except InvalidInput as problem:
            form.problem = problem
            return self.show(self.edit(id), look=Look(trigger=form.kind), trigger_form=form)
        return redirect(editor_url(found, anchor="trigger"))


def _checked(form: TriggerForm) -> dict[str, Any]:
    """The settings of a trigger, as they are kept. Raises `InvalidInput`."""
    try:
        told = settings_of(form.kind, form.settings())
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="settings") from error
    return told.model_dump(mode="json", exclude_defaults=True)

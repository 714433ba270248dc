"""What the page of the editor shows: a constant number of statements, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from django.urls import reverse
from django.utils.http import urlencode

from apps.common.errors import Problem
from apps.common.permissions import Principal
from apps.workflows import selectors
from apps.workflows.differences import definition_difference
from apps.workflows.editing.adding import Offered, offered
from apps.workflows.editing.contents import Content
from apps.workflows.editing.outline import Row, rows_of, sketch
from apps.workflows.editing.problems import EditingCatalogue, Verdict, verdict_of
from apps.workflows.editing.services import theirs
from apps.workflows.editing.wholes import inputs_form, outputs_form, settings_form
from apps.workflows.models import Trigger, Workflow, WorkflowChange, WorkflowEdit
from apps.workflows.overview import next_times
from apps.workflows.stepforms import StepForm, step_form
from apps.workflows.stepforms.nodes import Node
from apps.workflows.store import CLOCK
from apps.workflows.trigger_forms import TriggerForm
from apps.workflows.triggers import Schedule, TriggerSettings, settings_of

TIMES_SHOWN: Final = 3
PANELS: Final = {
    "inputs": ("What it takes", "login"),
    "outputs": ("What it gives", "logout"),
    "settings": ("Settings", "settings"),
}
"""Parts of the page that are open or closed, by the query's `open`, each with its title and icon."""
State = Literal["saved", "kept", "conflict"]


@dataclass(frozen=True)
class Starter:
    """What starts the workflow: a trigger that is there, or one that is to be made."""

    told: str
    icon: str
    times: list[str]
    trigger: Trigger | None = None
    number: int = 0
    """Of those that are to be made, from 0."""


@dataclass(frozen=True)
class Look:
    """How the page is looked at: what is open, as the query says."""

    step: str = ""
    panel: str = ""
    add: str = ""
    """The step below which one is to be added, or ``-`` for the end; empty: none is."""
    find: str = ""
    trigger: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Look:
        def word(name: str) -> str:
            return query.get(name, "")[:100].replace("\0", "")

        return cls(*(word(name) for name in ("step", "open", "add", "find", "trigger")))


@dataclass(frozen=True)
class Typed:
    """What was typed into a form of a page that had shown another state, and was not kept."""

    url: str
    """Where it was posted to."""
    seen: int
    """The change that the page had shown."""
    fields: list[tuple[str, str]]
    text: str
    """What it comes to as YAML, for people."""
    has_place: bool
    """False: the step is gone to which it belongs."""


@dataclass
class EditorPage:
    edit: WorkflowEdit
    content: Content
    verdict: Verdict
    rows: list[Row]
    graph: dict[str, Any]
    state: State
    kept_at: datetime | None
    look: Look
    can_undo: bool
    can_redo: bool
    starters: list[Starter]
    pending: list[Starter]
    differences: list[str] | None = None
    """Where somebody else has saved: what mine would change of it; None: that cannot be told yet."""
    form: StepForm | None = None
    offers: list[Offered] = field(default_factory=list)
    settings: list[Node] = field(default_factory=list)
    fields: Node | None = None
    trigger_form: TriggerForm | None = None
    problem: Problem | None = None
    at: int = 0
    """The change that is shown."""
    typed: Typed | None = None

    @property
    def stands_at(self) -> int:
        """The change that the forms of the page that asked were made of: they stay where scripts run."""
        return self.typed.seen if self.typed is not None else self.at

    @property
    def workflow(self) -> Workflow | None:
        return self.edit.workflow

    @property
    def title(self) -> str:
        return str(self.content.definition.get("title") or "") or "Workflow without a title"

    @property
    def url(self) -> str:
        return editor_url(self.edit)

    @property
    def name(self) -> str:
        return str(self.content.definition.get("name") or "")

    @property
    def panels(self) -> list[tuple[str, str, str]]:
        return [(key, title, icon) for key, (title, icon) in PANELS.items()]

    @property
    def next_version(self) -> int:
        published = self.workflow.published if self.workflow else None
        return (published.number or 0) + 1 if published else 1


def editor_url(edit: WorkflowEdit, *, anchor: str = "", **query: str) -> str:
    """Where an edit is shown: under the name of its workflow, once that is there."""
    workflow = edit.workflow
    url = reverse("workflows:edit", args=[workflow.name]) if workflow else reverse("workflows:edit-new", args=[edit.pk])
    told = {key: value for key, value in query.items() if value}
    return url + (f"?{urlencode(told)}" if told else "") + (f"#{anchor}" if anchor else "")


def editor_page(
    *,
    who: Principal,
    edit: WorkflowEdit,
    look: Look,
    trigger_form: TriggerForm | None = None,
    problem: Problem | None = None,
) -> EditorPage:
    """All of the page; parts that are closed are not made."""
    changes = list(
        WorkflowChange.objects.filter(edit=edit, number__range=(max(0, edit.at - 1), edit.at + 1)).values_list(
            "number", "at"
        )
    )
    kept = WorkflowChange.objects.only("content", "at").get(edit=edit, number=edit.at)
    content = Content.read(kept.content)
    raw = content.definition
    triggers = selectors.triggers_list(who=who, workflow=edit.workflow) if edit.workflow else []
    catalogue = EditingCatalogue.of(raw)
    verdict = verdict_of(content, catalogue, starts=len(triggers))
    states = {name: {"status": "failed", "note": "To be mended"} for name in verdict.steps}
    page = EditorPage(
        edit=edit,
        content=content,
        verdict=verdict,
        rows=rows_of(raw, catalogue.titles_of()),
        graph=sketch(raw).as_json(states),
        state=_state(edit, content),
        kept_at=kept.at if edit.at else None,
        look=look,
        can_undo=any(number < edit.at for number, _ in changes),
        can_redo=any(number > edit.at for number, _ in changes),
        starters=[_starter(settings_of(each.kind, each.told), each) for each in triggers],
        pending=[_starter(settings_of(**_told(each)), number=n) for n, each in enumerate(content.triggers)],
        trigger_form=trigger_form,
        problem=problem,
        at=kept.pk,
    )
    _open(page, who, catalogue)
    return page


def _open(page: EditorPage, who: Principal, catalogue: EditingCatalogue) -> None:
    """The parts of the page that are open."""
    raw, look, issues = page.content.definition, page.look, page.verdict.issues
    if page.state == "conflict" and page.workflow is not None and page.verdict.definition is not None:
        page.differences = definition_difference(theirs(who, page.workflow), page.verdict.definition)
    if look.step in raw["steps"]:
        counts = reverse("workflows:step-backtest", args=[page.edit.pk, look.step])
        page.form = step_form(raw, look.step, who=who, issues=issues, counts=counts, catalogue=catalogue)
    if look.add:
        page.offers = offered(who=who, workflow=page.name, find=look.find)
    if look.panel == "settings":
        page.settings = settings_form(raw, who=who, is_new=page.workflow is None, issues=issues)
    elif look.panel == "inputs":
        page.fields = inputs_form(raw, who=who, issues=issues)
    elif look.panel == "outputs":
        page.fields = outputs_form(raw, who=who, issues=issues)


def _state(edit: WorkflowEdit, content: Content) -> State:
    if content.saved is not None and content.saved == edit.seq:
        return "saved"
    return "conflict" if edit.workflow is not None and edit.workflow.seq != edit.seq else "kept"


def _told(trigger: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": trigger["kind"], "data": trigger["settings"]}


def _starter(told: TriggerSettings, trigger: Trigger | None = None, *, number: int = 0) -> Starter:
    times: list[str] = []
    if isinstance(told, Schedule):
        due = trigger.due_at if trigger is not None else told.following(CLOCK.now())
        times = next_times(told, due, TIMES_SHOWN)
    return Starter(told.told(), told.icon, times, trigger, number)

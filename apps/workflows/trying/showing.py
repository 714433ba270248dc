"""What of a trial its page shows: each step with what it was given, what it gave, why it ran, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apps.common.paths import NoValue, lookup
from apps.console.schemaforms import SchemaForm
from apps.console.schemaforms.texts import json_text
from apps.workflows.conditions import condition_compile, condition_sentence
from apps.workflows.engine.ledger import STEP, Entry, RunState
from apps.workflows.engine.plan import PlanStep
from apps.workflows.graphs import title_of
from apps.workflows.inputs import fields_model
from apps.workflows.kinds.approval import Approval
from apps.workflows.kinds.branch import Branch
from apps.workflows.models import Workflow
from apps.workflows.payloads import without_credentials
from apps.workflows.replaying.simulating import Question
from apps.workflows.shapes import Shape, shape_of
from apps.workflows.trying.following import Going, key_of, questions_of
from apps.workflows.trying.prefilling import answer_latest, answer_sample

MOST_ASKED: Final = 10
"""Questions that are shown at once; the others follow as these are answered."""
ANSWERS: Final = "answers"


@dataclass(frozen=True)
class Case:
    """One case of a branch, with its condition in words."""

    title: str
    sentence: str
    held: bool | None
    """None: it did not come to that."""


@dataclass(frozen=True)
class Asked:
    """What a step would send or ask, and the form by which whoever tries answers it."""

    key: str
    question: Question
    sent: Shape
    title: str
    address: str = ""
    """Of a request: its method and address."""
    fields: SchemaForm | None = None
    """Of a question to a person: what is filled in with a yes."""
    prefilled: str = ""
    status: int = 200
    is_latest: bool = False
    """Whether the answer that is offered is that of the latest run."""

    @property
    def kind(self) -> str:
        return self.question.step.step.kind

    @property
    def item(self) -> int | None:
        return None if self.question.item == STEP else self.question.item


@dataclass(frozen=True)
class ShownStep:
    step: PlanStep
    title: str
    status: str
    said: str
    """Who did it, in words."""
    given: Shape | None
    gave: Shape | None
    problem: Mapping[str, Any] | None
    condition: Case | None
    cases: list[Case] = field(default_factory=list)
    goes: list[str] = field(default_factory=list)
    """Titles of the steps that it leads to."""
    asked: list[Asked] = field(default_factory=list)
    items: str = ""
    """Of a step that runs for each item: how far it has come."""


@dataclass(frozen=True)
class Look:
    """A trial as its page shows it."""

    steps: list[ShownStep]
    more: int
    """Questions that are not shown yet."""

    @property
    def waits_at(self) -> str:
        """The first step that waits for an answer; empty: none does."""
        return next((shown.step.name for shown in self.steps if shown.asked), "")


def trial_look(going: Going, *, workflow: Workflow | None, values: Mapping[str, str], answers: bool) -> Look:
    """Every step as far as the trial has come. `values` is what was entered into the form of an answer; with `answers`
    such forms are shown, and cost two statements for each of their steps."""
    state = going.state()
    questions = [each for each in questions_of(going, state) if each.step.step.kind != "agent"] if answers else []
    offered: dict[str, tuple[Any, bool]] = {}
    asked: dict[int, list[Asked]] = {}
    for question in questions[:MOST_ASKED]:
        name = question.step.name
        if question.step.step.kind != "approval" and name not in offered:
            latest = answer_latest(workflow=workflow, name=name, step=question.step.step)
            offered[name] = (latest, True) if latest is not None else (answer_sample(question.step.step), False)
        asked.setdefault(question.step.index, []).append(_asked(question, offered.get(name), values))
    shown = [_shown(going, state, step, asked.get(step.index, [])) for step in going.plan.steps if step.undoes is None]
    return Look(shown, max(0, len(questions) - MOST_ASKED))


def _shown(going: Going, state: RunState, step: PlanStep, asked: list[Asked]) -> ShownStep:
    settled, of_step = state.settled[step.index], [each for each in going.entries if each.step == step.index]
    is_reached = settled is not None or bool(of_step)
    ended = next((each for each in reversed(of_step) if each.item == STEP and each.outcome != "opened"), None)
    output = state.env["steps"].get(step.name)
    status = _status(state, step, of_step, asked)
    return ShownStep(
        step,
        title_of(step.name, step.step),
        status,
        _said(step, status),
        _given(state, step) if is_reached and settled != "skipped" else None,
        shape_of(output) if settled == "succeeded" else None,
        _problem(state, step, ended, of_step),
        _condition(state, step) if is_reached else None,
        _cases(state, step) if settled == "succeeded" else [],
        _goes(going, state, step) if settled in {"succeeded", "failed"} else [],
        asked,
        _items(state, step),
    )


def _status(state: RunState, step: PlanStep, of_step: list[Entry], asked: list[Asked]) -> str:
    settled = state.settled[step.index]
    if settled == "failed":
        return "failed" if step.handler is None else "contained"
    if settled is not None:
        return settled
    if asked:
        return "waiting"
    return "running" if of_step else "queued"


def _said(step: PlanStep, status: str) -> str:
    if status in {"queued", "skipped"}:
        return ""
    if step.inline:
        return "Computed"
    told = {
        "agent": "The agent is really asked",
        "approval": "Nobody is asked: you answer",
        "wait": "Time passes at once",
    }
    return told.get(step.step.kind, "Nothing is sent: you answer")


def _given(state: RunState, step: PlanStep) -> Shape | None:
    """What the step was given: what it asks, else what it refers to."""
    if step.items is None and not step.inline and step.step.kind != "wait":
        try:
            return shape_of(_sent(step, state.asked(step, STEP)))
        except (NoValue, ValueError):
            return None
    found: dict[str, Any] = {}
    for _, reference in step.step.references():
        try:
            found[str(reference)[2:-1]] = lookup(state.env, reference.path)
        except NoValue:
            found[str(reference)[2:-1]] = None
    return shape_of(found) if found else None


def _sent(step: PlanStep, asked: Any) -> Any:
    """What is asked, without the values of headers, which may be credentials."""
    if step.step.kind == "http" and isinstance(asked, Mapping):
        return {**asked, "headers": dict.fromkeys(asked.get("headers") or {}, "[not shown]")}
    return asked


def _problem(state: RunState, step: PlanStep, ended: Entry | None, of_step: list[Entry]) -> Mapping[str, Any] | None:
    if ended is not None and ended.problem is not None:
        return ended.problem
    if state.settled[step.index] != "failed":
        return None
    return next((each.problem for each in reversed(of_step) if each.problem is not None), None)


def _condition(state: RunState, step: PlanStep) -> Case | None:
    if step.when is None or step.step.when is None:
        return None
    return Case("", condition_sentence(step.step.when), step.when(state.env_of(step)))


def _cases(state: RunState, step: PlanStep) -> list[Case]:
    """The cases of a branch, up to the one that held."""
    if not isinstance(step.step, Branch):
        return []
    found, over = [], False
    for number, case in enumerate(step.step.cases, 1):
        held = None if over else condition_compile(case.when)(state.env_of(step))
        over = over or bool(held)
        found.append(Case(case.title or f"case {number}", condition_sentence(case.when), held))
    return found


def _goes(going: Going, state: RunState, step: PlanStep) -> list[str]:
    output = state.env["steps"].get(step.name)
    chosen = output.get("go", []) if step.targets and isinstance(output, Mapping) else None
    found = []
    for index in step.after:
        after = going.plan.steps[index]
        leads = after.name in chosen if chosen is not None and index in step.targets else index != step.handler
        if state.settled[step.index] == "failed":
            leads = index == step.handler
        if leads:
            found.append(title_of(after.name, after.step))
    return found


def _items(state: RunState, step: PlanStep) -> str:
    items = state.items.get(step.index)
    if items is None:
        return ""
    over = sum(piece.is_over for piece in items.pieces)
    return f"{over:,} of {len(items.pieces):,} items"


def _asked(question: Question, offered: tuple[Any, bool] | None, values: Mapping[str, str]) -> Asked:
    step, key = question.step.step, key_of(question)
    entered = values if values.get("key") == key else {}
    title = title_of(question.step.name, step)
    if isinstance(step, Approval):
        fields = SchemaForm(fields_model(step.form), entered, root=ANSWERS, base=_examples(step)) if step.form else None
        return Asked(key, question, shape_of(question.asked), title, fields=fields)
    answer, is_latest = offered or (None, False)
    address, status = "", 200
    if step.kind == "http":
        address = f"{question.asked['method']} {question.asked['url']}"
        status = answer.get("status", 200) if isinstance(answer, Mapping) else 200
        answer = answer.get("body") if isinstance(answer, Mapping) else None
    text = entered.get("output") or json_text(without_credentials(answer))
    return Asked(
        key, question, shape_of(_sent(question.step, question.asked)), title, address, None, text, status, is_latest
    )


def _examples(step: Approval) -> dict[str, Any]:
    found = {name: each.example if each.example is not None else each.default for name, each in step.form.items()}
    return {name: value for name, value in found.items() if value is not None}

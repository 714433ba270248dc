"""Trials: begun with a sample, gone on with, answered by whoever tries. A trial belongs to one person.

Nothing of a trial is an entry of the audit log: it is a part of what one person is changing, and changes nothing. What
models cost that an agent asked is charged and traced as always, under the key of the trial.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, Problem
from apps.common.permissions import Principal, demand
from apps.tenants.fields import sealed_for
from apps.workflows.checking import definition_check
from apps.workflows.definition import Definition, definition_dump
from apps.workflows.graphs import title_of
from apps.workflows.inputs import inputs_model, inputs_validate
from apps.workflows.models import Trial, WorkflowEdit
from apps.workflows.performers import Outcome
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.replaying.agents import Asking, Halted, agents_check
from apps.workflows.replaying.simulating import UNTOLD, Course, Question
from apps.workflows.selectors import TenantCatalogue
from apps.workflows.trying.following import Going, ended_count, key_of, questions_of

KIND: Final = "workflows.trial"
KEPT: Final = 10
"""Trials of what somebody is changing that are kept: each new one takes the place of the oldest."""
LARGEST: Final = 16 * 1024 * 1024
"""Characters of what a trial has come to, as JSON."""
MOST_SPENT: Final = Decimal(5)
"""What models may cost in one trial, in the tenant's currency, until no further agent is asked."""
AT_WORK: Final = 3
"""Trials of a person whose agents are at work at a time."""
REMEMBERED_EVERY: Final = 1.0
"""Seconds after which the answers of agents are stored while others are still asked: they are not paid for twice."""
Status = Trial.Status
OPEN: Final = (Status.READY, Status.RUNNING, Status.WAITING)


class _Spent(Exception):
    """What the agents of a trial may cost was spent."""


class WorkflowTrialAbandoned(Problem):
    code, status, title = "workflow_trial_abandoned", 500, "The trial was given up"
    cause = "Three workers in a row were lost while an agent of it was at work: killed, or out of memory."
    effect = "What it had come to is kept. Nothing outside was changed."
    remedy = "Try again with a smaller sample."


def trial_start(
    *, who: Principal, user: User, edit: WorkflowEdit, definition: Definition, inputs: dict[str, Any]
) -> Trial:
    """Begin to try a definition with a sample. Nothing is done yet.

    Raises `InvalidInput` for a definition or inputs that are not right, and `PermissionDenied` for one who may not have
    its agents asked; then nothing is stored.
    """
    demand(who, WORKFLOWS_EDIT)
    definition_check(definition, TenantCatalogue())
    agents_check(who=who, user=user, definition=definition)
    taken = inputs_validate(inputs_model(definition), inputs)
    with transaction.atomic():
        former = Trial.objects.filter(edit=edit, user=user).exclude(status=Status.RUNNING)
        former.filter(pk__in=list(former.values_list("pk", flat=True)[KEPT - 1 :])).delete()
        trial = Trial(edit=edit, user=user, content=definition_dump(definition), inputs=taken)
        trial.save(force_insert=True)
    return trial


def trial_get(*, who: Principal, user: User, id: UUID, lock: bool = False) -> Trial:
    """What this person tries. Raises `NotFound`, also for what somebody else does."""
    demand(who, WORKFLOWS_EDIT)
    found = Trial.objects.select_related("edit__workflow", "user").filter(pk=id, user=user)
    trial = (found.select_for_update(of=("self",)) if lock else found).first()
    if trial is None:
        raise NotFound("There is nothing here that you are trying.", remedy="Open what you are changing, and try it.")
    return trial


@transaction.atomic
def trial_go(*, who: Principal, user: User, id: UUID, how: Literal["step", "all"]) -> Trial:
    """Go on by one step, or as far as it goes.

    Raises `Conflict` while an agent is at work, while those of too many other trials are, and after its end; and
    `PermissionDenied` for one who may not (any more) have its agents asked.
    """
    trial = trial_get(who=who, user=user, id=id, lock=True)
    _demand_open(trial)
    going = Going.of(trial)
    going.pause_at = ended_count(going.state()) + 1 if how == "step" else None
    return _demand_asking(who, user, _keep(trial, going, going.follow()), going)


@transaction.atomic
def trial_answer(*, who: Principal, user: User, id: UUID, key: str, outcome: Outcome) -> Trial:
    """Stand for whoever a step asks, and go on. Raises `Conflict` where that is not asked (any more), and as
    `trial_go` does."""
    trial = trial_get(who=who, user=user, id=id, lock=True)
    _demand_open(trial)
    going = Going.of(trial)
    asked = {key_of(each): each for each in questions_of(going, going.state())}
    if key not in asked or asked[key].step.step.kind == "agent":
        raise Conflict("This is not asked; nothing was changed.", remedy="Look at what the trial waits for now.")
    told = {"output": outcome.output, "problem": outcome.problem, "final": outcome.final}
    if len(json.dumps(told)) > LARGEST // 16:
        issue = Issue(path="output", message=f"It has {LARGEST // 16 // 1024:,} KiB at most.")
        raise InvalidInput("The answer is too large; nothing was changed.", issues=[issue])
    going.answers[key] = told
    return _demand_asking(who, user, _keep(trial, going, going.follow()), going)


def trial_perform(claim: work.Claim) -> None:
    """Ask the agents that a trial waits for, and go on. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        trial = Trial.objects.select_related("user", "edit").filter(pk=claim.id, status=Status.RUNNING).first()
        if trial is None:
            row.finish()
            return
    try:
        going = Going.of(trial)
    except InvalidInput as wrong:  # written for an earlier release, which this one cannot read
        with work.fenced(claim) as row:
            _fail(trial, wrong)
            row.finish()
        return
    try:
        course = going.follow(_Asker(claim, trial, going).ask)
    except Halted:
        _remember(claim, trial, going)
        return  # this process is to end: another one goes on
    except _Spent:
        with work.fenced(claim) as row:
            _stop_spending(trial, going)
            row.finish()
        return
    with work.fenced(claim) as row:
        if Trial.objects.select_for_update().filter(pk=trial.pk, status=Status.RUNNING).exists():
            try:
                _keep(trial, going, course)
            except InvalidInput as large:  # else the agents would be asked, and paid for, again and again
                _fail(trial, large)
        row.finish()


class _Asker:
    """Asks the agents of a trial, within what it may spend, and stores what they have answered as it goes."""

    def __init__(self, claim: work.Claim, trial: Trial, going: Going) -> None:
        self.claim, self.trial, self.going = claim, trial, going
        self.asking = Asking(trial.user, KIND, trial.pk, stopping=lambda: work.stopping(claim))
        self.stored_at = time.monotonic()

    def ask(self, question: Question) -> Outcome:
        if self.asking.spent() >= MOST_SPENT:
            raise _Spent
        if time.monotonic() - self.stored_at >= REMEMBERED_EVERY:
            _remember(self.claim, self.trial, self.going)
            self.stored_at = time.monotonic()
        return self.asking.ask(question)


def _remember(claim: work.Claim, trial: Trial, going: Going) -> None:
    """Store what was answered so far: whoever takes the trial up asks only for the rest. Raises `FenceLost`."""
    _, answers = going.kept()
    with work.fenced(claim):
        running = Trial.objects.filter(pk=trial.pk, status=Status.RUNNING)
        running.update(**sealed_for(trial, answers=answers))


def _stop_spending(trial: Trial, going: Going) -> None:
    """End a trial whose agents have cost what they may; what it has come to is kept."""
    _, trial.answers = going.kept()
    trial.status = Status.FAILED
    trial.problem = {
        "code": "trial_spent",
        "detail": f"Its agents have cost {MOST_SPENT} and more, which is what one trial may: no other was asked.",
        "remedy": "Try it with a smaller sample.",
    }
    trial.save(update_fields=["answers", "status", "problem", "changed_at"])


def trial_bury(id: UUID, cause: str) -> None:
    """Record that a trial was given up after its workers died."""
    trial = Trial.objects.filter(pk=id, status=Status.RUNNING).first()
    if trial is not None:
        _fail(trial, WorkflowTrialAbandoned(cause))


def trial_revive(id: UUID) -> None:
    """Open a trial again that was given up: its agent is asked again."""
    trial = Trial.objects.filter(pk=id, status=Status.FAILED).first()
    if trial is not None and (trial.problem or {}).get("code") == WorkflowTrialAbandoned.code:
        trial.status, trial.problem = Status.RUNNING, None
        trial.save(update_fields=["status", "problem", "changed_at"])


def _demand_asking(who: Principal, user: User, trial: Trial, going: Going) -> Trial:
    """The trial, where its agents may be asked now if it waits for them. Raises `Conflict`, `PermissionDenied`."""
    if trial.status == Status.RUNNING:
        agents_check(who=who, user=user, definition=going.definition)
        if Trial.objects.filter(user=user, status=Status.RUNNING).count() > AT_WORK:
            raise Conflict(
                f"Agents of {AT_WORK} other trials of yours are at work; nothing was changed.",
                remedy="Wait until one of them has answered.",
            )
    return trial


def _demand_open(trial: Trial) -> None:
    if trial.status == Status.RUNNING:
        raise Conflict("An agent is at work; nothing was changed.", remedy="Wait until it has answered.")
    if trial.status not in OPEN:
        raise Conflict("The trial has come to its end; nothing was changed.", remedy="Begin another one.")


def _keep(trial: Trial, going: Going, course: Course) -> Trial:
    """Store what a go has come to, and have agents asked that it waits for."""
    entries, answers = going.kept()
    if len(json.dumps(entries, default=str)) > LARGEST:
        raise InvalidInput(
            f"The trial has come to more than {LARGEST // 1024**2} MiB; nothing was kept of this go.",
            remedy="Try it with a smaller sample.",
        )
    trial.entries, trial.answers = entries, answers
    trial.status, trial.problem = _status(course), course.problem
    if course.problem is not None and course.to_undo:
        steps = {step.name: title_of(step.name, step.step) for step in going.plan.steps}
        trial.problem = {**course.problem, "would_undo": [steps[name] for name in course.to_undo]}
    if course.status == "untold" and "" in course.blocked:
        told = "It takes too long to be tried here: there are too many items."
        trial.problem = {"code": "trial_too_long", "detail": told}
    trial.outputs = None if course.outputs is UNTOLD else course.outputs
    trial.save(update_fields=["entries", "answers", "status", "problem", "outputs", "changed_at"])
    if trial.status == Status.RUNNING:
        work.schedule(KIND, trial.pk)
    return trial


def _status(course: Course) -> str:
    if course.status in {"succeeded", "failed"}:
        return Status.SUCCEEDED if course.status == "succeeded" else Status.FAILED
    if course.is_paused:
        return Status.READY
    if any(each.step.step.kind == "agent" for each in course.waiting):
        return Status.RUNNING
    return Status.WAITING if course.waiting else Status.FAILED


def _fail(trial: Trial, problem: Problem) -> None:
    trial.problem = {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy}
    trial.status = Status.FAILED
    trial.save(update_fields=["status", "problem", "changed_at"])

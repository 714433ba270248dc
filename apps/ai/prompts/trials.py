"""Trials: two wordings or models asked the same, side by side, in the background; a person says which is better."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.calling import model_of
from apps.ai.contract import Purpose, Request
from apps.ai.failures import ModelStopped
from apps.ai.models import LanguageModel, PromptAnswer, PromptTrial
from apps.ai.permissions import MODELS_USE, MODELS_VIEW, PROMPTS_EDIT
from apps.ai.prompts import selectors
from apps.ai.prompts.contract import PROMPTS, Case, PromptSpec
from apps.ai.prompts.selectors import Standing
from apps.ai.prompts.wording import Wording
from apps.ai.setup.connecting import spent_on
from apps.ai.setup.selectors import model_get
from apps.audit.services import Subject, record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, Problem
from apps.common.ids import uuid7
from apps.common.permissions import Principal, demand
from apps.tenants.context import current_schema
from apps.tenants.fields import sealed_for

KIND: Final = "ai.trial"
ANSWER: Final = "ai.prompt_answer"
"""What its calls are about, in the ledger."""
KEPT: Final = 50
"""Trials of a prompt that are kept: each new one takes the place of the oldest."""
MOST_CASES: Final = 20
SECONDS: Final = 60.0
"""That an answer may take."""
LONGEST: Final = timedelta(minutes=30)
Status = PromptTrial.Status
Mark = Literal["first", "second", "same", "neither", ""]
MARKS: Final[dict[str, str]] = {
    "first": "The first is better",
    "second": "The second is better",
    "same": "Equally good",
    "neither": "Neither will do",
}


class TrialStopped(Problem):
    code, status, title = "trial_stopped", 409, "The trial was stopped"
    cause = "Somebody stopped it before it had come to its last answer."
    effect = "The answers that it had come to are kept, and what they cost is counted."
    remedy = "Start another one."


class TrialTooLong(Problem):
    code, status, title = "trial_too_long", 504, "The trial took too long"
    cause = "Its answers took longer than a trial may, or workers were busy for as long."
    effect = "The answers that it had come to are kept, and what they cost is counted."
    remedy = "Choose fewer cases, or a model that answers faster, and start another one."


class TrialAbandoned(Problem):
    code, status, title = "trial_abandoned", 500, "The trial was given up"
    cause = "Every worker that took it up was lost with it: killed, out of memory, or stopped."
    effect = "The answers that it had come to are kept, and what they cost is counted."
    remedy = "Start another one, with fewer cases."


class Side(BaseModel):
    """One side of a trial, as it was when it was started."""

    version: str
    system: str
    user: str
    model: UUID
    model_name: str

    def wording(self, spec: PromptSpec) -> Wording:
        return Wording(spec.key, self.version, self.system, self.user, spec.variables)


class Asked(BaseModel):
    """A case of a trial, as it was when it was started."""

    title: str
    values: dict[str, Any]


class Answered(BaseModel):
    """What `PromptAnswer.answered` has."""

    text: str = ""
    problem: str = ""
    """Why there is none."""


def sides_of(trial: PromptTrial) -> list[Side]:
    return [Side.model_validate(each) for each in trial.sides]


def asked_of(trial: PromptTrial) -> list[Asked]:
    return [Asked.model_validate(each) for each in trial.cases]


def trial_start(
    *, who: Principal, user: User | None, standing: Standing, sides: list[tuple[str, UUID]], cases: list[str]
) -> PromptTrial:
    """Have each side, a wording by what it is called and a model by its id, asked each of the cases, by their keys.

    Raises `InvalidInput` where there are not two sides that differ, or no case; `NotFound` for what is not there;
    `Conflict` while another trial of the prompt is under way.
    """
    demand(who, PROMPTS_EDIT)
    demand(who, MODELS_USE)
    spec = standing.spec
    held = [_side(who, standing, which, model) for which, model in sides]
    chosen = _cases(who, spec, cases)
    issues = []
    if len(held) != 2 or held[0] == held[1]:
        issues.append(Issue(path="sides", message="Choose two sides that differ in their words or their model."))
    if not chosen or len(chosen) > MOST_CASES:
        issues.append(Issue(path="cases", message=f"Choose 1 to {MOST_CASES} cases."))
    if issues:
        raise InvalidInput("The trial cannot be held; nothing was started.", issues=issues)
    with transaction.atomic():
        with connection.cursor() as cursor:  # one start at a time: who comes second finds the first one's
            start = f"trial {current_schema()} {spec.key}"
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [start])
        mine = PromptTrial.objects.filter(prompt_key=spec.key)
        if mine.filter(status__in=PromptTrial.OPEN).exists():
            raise Conflict(
                f"A trial of {spec.title} has not ended yet; nothing was started.", remedy="Wait for it, or stop it."
            )
        mine.filter(pk__in=list(mine.values_list("pk", flat=True)[KEPT - 1 :])).delete()
        made = PromptTrial(
            prompt_key=spec.key,
            sides=[side.model_dump(mode="json") for side in held],
            cases=[Asked(title=case.title, values=case.values).model_dump(mode="json") for case in chosen],
            total=2 * len(chosen),
            created_by=user,
        )
        made.save(force_insert=True)
        work.schedule(KIND, made.pk)
        told = [f"{side.version} by {side.model_name}" for side in held]
        record(auditing.PROMPT_TRIED, who=who, subject=_subject(spec.key), trial=made.pk, cases=len(chosen), sides=told)
    return made


def _cases(who: Principal, spec: PromptSpec, keys: list[str]) -> list[Case]:
    known = {kept.key: kept.case for kept in selectors.cases_of(who=who, spec=spec)}
    if any(key not in known for key in keys):
        raise NotFound(f"{spec.title} has no such case.", remedy="Choose from the list.")
    return [known[key] for key in dict.fromkeys(keys)]


def _side(who: Principal, standing: Standing, which: str, model: UUID) -> Side:
    wording = selectors.wording_get(who=who, standing=standing, which=which)
    found = model_get(who=who, id=model)
    return Side(
        version=wording.version, system=wording.system, user=wording.user, model=found.pk, model_name=found.name
    )


def trials_query(*, who: Principal, spec: PromptSpec) -> QuerySet[PromptTrial]:
    """The trials of a prompt, newest first. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    return PromptTrial.objects.filter(prompt_key=spec.key).select_related("created_by")


def trial_get(*, who: Principal, spec: PromptSpec, id: UUID) -> PromptTrial:
    """One of them. Raises `NotFound`."""
    found = trials_query(who=who, spec=spec).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no such trial of {spec.title}.", remedy="See the list of its trials.")
    return found


def trial_mark(*, who: Principal, trial: PromptTrial, position: int, mark: Mark) -> None:
    """Say which side is better in a case; "" takes it back. Raises `NotFound` for a case that there is not."""
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        row = PromptTrial.objects.select_for_update().get(pk=trial.pk)
        if not 0 <= position < len(row.cases):
            raise NotFound("The trial has no such case.", remedy="See its cases.")
        row.marks = {**row.marks, str(position): mark}
        if not mark:
            del row.marks[str(position)]
        row.save(update_fields=["marks"])
        subject = _subject(trial.prompt_key)
        record(auditing.TRIAL_MARKED, who=who, subject=subject, trial=trial.pk, case=position + 1, mark=mark)


def trial_stop(*, who: Principal, trial: PromptTrial) -> None:
    """End a trial: at once where no worker has it in hand, else as soon as its model can be left. Raises `Conflict`
    after its end."""
    demand(who, PROMPTS_EDIT)
    with transaction.atomic():
        ended: dict[str, Any] = {}
        if work.withdraw(KIND, trial.pk):
            ended = {"status": Status.FAILED, "finished_at": timezone.now()}
        else:
            work.signal(KIND, trial.pk)
        still = PromptTrial.objects.filter(pk=trial.pk, status__in=PromptTrial.OPEN)
        if not still.update(**ended, **sealed_for(trial, problem=_told(TrialStopped()))):
            raise Conflict("The trial has ended already; nothing was changed.", remedy="Start another one.")
        record(auditing.TRIAL_STOPPED, who=who, subject=_subject(trial.prompt_key), trial=trial.pk)


def _subject(key: str) -> Subject:
    spec = PROMPTS.get(key)
    return Subject("ai.prompt", key, spec.title if spec else key)


def trial_execute(claim: work.Claim) -> None:
    """Ask what has not been asked, and record each answer behind the fence. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        trial = PromptTrial.objects.filter(pk=claim.id, status__in=PromptTrial.OPEN).first()
        if trial is None:
            row.finish()
            return
        if trial.problem:  # somebody wants it stopped
            _end(trial, Status.FAILED)
            row.finish()
            return
        trial.status = Status.RUNNING
        trial.save(update_fields=["status"])
    spec = PROMPTS.get(trial.prompt_key)
    if spec is None:
        _conclude(claim, trial, _told(NotFound(f"The prompt {trial.prompt_key!r} is no longer there.")))
        return
    try:
        for position, side in _left(trial):
            if timezone.now() - trial.created_at > LONGEST:
                _conclude(claim, trial, _told(TrialTooLong()))
                return
            answer = _answer(claim, spec, trial, position, side)
            with work.fenced(claim):
                answer.save(force_insert=True)
                trial.done = trial.answers.count()
                trial.save(update_fields=["done"])
    except ModelStopped:  # by somebody; or this process is to end, and another one goes on with the next answer
        trial.refresh_from_db(fields=["problem"])
        if trial.problem:
            _conclude(claim, trial, trial.problem)
        return
    _conclude(claim, trial, None)


def _left(trial: PromptTrial) -> list[tuple[int, int]]:
    known = set(trial.answers.values_list("position", "side"))
    every = [(position, side) for position in range(len(trial.cases)) for side in range(len(trial.sides))]
    return [each for each in every if each not in known]


def _answer(claim: work.Claim, spec: PromptSpec, trial: PromptTrial, position: int, number: int) -> PromptAnswer:
    """Ask one side one case. What goes wrong is its answer. Raises `ModelStopped`."""
    if work.stopping(claim):
        raise ModelStopped
    side, case, subject = sides_of(trial)[number], asked_of(trial)[position], uuid7()
    wording, begun, answered = side.wording(spec), time.monotonic(), Answered()
    purpose = Purpose(
        what="test", user_id=trial.created_by_id, subject_kind=ANSWER, subject=subject, prompt=wording.pin
    )
    try:
        model = LanguageModel.objects.select_related("provider").filter(pk=side.model).first()
        if model is None:
            raise NotFound(f"{side.model_name} was taken out.")
        values = {name: value for name, value in case.values.items() if name in {each.name for each in spec.variables}}
        request = Request(messages=tuple(wording.render(**values)), answer_schema=spec.answer_schema)
        asked = model_of(model, purpose, seconds=SECONDS, stopping=lambda: work.stopping(claim))
        reply = asked.ask(request)
        answered = Answered(text=reply.text or reply.refusal)
    except ModelStopped:
        raise
    except Problem as problem:
        answered = Answered(problem=problem.detail)
    spent = spent_on(ANSWER, subject)
    return PromptAnswer(
        id=subject, trial=trial, position=position, side=number, answered=answered.model_dump(mode="json"),
        tokens_input=spent.tokens_input, tokens_output=spent.tokens_output, money=spent.money,
        currency=spent.currency, ms=round((time.monotonic() - begun) * 1000),
    )  # fmt: skip


def trial_bury(id: UUID, cause: str) -> None:
    """Record that a trial was given up after its workers died."""
    trial = PromptTrial.objects.filter(pk=id, status__in=PromptTrial.OPEN).first()
    if trial is not None:
        trial.problem = _told(TrialAbandoned(cause))
        _end(trial, Status.FAILED)


def trial_revive(id: UUID) -> None:
    """Open a trial again that was given up: it goes on with the answer that comes next."""
    trial = PromptTrial.objects.filter(pk=id, status=Status.FAILED).first()
    if trial is not None:
        trial.status, trial.problem, trial.finished_at = Status.QUEUED, None, None
        trial.save(update_fields=["status", "problem", "finished_at"])


def _end(trial: PromptTrial, status: str) -> None:
    trial.status, trial.finished_at = status, timezone.now()
    trial.save(update_fields=["status", "finished_at", "problem"])


def _conclude(claim: work.Claim, trial: PromptTrial, problem: dict[str, Any] | None) -> None:
    with work.fenced(claim) as row:
        trial.problem = problem
        _end(trial, Status.FAILED if problem else Status.ENDED)
        row.finish()


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}

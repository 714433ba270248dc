"""Evaluations in a tenant: started, carried out case by case in the background, stopped, and read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel

from apps.accounts.models import User
from apps.agents import auditing, configurations
from apps.agents.asking import asks, tools_check
from apps.agents.evaluations import live
from apps.agents.evaluations.cases import AnyAgent, Case, cases_shipped
from apps.agents.evaluations.judging import Result, Stopped, case_judge, passed
from apps.agents.evaluations.keeping import case_of
from apps.agents.finding import agent_of
from apps.agents.inputs import finder, loader
from apps.agents.models import AgentCase, AgentConfiguration, AgentEvaluation
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, RUNS_VIEW
from apps.ai.training.selectors import parameters_of, promoted_of
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, NotFound, Problem
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import kept
from apps.tenants.context import current_schema
from apps.tenants.fields import sealed_for

logger = logging.getLogger(__name__)

KIND: Final = "agents.evaluate"
KEPT: Final = 100
"""Evaluations of an agent that are kept: each new one takes the place of the oldest."""
LONGEST: Final = timedelta(minutes=30)
"""An evaluation ends so long after it was asked for, with the cases that it has come to."""
Status = AgentEvaluation.Status


class EvaluationStopped(Problem):
    code, status, title = "evaluation_stopped", 409, "The evaluation was stopped"
    cause = "Somebody stopped it before it had come to its last case."
    effect = "The cases that it had come to are kept; of the others nothing is known."
    remedy = "Start another one."


class EvaluationTooLong(Problem):
    code, status, title = "evaluation_too_long", 504, "The evaluation took too long"
    cause = "Its cases took longer than an evaluation may, or workers were busy for as long."
    effect = "The cases that it had come to are kept; of the others nothing is known."
    remedy = "Delete cases of your own that take long, or make their inputs smaller, and start another one."


class EvaluationAbandoned(Problem):
    code, status, title = "evaluation_abandoned", 500, "The evaluation was given up"
    cause = "Every worker that took it up was lost with it: killed, out of memory, or stopped."
    effect = "The cases that it had come to are kept; of the others nothing is known."
    remedy = "Look at the case that comes next for an input that is unusually large, and start another one."


class Outcome(BaseModel):
    """What an evaluation is of, besides its version, and what came of it so far."""

    settings: dict[str, Any]
    """What differs from the agent's own settings."""
    is_draft: bool = False
    """Whether nobody has saved them."""
    number: int = 0
    """Of their version; 0 for the agent's own, and for a draft."""
    results: list[Result] = []


def outcome_of(evaluation: AgentEvaluation) -> Outcome:
    return Outcome.model_validate(evaluation.results)


def evaluation_start(
    *,
    who: Principal,
    user: User | None,
    agent: AnyAgent,
    number: int | None = None,
    draft: dict[str, Any] | None = None,
) -> AgentEvaluation:
    """Have an agent judged by its cases, with the settings that hold, of version `number` (0: its own), or `draft`.

    A secret of a draft that is sent as it was shown is the one that holds. Raises `InvalidInput` for a draft that it
    does not take, `NotFound` for a version that is not there, and `Conflict` where there are no cases, or one of its
    evaluations has not ended.
    """
    demand(who, AGENTS_RUN)
    if draft is not None:
        demand(who, AGENTS_CONFIGURE)  # it may have the agent do what its settings would not
    configurations.runner_check(agent=agent, user=user, configuration=configurations.newest(agent.key))
    tools_check(agent, user=user, who=who)
    configuration, outcome = _wanted(who, agent, number, draft)
    total = len(cases_shipped(agent)) + AgentCase.objects.filter(agent_key=agent.key).count()
    if not total:
        raise Conflict(
            f"{agent.title} has no cases to be held against; nothing was started.",
            remedy="Keep a case: open one of its runs, and choose what should always come of that input.",
        )
    with transaction.atomic():
        with connection.cursor() as cursor:  # one start at a time: who comes second finds the first one's
            start = f"evaluation {current_schema()} {agent.key}"
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [start])
        mine = AgentEvaluation.objects.filter(agent_key=agent.key)
        if mine.filter(status__in=live.OPEN).exists():
            raise _under_way(agent.title)
        mine.filter(pk__in=list(mine.values_list("pk", flat=True)[KEPT - 1 :])).delete()
        made = AgentEvaluation(
            agent_key=agent.key,
            agent_version=agent.version,
            configuration=configuration,
            total=total,
            results=outcome.model_dump(mode="json"),
            created_by=user,
        )
        made.save(force_insert=True)
        record(
            auditing.EVALUATED,
            who=who,
            subject=auditing.agent_subject(agent.key, agent.title),
            evaluation=made.pk,
            agent_version=agent.version,
            settings="a draft" if outcome.is_draft else outcome.number,
            cases=f"{total} case{'' if total == 1 else 's'}",
        )
        work.schedule(KIND, made.id)
        live.tell(made)
    return made


def _under_way(title: str) -> Conflict:
    told = f"An evaluation of {title} has not ended yet; nothing was started."
    return Conflict(told, remedy="Wait for its end, or stop it.")


def _wanted(
    who: Principal, agent: AnyAgent, number: int | None, draft: dict[str, Any] | None
) -> tuple[AgentConfiguration | None, Outcome]:
    if draft is not None:
        held = configurations.settings_whole(agent, configurations.newest(agent.key))
        draft = kept(shape_of(agent.settings_type), draft, held)
        return None, Outcome(settings=configurations.settings_parse(agent, draft), is_draft=True)
    if number == 0:
        return None, Outcome(settings={})
    found = (
        configurations.newest(agent.key)
        if number is None
        else configurations.configuration_get(who=who, agent=agent, number=number)
    )
    return found, Outcome(settings=found.settings if found else {}, number=found.number if found else 0)


def evaluations_query(*, who: Principal, agent: AnyAgent) -> QuerySet[AgentEvaluation]:
    """The evaluations of an agent, newest first. Evaluate it before leaving the tenant."""
    demand(who, RUNS_VIEW)
    return AgentEvaluation.objects.filter(agent_key=agent.key).select_related("configuration", "created_by")


def evaluations_list(*, who: Principal, agent: AnyAgent, most: int = KEPT) -> list[AgentEvaluation]:
    """The newest evaluations of an agent. One statement."""
    return list(evaluations_query(who=who, agent=agent)[:most])


def evaluation_newest(*, who: Principal, agent: AnyAgent) -> AgentEvaluation | None:
    """The newest evaluation that has come to its end; None: there is none. One statement."""
    found = evaluations_query(who=who, agent=agent).filter(status=AgentEvaluation.Status.ENDED)
    return found.defer("results", "problem").first()


def evaluation_get(*, who: Principal, agent: AnyAgent, id: UUID) -> AgentEvaluation:
    """One of them. Raises `NotFound`."""
    return evaluation_by_id(who=who, id=id, agent_key=agent.key)


def evaluation_by_id(*, who: Principal, id: UUID, **narrow: Any) -> AgentEvaluation:
    demand(who, RUNS_VIEW)
    found = AgentEvaluation.objects.filter(pk=id, **narrow).select_related("configuration", "created_by").first()
    if found is None:
        raise NotFound("There is no evaluation of this id here.", remedy="See the list of evaluations of the agent.")
    return found


def evaluation_stop(*, who: Principal, evaluation: AgentEvaluation) -> AgentEvaluation:
    """End an evaluation: at once where no worker has it in hand, else when its agent next tells its progress.

    Raises `Conflict` after its end.
    """
    demand(who, AGENTS_RUN)
    problem = _told(EvaluationStopped())
    with transaction.atomic():
        ended: dict[str, Any] = {}
        if work.withdraw(KIND, evaluation.id):
            ended = {"status": Status.FAILED, "finished_at": timezone.now()}
        else:
            work.signal(KIND, evaluation.id)
        still = AgentEvaluation.objects.filter(pk=evaluation.pk, status__in=live.OPEN)
        changed = still.update(**ended, **sealed_for(evaluation, problem=problem))
        if not changed:
            raise Conflict("The evaluation has ended already; nothing was changed.", remedy="Start another one.")
        subject = auditing.agent_subject(evaluation.agent_key)
        record(auditing.EVALUATION_STOPPED, who=who, subject=subject, evaluation=evaluation.pk)
        evaluation.refresh_from_db(fields=["status", "done", "passed", "problem", "finished_at"])
        live.tell(evaluation)
    return evaluation


def evaluation_execute(claim: work.Claim) -> None:
    """Judge the cases that are left, and record each behind the fence. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        evaluation = AgentEvaluation.objects.filter(pk=claim.id, status__in=live.OPEN).first()
        if evaluation is None:
            row.finish()
            return
        if evaluation.problem:  # somebody wants it stopped
            _end(evaluation, Status.FAILED)
            row.finish()
            return
        _begin(evaluation)
    agent = agent_of(evaluation.agent_key)
    if agent is None:
        _conclude(claim, evaluation, _told(NotFound(f"The agent {evaluation.agent_key!r} is no longer installed.")))
        return
    try:
        for case, own in _cases_left(agent, evaluation):
            if timezone.now() - evaluation.created_at > LONGEST:
                _conclude(claim, evaluation, _told(EvaluationTooLong()))
                return
            _judged(claim, evaluation, _judge(agent, case, own, evaluation, lambda: work.stopping(claim)))
    except Stopped:
        _stopped(claim, evaluation)
        return
    _conclude(claim, evaluation, None)


def _begin(evaluation: AgentEvaluation) -> None:
    """It runs from now on, of the version that is installed: results of another one count no more."""
    agent, outcome = agent_of(evaluation.agent_key), outcome_of(evaluation)
    if agent is not None and agent.version != evaluation.agent_version:
        evaluation.agent_version, outcome.results = agent.version, []
    evaluation.status = Status.RUNNING
    _write(evaluation, outcome)


def _cases_left(agent: AnyAgent, evaluation: AgentEvaluation) -> list[tuple[Case, bool]]:
    """Those that have not been judged, each with whether it is the tenant's own."""
    rows = AgentCase.objects.filter(agent_key=agent.key).order_by("name")
    every = [*((case, False) for case in cases_shipped(agent)), *((case_of(row), True) for row in rows)]
    known = {(result.name, result.own) for result in outcome_of(evaluation).results}
    left = [(case, own) for case, own in every if (case.name, own) not in known]
    evaluation.total = len(known) + len(left)
    return left


def _judge(agent: AnyAgent, case: Case, own: bool, evaluation: AgentEvaluation, stopping: Callable[[], bool]) -> Result:
    if stopping():
        raise Stopped
    settings = outcome_of(evaluation).settings
    trained = parameters_of(promoted_of(agent.trained))
    asked = asks(
        agent, user=lambda: evaluation.created_by, user_id=evaluation.created_by_id, subject_kind=KIND,
        subject=evaluation.pk, now=evaluation.created_at, origin="evaluation", stopping=stopping,
        since=timezone.now(),
    )  # fmt: skip
    return case_judge(
        agent, case, settings, load=loader(finder(None)), own=own, stopping=stopping, trained=trained, asks=asked
    )


def _judged(claim: work.Claim, evaluation: AgentEvaluation, result: Result) -> None:
    outcome = outcome_of(evaluation)
    outcome.results.append(result)
    with work.fenced(claim):
        _write(evaluation, outcome)


def _write(evaluation: AgentEvaluation, outcome: Outcome) -> None:
    evaluation.done, evaluation.passed = len(outcome.results), passed(outcome.results)
    evaluation.results = outcome.model_dump(mode="json")
    evaluation.save(update_fields=["status", "agent_version", "done", "passed", "total", "results"])
    live.tell(evaluation)


def _end(evaluation: AgentEvaluation, status: str) -> None:
    evaluation.status, evaluation.finished_at = status, timezone.now()
    evaluation.save(update_fields=["status", "finished_at", "problem"])
    problem = {"problem": evaluation.problem["code"]} if evaluation.problem else {}
    record(
        auditing.EVALUATION_ENDED,
        who=None,
        subject=auditing.agent_subject(evaluation.agent_key),
        evaluation=evaluation.pk,
        passed=evaluation.passed,
        cases=evaluation.done,
        **problem,
    )
    live.tell(evaluation)


def _conclude(claim: work.Claim, evaluation: AgentEvaluation, problem: dict[str, Any] | None) -> None:
    with work.fenced(claim) as row:
        evaluation.problem = problem
        _end(evaluation, Status.FAILED if problem else Status.ENDED)
        row.finish()


def _stopped(claim: work.Claim, evaluation: AgentEvaluation) -> None:
    """Somebody wants it stopped; or this process is to end, and another one goes on with the next case."""
    evaluation.refresh_from_db(fields=["problem"])
    if evaluation.problem:
        _conclude(claim, evaluation, evaluation.problem)


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}


def evaluation_bury(id: UUID, cause: str) -> None:
    """Record that an evaluation was given up after its workers died."""
    evaluation = AgentEvaluation.objects.filter(pk=id, status__in=live.OPEN).first()
    if evaluation is not None:
        evaluation.problem = _told(EvaluationAbandoned(cause))
        _end(evaluation, Status.FAILED)


def evaluation_revive(id: UUID) -> None:
    """Open an evaluation again that was given up: it goes on with the case that comes next.

    Raises `Conflict` while another one of its agent is under way.
    """
    evaluation = AgentEvaluation.objects.filter(pk=id, status=Status.FAILED).first()
    if evaluation is not None:
        if AgentEvaluation.objects.filter(agent_key=evaluation.agent_key, status__in=live.OPEN).exists():
            raise _under_way(evaluation.agent_key)
        evaluation.status, evaluation.problem, evaluation.finished_at = Status.QUEUED, None, None
        evaluation.save(update_fields=["status", "problem", "finished_at"])
        live.tell(evaluation)

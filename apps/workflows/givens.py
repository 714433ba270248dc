"""What a step of a run was given, and what a person may give it instead when it is tried again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Q

from apps.agents import selectors as agents
from apps.agents.permissions import RUNS_VIEW
from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.paths import NoValue, lookup
from apps.common.permissions import Principal, demand
from apps.common.redaction import REDACTED
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.models import Approval, HttpCall, StepRun, WorkflowRun
from apps.workflows.payloads import with_credentials
from apps.workflows.performers import PERFORMERS
from apps.workflows.permissions import WORKFLOWS_VIEW

EDITABLE: Final = frozenset({"agent", "http", "workflow", "transform"})
"""Kinds of steps that may be given something else. What the others decide by is found before them, and what people are
asked is what the definition and the data of the run say."""
MOST_ITEMS: Final = 200
"""Items of a step before it that are read for what a step was given."""


def is_editable(plan: Plan, step: PlanStep) -> bool:
    """Whether a person may give the step something else: not where each item is given its own, and not after a
    question, as people say yes to what follows from the run."""
    return step.step.kind in EDITABLE and step.items is None and not follows_question(plan, step)


def still_given(plan: Plan, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of that which a person gave steps of a run holds in another version: what these may be given there."""
    return {
        step.name: given[step.name] for step in plan.steps if given and step.name in given and is_editable(plan, step)
    }


def follows_question(plan: Plan, step: PlanStep) -> bool:
    """Whether people are asked before a step."""
    questions = (each.index for each in plan.steps if each.step.kind == "approval" and each.index != step.index)
    return any(step.index in plan.from_step(index) for index in questions)


def step_input(
    *, who: Principal, run: WorkflowRun, plan: Plan, step: PlanStep, item: int = STEP, ref: UUID | None = None
) -> Any:
    """What a step, or an item of it, was given: what was asked of who carries it out (`ref`), else what it refers to.

    Two statements at most. None where there is nothing to show.
    """
    demand(who, WORKFLOWS_VIEW)
    asked = _asked(who, step.step.kind, ref) if ref is not None else None
    if asked is not None:
        return asked
    if run.given and step.name in run.given:
        return run.given[step.name]
    env = environment(run, plan, step)
    if step.items is not None and item != STEP:
        try:
            env = {**env, "item": step.items(env)[item], "index": item}
        except (NoValue, ValueError, IndexError, TypeError):
            return None
    return _referred(step, env) or None


def step_given(*, who: Principal, run: WorkflowRun, plan: Plan, step: PlanStep) -> Any:
    """What a person starts from who gives the step something else: what it works out itself. None: it cannot.

    One statement at most.
    """
    demand(who, WORKFLOWS_VIEW)
    if run.given and step.name in run.given:
        return run.given[step.name]
    try:
        return step.compute(environment(run, plan, step))
    except (NoValue, ValueError):
        return None


def given_complete(step: PlanStep, given: Any, own: Any) -> Any:
    """What a person made of what they were shown without credentials, with those that they left alone.

    Raises `InvalidInput` for a request that would take them to another system than the one that they are for.
    """
    if step.step.kind == "http" and _system(given) != _system(own):
        if REDACTED in json.dumps(given, ensure_ascii=False):
            message = "Its credentials are for another system than this: write them anew, or leave them out."
            raise InvalidInput("Nothing was started.", issues=[Issue(path="given", message=message)])
        return given
    return with_credentials(given, own)


def _system(request: Any) -> tuple[str, str]:
    """To whom a request goes: its scheme, and its host with the port."""
    try:
        address = urlsplit(str(request["url"]).strip())
        return address.scheme.lower(), address.netloc.lower()
    except (KeyError, TypeError, ValueError):
        return "", ""


def given_check(*, run: WorkflowRun, plan: Plan, step: PlanStep, given: Any) -> None:
    """Raise `InvalidInput` for what the step cannot be given, as who carries it out says. Nothing is begun."""
    if step.step.kind == "approval":
        raise InvalidInput(
            f"The step {step.name!r} asks people what the workflow and the data of the run say, and nothing else.",
            remedy="Give a step before it something else, or start a run with other inputs: it is asked anew.",
        )
    if follows_question(plan, step):
        raise InvalidInput(
            f"People are asked before the step {step.name!r}: what they answer is about what it works out itself.",
            remedy="Start a run with other inputs, which is asked about anew.",
        )
    if not is_editable(plan, step):
        raise InvalidInput(f"The step {step.name!r} can only be tried with what it works out itself.")
    if not isinstance(given, dict):
        raise InvalidInput("A step is given an object.", issues=[Issue(path="given", message="Write {...}.")])
    needed = ("method", "url", "headers", "body") if step.step.kind == "http" else ()
    if missing := [name for name in needed if name not in given]:
        issues = [Issue(path=f"given.{name}", message="This is missing.") for name in missing]
        raise InvalidInput("What the step is given is not complete.", issues=issues)
    if step.step.kind == "http" and not isinstance(given["headers"], dict):
        raise InvalidInput("The headers are an object.", issues=[Issue(path="given.headers", message="Write {...}.")])
    performer = PERFORMERS.get(step.step.kind)
    if performer is None:
        return
    try:
        performer.prepare(run, step.step, given)
    except InvalidInput:
        raise
    except (Problem, ValueError) as error:
        issue = Issue(path="given", message=error.detail if isinstance(error, Problem) else str(error))
        raise InvalidInput("The step cannot be given this.", issues=[issue]) from error


def environment(run: WorkflowRun, plan: Plan, step: PlanStep) -> dict[str, Any]:
    """What the references of a step name, and nothing else: one statement for the steps that it refers to."""
    by_name = {each.name: each for each in plan.steps}
    wanted = {reference.step for _, reference in step.step.references() if reference.step in by_name}
    failing = [each.index for each in plan.steps if each.handler == step.index]
    env: dict[str, Any] = {
        "inputs": run.inputs,
        "steps": dict.fromkeys(wanted),
        "run": {"id": str(run.id), "number": run.number, "started_at": run.created_at.isoformat()},
    }
    if not wanted and not failing:
        return env
    succeeded = Q(outcome="succeeded", step__in=[by_name[name].index for name in wanted if name])
    rows = StepRun.objects.filter(
        succeeded | Q(outcome="failed", due=None, step__in=failing), run=run, item__lt=MOST_ITEMS, ended=True
    )
    for row in rows.order_by("step", "item", "attempt"):
        name = plan.steps[row.step].name
        if row.outcome == "failed":
            env["error"] = {**(row.problem or {}), "step": name}
        elif row.item == STEP:
            env["steps"][name] = row.output
        else:
            outputs = env["steps"][name] = env["steps"][name] or []
            outputs += [None] * (row.item - len(outputs))
            outputs.append(row.output)
    return env


def _asked(who: Principal, kind: str, ref: UUID) -> Any:
    if kind == "agent" and who.can(RUNS_VIEW):
        return getattr(agents.runs_by_id(who=who, ids=[ref]).get(ref), "input", None)
    if kind == "http":
        call = HttpCall.objects.filter(pk=ref).first()
        return _request(call.request) if call else None
    if kind == "workflow":
        child = WorkflowRun.objects.filter(pk=ref).only("inputs").first()
        return child.inputs if child else None
    if kind == "approval":
        approval = Approval.objects.filter(pk=ref).only("question", "details").first()
        return {"question": approval.question, "details": approval.details} if approval else None
    return None


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request without the values of its headers, which may be credentials."""
    return {**request, "headers": dict.fromkeys(request.get("headers") or {}, "[not shown]")}


def _referred(step: PlanStep, env: dict[str, Any]) -> dict[str, Any]:
    """What each reference of a step names."""
    found: dict[str, Any] = {}
    for _, reference in step.step.references():
        try:
            found[str(reference)[2:-1]] = lookup(env, reference.path)
        except NoValue:
            found[str(reference)[2:-1]] = None
    return found

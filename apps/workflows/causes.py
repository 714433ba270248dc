"""Why a run stands where it stands, in plain words: what happened, what was and was not done, what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from apps.common.permissions import Principal, demand
from apps.workflows.approvals.assigning import roles_asked
from apps.workflows.details import approval_url, call_url
from apps.workflows.models import Approval, HttpCall, WorkflowRun
from apps.workflows.moving import MOVED
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.progress import FINAL, RunProgress, StepProgress
from apps.workflows.services import RunAbandoned

MOST_TOLD: Final = 3
"""Questions, calls and moments that are told one by one."""
_NO_STEP: Final = {
    "deadline": "The run was not done by its deadline",
    "stopped": "A step ended the run",
    "no_output": "The outputs of the run could not be made",
    RunAbandoned.code: "The run was given up",
}


@dataclass(frozen=True)
class Cause:
    """A callout. `action` names what its button does: retry, again, requeue, resume, open; empty: there is none."""

    tone: str
    icon: str
    title: str
    detail: str = ""
    effect: str = ""
    """What was and was not done."""
    remedy: str = ""
    code: str = ""
    step: str = ""
    until: datetime | None = None
    action: str = ""
    url: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)


def causes_of(*, who: Principal, progress: RunProgress) -> list[Cause]:
    """What there is to say of a run, the most urgent first; nothing of one that goes well. Two statements at most."""
    demand(who, WORKFLOWS_VIEW)
    run = progress.run
    if run.status == WorkflowRun.Status.FAILED:
        return [_failed(run, progress)]
    if run.status == WorkflowRun.Status.CANCELLED:
        return [_cancelled(progress)]
    if not run.is_open:
        return []
    if run.status == WorkflowRun.Status.UNDOING:
        return [_undoing(run, progress), *_unknown_calls(run), *_questions(run)]
    if run.cancel_requested_at is not None:
        words = "No further step begins. What was asked of others is taken back as far as it can be."
        return [Cause("skipped", "ban", "The run is being cancelled", words)]
    told = _unknown_calls(run) + _questions(run)
    if run.pause_requested_at is not None:
        told.append(_paused(run))
    return told + _moments(progress)


def cause_line(run: WorkflowRun) -> str:
    """Why a run failed, in a line for lists: the step and what happened. Empty for one that did not."""
    problem = run.problem if run.status == WorkflowRun.Status.FAILED else None
    if not problem:
        return ""
    step = problem.get("step")
    detail = str(problem.get("detail") or _NO_STEP.get(str(problem.get("code")), "It failed."))
    return f"{_words(step)}: {detail}" if step else detail


def _failed(run: WorkflowRun, progress: RunProgress) -> Cause:
    problem = run.problem or {}
    code, step = str(problem.get("code", "")), progress.of(str(problem.get("step", "")))
    return Cause(
        tone="failed",
        icon="alert-circle",
        title=_title(code, step, progress),
        detail=_detail(problem, step),
        effect=f"{_undone(problem, progress)} {_effect(progress, step)}".strip(),
        remedy=str(problem.get("remedy") or ""),
        code=code,
        step=step.name if step is not None else "",
        action="requeue" if code == RunAbandoned.code else "again" if code in FINAL else "retry",
        issues=list(problem.get("issues") or []),
    )


def _undoing(run: WorkflowRun, progress: RunProgress) -> Cause:
    """Why the run ends, first; and that what its steps did is undone."""
    problem = run.problem or {}
    code, step = str(problem.get("code", "")), progress.of(str(problem.get("step", "")))
    cancelled = run.ending == WorkflowRun.Status.CANCELLED
    why = "The run was cancelled" if cancelled else _title(code, step, progress)
    if run.is_undo_stopped:
        return Cause(
            "retrying", "player-stop", f"{why}: its undoing is being stopped", "What is not undone is left to you."
        )
    return Cause(
        tone="retrying",
        icon="arrow-back-up",
        title=f"{why}: what was done is being undone",
        detail="" if cancelled else _detail(problem, step),
        effect="The last of it comes first. A cancel does not stop this half way.",
        step=step.name if step is not None else "",
        action="undo-stop",
    )


def _undone(problem: dict[str, Any], progress: RunProgress) -> str:
    """How the undoing went; empty where nothing was to be undone."""
    undo = problem.get("undo")
    if not undo:
        return ""
    done, of, remains = undo["done"], undo["of"], undo["remains"]
    if done == of:
        return "Its one effect was undone." if of == 1 else f"All {of:,} effects were undone."
    left = "; ".join(_left(each, progress) for each in remains[:MOST_TOLD])
    more = len(remains) - MOST_TOLD + undo["more"]
    more_told = f"; and {more:,} more" if more > 0 else ""
    stopped = " when a person stopped it" if undo["stopped"] else ""
    return f"{done:,} of {of:,} effects were undone{stopped}; this remains to be undone by hand: {left}{more_told}."


def _left(told: dict[str, Any], progress: RunProgress) -> str:
    step = progress.of(str(told["step"]))
    item = f", item {told['item'] + 1:,}" if told["item"] is not None else ""
    detail = str(told["detail"]).rstrip(".")
    return f"“{step.title if step else told['step']}”{item}{f' ({detail})' if detail else ''}"


def _title(code: str, step: StepProgress | None, progress: RunProgress) -> str:
    if code == "stopped":
        ended = [each for each in progress.steps if each.step.step.kind == "stop" and each.status == "succeeded"]
        return f"{ended[-1].title} ended the run" if ended else _NO_STEP[code]
    if step is None:
        return _NO_STEP.get(code, "The run failed")
    if code == "step_timeout":
        return f"{step.title} was not done in time"
    if code.startswith("http_"):
        return f"{step.title}: the other system answered {code.removeprefix('http_')}"
    if code == "outbound_failed":
        return f"{step.title} could not reach the other system"
    if code == "invalid_input":
        return f"{step.title} cannot work with what it was given"
    return f"{step.title} failed"


def _detail(problem: dict[str, Any], step: StepProgress | None) -> str:
    detail = str(problem.get("detail") or "").strip()
    item = problem.get("item")
    where = f"Item {item + 1:,}: " if isinstance(item, int) else ""
    tries = len(step.tries) if step is not None else 0
    after = f" It was tried {tries} times." if tries > 1 else ""
    return f"{where}{detail}{after}"


def _effect(progress: RunProgress, step: StepProgress | None) -> str:
    done = progress.counted("succeeded")
    if step is None:
        return f"{_steps(done, 'is', 'are')} done, and what they gave is kept." if done else "No step was done."
    redone = progress.plan.from_step(step.step.index)
    for each in progress.steps:
        if each.status == "undone":
            redone = redone | progress.plan.from_step(each.step.index)
    later = sum(each.status == "held" for each in progress.steps if each.step.index in redone - {step.step.index})
    kept = sum(each.status == "succeeded" for each in progress.steps if each.step.index not in redone)
    held = f"{_steps(later, 'is', 'are', 'later ')} held back" if later else "No later step was left"
    keeps = f"a retry keeps the {_steps(kept, '', '', 'finished ')}".strip() if kept else "a retry begins with it"
    return f"{held}; {keeps}."


def _steps(count: int, one: str, many: str, which: str = "") -> str:
    return f"{count} {which}step{'' if count == 1 else 's'} {one if count == 1 else many}".rstrip()


def _cancelled(progress: RunProgress) -> Cause:
    done = progress.counted("succeeded", "undone")
    effect = f"{_steps(done, 'was', 'were')} done before." if done else "No step was done before."
    problem = progress.run.problem or {}
    told = f"{_undone(problem, progress)} {effect} What was not begun never will be.".strip()
    if problem.get("code") == MOVED:
        return Cause("skipped", "transfer", "The run was moved to another version", str(problem["detail"]), effect)
    return Cause("skipped", "ban", "The run was cancelled", str(problem.get("detail") or ""), told)


def _paused(run: WorkflowRun) -> Cause:
    waits = run.status != WorkflowRun.Status.PAUSED
    detail = "Steps that were begun go on; no further one begins." if waits else "No further step begins."
    return Cause("queued", "player-pause", "The run is paused", detail, "Nothing is lost by it.", action="resume")


def _unknown_calls(run: WorkflowRun) -> list[Cause]:
    calls = HttpCall.objects.filter(run=run, status=HttpCall.Status.UNKNOWN).only("id", "step")
    return [
        Cause(
            tone="retrying",
            icon="help",
            title=f"{_words(call.step)}: nobody knows whether the other system did it",
            detail="The request may have been sent, and no answer came.",
            effect="It is not sent again by itself. The run waits until a person says what became of it.",
            step=call.step,
            action="open",
            url=call_url(call.pk),
        )
        for call in calls[:MOST_TOLD]
    ]


def _questions(run: WorkflowRun) -> list[Cause]:
    asked = Approval.objects.filter(run=run, decided_at=None, withdrawn_at=None).order_by("due_at")
    return [
        Cause(
            tone="waiting",
            icon="user-check",
            title=f"Waits for an answer: {approval.question}",
            detail=_answerers(approval),
            effect="Without an answer until then it counts as no.",
            step=approval.step,
            until=approval.due_at,
            action="open",
            url=approval_url(approval.pk),
        )
        for approval in asked[:MOST_TOLD]
    ]


def _answerers(approval: Approval) -> str:
    """Who may answer, and how many have to; people who are asked by name are told on its page."""
    who = " or ".join(roles_asked(approval)).capitalize() or "Members who are asked by name"
    several = f" {approval.quorum} have to say yes." if approval.quorum > 1 else ""
    return f"{who} may answer, as may an owner.{several}"


def _moments(progress: RunProgress) -> list[Cause]:
    """Steps that wait for a moment, or for their next try."""
    told = []
    for step in progress.steps:
        last = step.tries[-1] if step.tries else None
        if step.status == "resting" and last is not None:
            words = "It holds no worker meanwhile."
            told.append(
                Cause("waiting", "clock-pause", f"Waits at “{step.title}”", words, until=last.due, step=step.name)
            )
        elif step.status == "retrying" and last is not None:
            of = f" of {step.step.retry.attempts}" if step.step.retry else ""
            title = f"{step.title} failed at attempt {last.attempt}{of}, and is tried again"
            told.append(Cause("retrying", "refresh", title, until=last.due, step=step.name))
    return told[:MOST_TOLD]


def _words(step: object) -> str:
    return str(step).replace("_", " ").capitalize()

"""Requests of steps to other systems: sent once, or with a key by which the other side knows a repeat (rule R8).

What is about to be sent is recorded first. A call whose outcome is not known, as the process that sent it died or the
answer broke off, is sent again only where the other side honours the key; else it is *unknown*, and a person says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.fingerprints import fingerprint
from apps.audit.services import record
from apps.common import outbound, work
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.models import HttpCall, WorkflowRun
from apps.workflows.performers import KIND
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.store import plan_of

CALL = "workflows.call"
LONGEST_NOTE: Final = 500
_EFFECTS = UUID("7b9f3c52-5f0e-4a9c-8d44-0f6d5c1f8a11")
Status = HttpCall.Status
_NOT_DONE = {
    "code": "not_carried_out",
    "detail": "A person found out that the other system did not carry it out, and said not to send it again.",
    "remedy": "Retry the run from this step to send it.",
}


_TOO_LARGE = {
    "code": "answer_too_large",
    "detail": f"The other system did it, and its answer has more than {outbound.LARGEST // 1024:,} KiB.",
    "remedy": "Ask it for less, or let it put large data where it can be fetched as a dataset.",
}


def effect_key(run: WorkflowRun, step: int, item: int, undone: int = 0) -> UUID:
    """The key of an effect: the same in every try and in every retry, until a person changes what the step is given, or
    it was `undone`: what is done again after that is another effect."""
    again = f":{undone}" if undone else ""
    return uuid5(_EFFECTS, f"{run.root or run.id}:{step}:{item}:{run.generation}{again}")


def call_perform(claim: work.Claim) -> None:
    """Send a claimed call, unless it is over or may have been sent before. Raises `FenceLost`."""
    call = HttpCall.objects.filter(pk=claim.id).first()
    if call is None or call.status in {*HttpCall.ENDED, Status.UNKNOWN}:
        with work.fenced(claim) as row:
            row.finish()
        return
    if not call.is_repeatable and _may_have_been_sent(call):
        _end(claim, call, Status.UNKNOWN)
        return
    with work.fenced(claim):
        HttpCall.objects.filter(pk=call.pk).update(status=Status.SENT, sent_at=timezone.now())
    status, answer, problem = _send(call)
    _end(claim, call, status, answer=answer, problem=problem)


def call_bury(*, id: UUID) -> None:
    """The processes that had the call in hand died: nobody knows what became of it."""
    call = HttpCall.objects.filter(pk=id).exclude(status__in=HttpCall.ENDED).first()
    if call is not None:
        HttpCall.objects.filter(pk=id).update(status=Status.UNKNOWN)
        work.signal(KIND, call.run_id)


@transaction.atomic
def call_settle(
    *,
    who: Principal,
    user: User | None,
    call: HttpCall,
    happened: bool,
    note: str,
    body: Any = None,
    again: bool = True,
) -> HttpCall:
    """Say what became of an unknown call: it `happened`, and `body` is what it gave; or it did not, and is sent now, or
    its step fails where it is not to be sent `again`. `note`: how that was found out.

    Raises `Conflict` for a call whose outcome is known, and for one that is to be sent while its run is being undone;
    `InvalidInput` without a note.
    """
    demand(who, WORKFLOWS_RUN)
    note = note.strip()[:LONGEST_NOTE]
    if not note:
        issue = Issue(path="note", message="Say how you found out: others rely on it.")
        raise InvalidInput("Nothing was changed: it is not said how this was found out.", issues=[issue])
    work.signal(KIND, call.run_id)
    # Where its processes died a dead letter is left of it: it becomes a row again, which finds what is said here.
    if not work.requeue(CALL, call.id) and again and not happened:
        work.schedule(CALL, call.id)
    call = HttpCall.objects.select_for_update(of=("self",)).select_related("run").get(pk=call.pk)
    if call.status != Status.UNKNOWN:
        raise Conflict("The outcome of this call is known; nothing was changed.", remedy="Look at the run.")
    if again and not happened and not _is_wanted(call):
        raise Conflict(
            f"{call.run.ref} is being undone, and this is no part of that: it is not sent; nothing was changed.",
            remedy="Say that it was not carried out, without sending it.",
        )
    call.settled_by = user
    if happened:
        call.status, call.ended_at = Status.CONFIRMED, timezone.now()
        call.answer = {"status": 200, "headers": {}, "body": body}
        call.problem = {"code": "settled", "detail": "A person found out that it was carried out.", "note": note}
    else:
        HttpCall.objects.filter(key=call.key, status__in=(Status.SENT, Status.UNKNOWN)).exclude(pk=call.pk).update(
            status=Status.CANCELLED, ended_at=timezone.now()
        )
        call.status = Status.READY
        if not again:
            call.status, call.ended_at, call.problem = Status.FAILED, timezone.now(), {**_NOT_DONE, "note": note}
    call.save()
    record(
        auditing.SETTLED,
        who=who,
        subject=auditing.run_subject(call.run),
        step=call.step,
        call=call.pk,
        happened="was carried out" if happened else "was not carried out",
        sent_again=again and not happened,
        gave=fingerprint(body) if happened else None,
        note=note,
    )
    return call


def calls_settle(
    *, who: Principal, user: User | None, calls: Iterable[HttpCall], happened: bool, note: str
) -> dict[UUID, str]:
    """Say of many unknown calls that they were carried out, with no answer, or were not, and their steps fail: each in
    a transaction of its own. Returns what became of each: `settled`, or `known` before. Raises `InvalidInput`."""
    demand(who, WORKFLOWS_RUN)
    found = {}
    for call in calls:
        try:
            call_settle(who=who, user=user, call=call, happened=happened, note=note, again=False)
        except Conflict:
            found[call.pk] = "known"
        else:
            found[call.pk] = "settled"
    return found


def note_of(call: HttpCall) -> str:
    """How a person found out what became of a call; empty where none had to."""
    return str((call.problem or {}).get("note") or "")


def _is_wanted(call: HttpCall) -> bool:
    """Whether what the call is for still goes on: of a run that is being undone, only its undos do."""
    run = call.run
    if not run.ending:
        return True
    return any(step.name == call.step for step in plan_of(run.version).undos)


def calls_cancel(*, refs: list[UUID]) -> None:
    """Take back calls that were not sent. Of one that was, the outcome is still recorded."""
    for id in refs:
        if work.withdraw(CALL, id):
            HttpCall.objects.filter(pk=id, status=Status.READY).update(status=Status.CANCELLED, ended_at=timezone.now())


def _may_have_been_sent(call: HttpCall) -> bool:
    """Whether this call, or another try at the same effect, was sent and never answered."""
    others = HttpCall.objects.filter(key=call.key, status__in=(Status.SENT, Status.UNKNOWN))
    return call.status == Status.SENT or others.exclude(pk=call.pk).exists()


def _send(call: HttpCall) -> tuple[str, Any, dict[str, Any] | None]:
    """Send the request. Returns the call's status, its answer, and its problem."""
    asked = call.request
    content = None if asked["body"] is None else json.dumps(asked["body"], ensure_ascii=False).encode()
    headers = {"Accept": "application/json", "Idempotency-Key": str(call.key), **asked["headers"]}
    if content is not None:
        headers.setdefault("Content-Type", "application/json")
    try:
        answer = outbound.request(asked["method"], asked["url"], headers=headers, content=content)
    except outbound.OutboundFailed as problem:
        known = call.is_repeatable or not problem.sent
        return (Status.FAILED if known else Status.UNKNOWN), None, _told(problem)
    except Problem as problem:
        return Status.FAILED, None, _told(problem)
    given = {"status": answer.status, "headers": dict(answer.headers), "body": _body(answer)}
    if answer.status < 400 and answer.is_cut:
        return Status.FAILED, given, _TOO_LARGE
    if answer.status < 400:
        return Status.CONFIRMED, given, None
    if answer.status >= 500 and not call.is_repeatable:
        return Status.UNKNOWN, given, None
    detail = f"The other system answered {answer.status}: {answer.text[:300]}"
    return Status.FAILED, given, {"code": f"http_{answer.status}", "detail": detail.replace("\x00", "")}


def _end(claim: work.Claim, call: HttpCall, status: str, *, answer: Any = None, problem: Any = None) -> None:
    with work.fenced(claim) as row:
        call.status, call.answer, call.problem = status, answer, problem
        call.ended_at = timezone.now() if status in HttpCall.ENDED else None
        call.save(update_fields=["status", "answer", "problem", "ended_at"])
        row.finish()
        work.signal(KIND, call.run_id)


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy}


def _body(answer: outbound.Answer) -> Any:
    if "json" in answer.headers.get("content-type", "") and not answer.is_cut:
        try:
            return json.loads(answer.body)
        except ValueError:
            pass
    return answer.text.replace("\x00", "")

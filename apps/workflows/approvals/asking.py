"""A step asks: who they are that it names, what is kept of the question, and what the answer gives the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Lower, Now
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import Record, record_many
from apps.common import work
from apps.workflows import auditing
from apps.workflows.approvals.assigning import members_asked
from apps.workflows.approvals.forms import form_of
from apps.workflows.approvals.notices import notices_make
from apps.workflows.engine.ledger import STEP
from apps.workflows.kinds.approval import MOST_PEOPLE
from apps.workflows.kinds.approval import Approval as ApprovalStep
from apps.workflows.models import Approval, ApprovalAssignee, ApprovalDecision, ApprovalNotice, StepRun, WorkflowRun
from apps.workflows.parts import parts_in
from apps.workflows.performers import ESCALATION, Ask, Outcome
from apps.workflows.permissions import APPROVALS_DECIDE
from apps.workflows.values import shown


def prepared(run: WorkflowRun, step: ApprovalStep, asked: Any) -> dict[str, Any]:
    """What a step asks, with the members that it names (`named`), the addresses that are nobody's who may decide
    (`left_out`), and whether it comes to others `at_once`, as those it names cannot come to a yes. One statement where
    it names people, and two more where nobody answers what is their own.

    Who is left out is made up for by the others that are asked. Raises `ValueError` where those cannot come to a yes
    any more, so that the step fails and says so, rather than wait for an answer that nobody may give.
    """
    addresses = _addresses(asked)
    members: dict[str, User] = {}
    if addresses:
        found = User.objects.annotate(address=Lower("email")).filter(address__in=addresses)
        members = {each.email.lower(): each for each in found if each.can(APPROVALS_DECIDE)}
    left_out = [each for each in addresses if each not in members]
    own = parts_in([run.pk])[run.pk] if members and step.forbids_own else {}
    able = {each.pk for each in members.values() if each.pk not in own}
    is_short = not step.roles and len(able) < step.quorum
    if is_short and not (step.escalates_to and _others(step, able, own) >= step.quorum):
        why = [f"{each} is no active member who may decide" for each in left_out]
        why += [f"{each} {own[user.pk]}" for each, user in members.items() if user.pk in own]
        raise ValueError(
            f"{step.quorum} have to say yes, and {len(able)} of those who are asked by name may answer"
            f"{': ' if why else ''}{', '.join(why)}. Give the step members who may decide, or roles besides them."
        )
    return {
        "question": shown(asked["question"]),
        "details": asked["details"],
        "named": [each.pk for each in members.values()],
        "left_out": left_out,
        "at_once": is_short,
    }


def _others(step: ApprovalStep, able: set[UUID], own: Mapping[UUID, str]) -> int:
    """How many may answer once a question has come to others: these, and the owners, who may answer everything."""
    later = {each.pk for each in members_asked([*step.escalates_to, "owner"])}
    return len(able | (later - own.keys()))


def _addresses(asked: Mapping[str, Any]) -> list[str]:
    """Whom a step names."""
    flat = [each for entry in _listed(asked["people"]) for each in _listed(entry) if each is not None]
    if wrong := [each for each in flat if not isinstance(each, str)]:
        raise ValueError(f"`people` are addresses of members, and {wrong[0]!r} is none.")
    found = list(dict.fromkeys(each.strip().lower() for each in flat if each.strip()))
    if len(found) > MOST_PEOPLE:
        raise ValueError(f"A question asks {MOST_PEOPLE} people by name at most; these are {len(found)}.")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def questions_ask(asks: Sequence[tuple[Ask, ApprovalStep]]) -> None:
    """Keep the questions of a round, with who is asked, what is to be told to whom, and when they come up again."""
    now = timezone.now()
    made = [_question(ask, step, now) for ask, step in asks]
    Approval.objects.bulk_create(made)
    assignees = [
        ApprovalAssignee(approval=approval, user_id=user)
        for approval, (ask, _) in zip(made, asks, strict=True)
        for user in ask.asked["named"]
    ]
    if assignees:
        ApprovalAssignee.objects.bulk_create(assignees)
    named = {ask.ref: ask.asked["named"] for ask, _ in asks}
    notices_make(made, ApprovalNotice.Reason.ASKED, named=named)
    for moment in sorted({at for each in made if (at := first_moment(each)) is not None}):
        work.schedule_many(ESCALATION, [each.pk for each in made if first_moment(each) == moment], due_at=moment)
    record_many([_told(list(found)) for found in _by_step(asks)])


def _question(ask: Ask, step: ApprovalStep, now: datetime) -> Approval:
    form = step.asked_form()
    return Approval(
        id=ask.ref,
        run=ask.run,
        step=ask.name,
        item=ask.item,
        question=ask.asked["question"],
        details=ask.asked["details"],
        form=form.model_dump(mode="json", exclude_defaults=True) or None,
        roles=step.roles,
        quorum=step.quorum,
        forbids_own=step.forbids_own,
        risk=step.risk,
        remind_at=now + step.remind_after if step.remind_after is not None else None,
        escalate_at=_comes_to_others(ask, step, now),
        escalates_to=step.escalates_to,
        due_at=now + step.answer_within,
    )


def _comes_to_others(ask: Ask, step: ApprovalStep, now: datetime) -> datetime | None:
    """When others may answer too; None: never."""
    if step.escalate_after is None:
        return None
    return now if ask.asked["at_once"] else now + step.escalate_after


def first_moment(approval: Approval) -> datetime | None:
    """When a question comes up again: to be reminded of, or to come to others. None: never."""
    moments = [approval.remind_at, approval.escalate_at if approval.escalated_at is None else None]
    return min((each for each in moments if each is not None), default=None)


def _by_step(asks: Sequence[tuple[Ask, ApprovalStep]]) -> Iterable[list[tuple[Ask, ApprovalStep]]]:
    found: dict[tuple[UUID, str], list[tuple[Ask, ApprovalStep]]] = {}
    for ask, step in asks:
        found.setdefault((ask.run.id, ask.name), []).append((ask, step))
    return found.values()


def _told(asks: list[tuple[Ask, ApprovalStep]]) -> Record:
    """What the audit log is told of the questions of one step of a run, in one entry for all of its items."""
    ask, step = asks[0]
    facts: dict[str, Any] = {
        "step": ask.name,
        "count": len(asks),
        "roles": step.roles,
        "quorum": step.quorum,
        "approvals": [each.ref for each, _ in asks],
    }
    if ask.item != STEP:
        facts["items"] = [each.item for each, _ in asks]
    for fact, key in (("people", "named"), ("left_out", "left_out")):
        if people := sorted({str(one) for each, _ in asks for one in each.asked[key]}):
            facts[fact] = people
    return Record(auditing.ASKED, auditing.run_actor(ask.run), auditing.run_subject(ask.run), facts=facts)


def answers_collect(refs: Sequence[UUID], now: datetime) -> dict[UUID, Outcome]:
    """What those of these questions give their runs that are decided, or that nobody can decide any more, or whose time
    is over by `now` while some had said yes. Questions of the last kind are closed by it, so that no answer comes
    behind what is told here.

    Two statements, where no such question is found; none with its people where nothing is found.
    """
    opened = StepRun.objects.filter(run=OuterRef("run"), ref=OuterRef("pk"), ended=False, due__lte=now)
    said = ApprovalDecision.objects.filter(approval=OuterRef("pk"))
    is_late = Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("due_at"))
    over = Q(decided_at=None) & is_late & Q(Exists(said)) & Q(Exists(opened))
    ended = Q(decided_at__isnull=False) | Q(problem__isnull=False)
    asked = Approval.objects.filter(ended | over, pk__in=refs)
    asked = asked.select_related("decided_by").prefetch_related("decisions__user", "decisions__holder")
    found = {each.pk: each for each in asked}
    late = sorted(pk for pk, each in found.items() if each.is_open)
    for pk in late:  # each by itself: whoever answers several at once holds them in another order
        still = Approval.objects.filter(pk=pk, decided_at=None, withdrawn_at=None)
        still.update(withdrawn_at=Greatest(Now(), F("due_at")))
    if late:
        found |= {each.pk: each for each in asked.all() if each.pk in late}
    return {pk: _outcome_of(each) for pk, each in found.items()}


def _outcome_of(approval: Approval) -> Outcome:
    if approval.problem is not None:
        return Outcome(problem=approval.problem, final=True)
    return Outcome(output=answer_of(approval))


def answer_of(approval: Approval) -> dict[str, Any]:
    """What a question gives its run that was decided, or whose time is over: the answer, and who came to it. No
    statement where its decisions with their people were read with it.

    `comment`, `by` and `answers` are of whoever decided it: the no, or the yes that made the quorum.
    """
    empty = dict.fromkeys(form_of(approval).fields)
    decisions = sorted(approval.decisions.all(), key=lambda each: each.id)
    is_over = approval.decided_at is None
    last = next((each for each in reversed(decisions) if each.user_id == approval.decided_by_id and not is_over), None)
    return {
        "approved": bool(approval.approved),
        "comment": approval.comment or "",
        "by": _address(approval.decided_by),
        "answers": {**empty, **((last.answers if last else None) or {})},
        "decisions": [_decision(each, empty) for each in decisions],
        "timed_out": is_over,
    }


def _decision(decision: ApprovalDecision, empty: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "by": _address(decision.user),
        "for": _address(decision.holder) if decision.holder_id != decision.user_id else "",
        "approved": decision.approved,
        "comment": decision.comment or "",
        "at": decision.at.isoformat(),
        "answers": {**empty, **(decision.answers or {})},
    }


def _address(user: User | None) -> str:
    return str(user.email) if user else ""

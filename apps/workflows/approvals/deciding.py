"""Answers of people to what a run asks them. Work rows are locked before tenant rows (rule R5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.fingerprints import fingerprint
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied, Problem
from apps.common.permissions import Principal, demand
from apps.workflows import auditing, live
from apps.workflows.approvals.assigning import Right, rights_in
from apps.workflows.approvals.forms import answers_checked, comment_checked, form_of
from apps.workflows.approvals.reaching import shortage_heed
from apps.workflows.models import Approval, ApprovalDecision
from apps.workflows.performers import KIND
from apps.workflows.permissions import APPROVALS_DECIDE

Via = Literal["console", "api", "link", "bulk"]
MOST_AT_ONCE: Final = 100
"""Questions that are answered together at most."""

# Shared: answers do not wait for each other, only for those who change the rows.
_HOLD_LENT: Final = """
select from workflows_delegation where taker_id = %s and revoked_at is null and ends_at > now() order by id for share
"""
_HOLD_PEOPLE: Final = """
select from accounts_user where id = %s or id in (
    select giver_id from workflows_delegation where taker_id = %s and revoked_at is null and ends_at > now()
) order by id for share
"""


@transaction.atomic
def approval_decide(
    *,
    who: Principal,
    user: User,
    approval: Approval,
    approved: bool,
    comment: str = "",
    answers: Mapping[str, Any] | None = None,
    via: Via = "console",
    on_behalf_of: User | None = None,
) -> Approval:
    """Answer a question of a run, for good; a no says why. Returns the question as it stands then: it is still open
    where more have to say yes.

    One no decides it, and so does the yes that makes the quorum; then the run goes on. One for which too few are left
    comes to others, or its step fails (`reaching`). Whether the person may answer
    is looked at anew behind the lock of the question, so that a role, a membership or a delegation that was taken away
    counts from that moment. `on_behalf_of` names the member whose right is used; left out, it is the person's own, or
    that of the one member who lets them stand in.

    Raises `PermissionDenied` for who may not answer this question, `InvalidInput` for a comment or a form that is not
    filled in as asked (`comment`, `answers.<field>`) or where it has to be told for whom (`on_behalf_of`), `Conflict`
    when the question was decided, the person has answered, its time is over, nobody waits any more, or its run was
    moved at that moment. Then nothing was recorded.
    """
    demand(who, APPROVALS_DECIDE)
    told = approval.run_id
    work.signal(KIND, told)
    locked = Approval.objects.select_related("decided_by", "run__workflow").annotate(now=Now())
    approval = locked.select_for_update(of=("self",)).get(pk=approval.pk)
    now = max(approval.now, timezone.now())
    if approval.run_id != told:  # it was moved since the question was read: the run that waits now was not signalled
        raise Conflict(
            f"The question has just come to {approval.run.ref}, which goes on with it. Your answer was not recorded.",
            remedy="Answer it once more.",
        )
    if not approval.is_open:
        raise Conflict(f"{_why_closed(approval)} Your answer was not recorded.", remedy="Look at the run.")
    if approval.due_at <= now:
        raise Conflict(
            f"Its time was over at {approval.due_at:%H:%M} UTC, which counts as no. Your answer was not recorded.",
            remedy="Look at the run.",
        )
    right = _right(approval, _held(user), on_behalf_of, now=now)
    form = form_of(approval)
    comment = comment_checked(form, approved=approved, comment=comment)
    filled = answers_checked(form, approved=approved, answers=answers or {})
    decision = ApprovalDecision.objects.create(
        approval=approval,
        user=user,
        holder=right.holder,
        approved=approved,
        comment=comment,
        answers=filled if form.fields else None,
        via=via,
    )
    yes = approval.decisions.filter(approved=True).count() if approved and approval.quorum > 1 else int(approved)
    if not approved or yes >= approval.quorum:
        approval.decided_at, approval.decided_by = timezone.now(), user
        approval.approved, approval.comment = approved, comment
        approval.save(update_fields=["decided_at", "decided_by", "approved", "comment"])
    _record(who, approval, decision, right, yes=yes)
    if approval.is_open and not shortage_heed(approval):
        live.tell(approval.run)  # it does not go on, and yet whoever looks at the question has something new to see
    return approval


@dataclass(frozen=True)
class Answered:
    """What became of one of several questions that were answered together."""

    id: UUID
    problem: Problem | None = None
    """Why nothing was recorded of it; None: the answer was."""
    is_decided: bool = False
    """Whether it is decided now, rather than waiting for more who say yes."""


def approvals_decide_many(
    *, who: Principal, user: User, approvals: Sequence[Approval], approved: bool, comment: str = ""
) -> list[Answered]:
    """Answer many questions alike, each for itself: what one refuses leaves the others as they are.

    Only questions of low risk without a form take part; the others are refused with the reason, as are those that the
    person may not answer. The answers come in the order of `approvals`. Raises `PermissionDenied` for who may decide
    nothing, `InvalidInput` for none, too many, or a no without a comment: then nothing was recorded at all.
    """
    demand(who, APPROVALS_DECIDE)
    if not 1 <= len(approvals) <= MOST_AT_ONCE:
        issue = Issue(path="ids", message=f"Choose 1 to {MOST_AT_ONCE} questions.")
        raise InvalidInput("Nothing was decided.", issues=[issue])
    if not approved and not comment.strip():
        issue = Issue(path="comment", message="Say why not: whoever asked reads it.")
        raise InvalidInput("A no needs a comment; nothing was decided.", issues=[issue])
    refused = {each.pk: problem for each in approvals if (problem := _not_together(each)) is not None}
    found: list[Answered] = []
    with transaction.atomic():
        for run in sorted({each.run_id for each in approvals if each.pk not in refused}):
            work.signal(KIND, run)  # all work rows before any tenant row (R5)
        for each in approvals:
            problem = refused.get(each.pk)
            if problem is None:
                found.append(_answer(who, user, each, approved=approved, comment=comment))
            else:
                found.append(Answered(each.pk, problem))
    return found


def _answer(who: Principal, user: User, approval: Approval, *, approved: bool, comment: str) -> Answered:
    try:
        decided = approval_decide(who=who, user=user, approval=approval, approved=approved, comment=comment, via="bulk")
    except Problem as problem:
        return Answered(approval.pk, problem)
    return Answered(approval.pk, is_decided=decided.decided_at is not None)


def _not_together(approval: Approval) -> Problem | None:
    """Why a question has to be answered for itself; None where it need not."""
    if approval.risk != Approval.Risk.LOW:
        risk = approval.get_risk_display().lower()
        return Conflict(
            f"It is of {risk} risk: such a question is answered for itself. Nothing was recorded of it.",
            remedy="Open it, look at what it rests on, and answer it there.",
        )
    if form_of(approval).fields:
        return Conflict(
            "It has a form to be filled in. Nothing was recorded of it.", remedy="Open it, and answer it there."
        )
    return None


def _held(user: User) -> User:
    """The person as they are now, and until this transaction ends: whoever takes away their role, that of a member who
    lets them stand in, or a delegation, waits for it; so a right is there while it is used, or it is not used."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_LENT, [user.pk])
        cursor.execute(_HOLD_PEOPLE, [user.pk, user.pk])
    return User.objects.get(pk=user.pk)


def _right(approval: Approval, user: User, on_behalf_of: User | None, *, now: Any) -> Right:
    """The right that an answer uses."""
    entitled = rights_in(approval, user, now)
    if not entitled:
        raise PermissionDenied(
            f"{entitled.refusal} Nothing was decided.",
            remedy="Ask somebody of these to answer, or an owner of your organisation.",
        )
    if on_behalf_of is not None:
        for each in entitled.rights:
            if each.holder.pk == on_behalf_of.pk:
                return each
        raise PermissionDenied(f"You may not answer this for {on_behalf_of}; nothing was decided.")
    own = entitled.rights[0]
    if own.delegation is not None and len(entitled.rights) > 1:
        names = ", ".join(each.holder.email for each in entitled.rights)
        issue = Issue(path="on_behalf_of", message=f"Name one of {names}.")
        raise InvalidInput("Say for whom you answer; nothing was decided.", issues=[issue])
    return own


def _record(who: Principal, approval: Approval, decision: ApprovalDecision, right: Right, *, yes: int) -> None:
    facts: dict[str, Any] = {}
    if right.delegation is not None:
        facts = {"for_whom": right.holder.email, "delegation": right.delegation.pk}
    if decision.answers is not None:
        facts["filled_in"] = fingerprint(decision.answers)
    if approval.item != -1:
        facts["item"] = approval.item
    record(
        auditing.ANSWERED,
        who=who,
        subject=auditing.run_subject(approval.run),
        answer="yes" if decision.approved else "no",
        step=approval.step,
        approval=approval.pk,
        asked=fingerprint({"question": approval.question, "details": approval.details}),
        comment=decision.comment,
        way=decision.via,
        yes=yes,
        quorum=approval.quorum,
        decides=not approval.is_open,
        **facts,
    )


def _why_closed(approval: Approval) -> str:
    if approval.problem is not None:
        return str(approval.problem["detail"])
    if approval.decided_at is None:
        return "Nobody waits for an answer any more: its time was over, or the run ended."
    by = approval.decided_by or "A member who is gone"
    said = f", and said: “{approval.comment}”" if approval.comment else ""
    return f"{by} answered {'yes' if approval.approved else 'no'} at {approval.decided_at:%H:%M} UTC{said}."

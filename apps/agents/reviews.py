"""What people hold of the decisions and results of agents. The agent's own verdict is never changed."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import auditing, cache
from apps.agents.decisions import reviews_of, verdict_of
from apps.agents.finding import agent_of
from apps.agents.models import AgentDecision, AgentFeedback, AgentReview, AgentRun
from apps.agents.permissions import DECISIONS_FEEDBACK, DECISIONS_REVIEW
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.permissions import Principal, demand

LONGEST: Final = 2000
"""Characters of a reason, or of a comment."""
Review = AgentDecision.Review


@transaction.atomic
def decision_review(
    *, who: Principal, user: User, decision: AgentDecision, verdict: str, reason: str, seen: int
) -> AgentDecision:
    """Say which verdict holds: the agent's own confirms it, another one overrides it. What stood before is kept.

    A verdict that changes what stands needs a reason. `seen` is the number of the last review that was looked at, 0 for
    none. Raises `InvalidInput`, and `Conflict` where somebody else has reviewed it since; then nothing is stored.
    """
    demand(who, DECISIONS_REVIEW)
    reason = _text(reason, "reason")
    agent = agent_of(decision.agent_key, decision.agent_version)
    offered = {decision.verdict, *(agent.verdicts if agent else ())}
    if verdict not in offered:
        told = f"There is no verdict {verdict!r}. There are: {', '.join(sorted(offered))}."
        raise InvalidInput("Nothing was stored.", issues=[Issue(path="verdict", message=told)])
    if decision.run.caller is not None:  # it may wait for this; its work row before those of the tenant (rule R5)
        work.signal(decision.run.caller_kind, decision.run.caller)
    row = AgentDecision.objects.select_for_update(of=("self",)).select_related("reviewed_by").get(pk=decision.pk)
    before = reviews_of(row)
    if seen != len(before):
        raise _reviewed_meanwhile(row, before)
    if verdict != row.stands and not reason:
        told = "Say why: it is kept with the decision, and whoever reads it later has to understand it."
        raise InvalidInput(
            "An override needs a reason; nothing was stored.", issues=[Issue(path="reason", message=told)]
        )
    review = AgentReview(decision=row, number=seen + 1, verdict=verdict, reason=reason or None, by=user)
    review.save(force_insert=True)
    overrides = verdict != row.verdict
    record(
        auditing.OVERRIDDEN if overrides else auditing.CONFIRMED,
        who=who,
        subject=auditing.run_subject(decision.run),
        before={"verdict": row.stands},  # which an earlier person may have set
        after={"verdict": verdict},
        verdict=verdict,
        decision=row.position + 1,
        agent=row.agent_key,
        reason=reason,
    )
    row.review, row.override = (Review.OVERRIDDEN, verdict) if overrides else (Review.CONFIRMED, "")
    row.reviewed_by, row.reviewed_at = user, timezone.now()
    row.save(update_fields=["review", "override", "reviewed_by", "reviewed_at"])
    if overrides:
        transaction.on_commit(lambda: cache.forget(decision.run))
    if row.position == 0:
        AgentRun.objects.filter(pk=row.run_id).update(verdict=verdict)
    return row


def is_own_echo(*, user: User, decision: AgentDecision, verdict: str, reason: str) -> bool:
    """Whether the last review says just this, by the same person: a button that was pressed twice was heard."""
    last = reviews_of(decision)[-1:]
    return any((each.by_id, each.verdict, each.reason or "") == (user.pk, verdict, reason.strip()) for each in last)


def feedback_give(*, who: Principal, user: User, run: AgentRun, is_right: bool, comment: str = "") -> AgentFeedback:
    """Say whether a run's result is right. The last word of a person holds. Raises `Conflict` while there is none."""
    demand(who, DECISIONS_FEEDBACK)
    comment = _text(comment, "comment")
    if run.status != AgentRun.Status.SUCCEEDED:
        raise Conflict(f"{run.ref} has no result to judge; nothing was stored.", remedy="Wait until it has succeeded.")
    with transaction.atomic():
        AgentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)  # one at a time: a person has one word
        found = AgentFeedback.objects.filter(run=run, by=user).first() or AgentFeedback(run=run, by=user)
        found.is_right, found.comment = is_right, comment or None
        found.save()
        word = "right" if is_right else "wrong"
        record(auditing.JUDGED, who=who, subject=auditing.run_subject(run), word=word, comment=comment)
        if not is_right:
            transaction.on_commit(lambda: cache.forget(run))
    return found


def _text(text: str, path: str) -> str:
    text = text.replace("\x00", "").strip()
    if len(text) > LONGEST:
        told = f"It has {LONGEST:,} characters at most."
        raise InvalidInput(f"The {path} is too long; nothing was stored.", issues=[Issue(path=path, message=told)])
    return text


def _reviewed_meanwhile(row: AgentDecision, before: list[AgentReview]) -> Conflict:
    if not before:
        return Conflict(
            "Nobody has reviewed this decision yet; your review was not stored.", remedy="Look at it again."
        )
    last = before[-1]
    said = f", and said: “{last.reason}”" if last.reason else ""
    title = verdict_of(row.agent_key, last.verdict).title
    return Conflict(
        f"{last.by or 'A former member'} has reviewed it at {last.at:%H:%M} UTC: {title}{said}. "
        "Your review was not stored.",
        remedy="Look at what holds now, and review that.",
    )

"""Carrying out what agents propose: each proposal once, with the rights of whoever has it done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents.decisions import actions_of, decision_of
from apps.agents.models import AgentAction, AgentDecision
from apps.agents.permissions import RUNS_VIEW
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.common.actions import ACTIONS, ActionKind
from apps.common.decisions import Decision, ProposedAction
from apps.common.errors import Conflict, NotFound, Problem
from apps.common.permissions import PERMISSIONS, Principal, demand
from apps.common.transactions import whole

LONGEST: Final = 2000
Status = AgentAction.Status


@dataclass(frozen=True)
class Proposal:
    """A proposed action of a decision, and what became of it, for one who may be able to have it done."""

    position: int
    action: ProposedAction
    kind: ActionKind[Any] | None
    """None: this release knows none of the kind."""
    taken: AgentAction | None
    """What was done; None: nothing yet."""
    refusal: str
    """Why this person cannot have it done; empty where they can."""

    @property
    def is_open(self) -> bool:
        return self.taken is None or self.taken.status == Status.FAILED


def proposals_of(*, who: Principal, decision: AgentDecision, said: Decision | None = None) -> list[Proposal]:
    """What a decision that was fetched before proposes. One statement, none where it proposes nothing."""
    actions = (said or decision_of(decision)).actions
    taken = actions_of(decision) if actions else {}
    return [
        Proposal(place, action, ACTIONS.get(action.kind), taken.get(place), _refusal(who, action.kind))
        for place, action in enumerate(actions)
    ]


class NeedsPerson(Conflict):
    code, status, title = "action_needs_person", 409, "A person has to have this done"
    cause = "It follows from words that somebody outside may have written, and a program asked for it."
    effect = "Nothing was done."
    remedy = "Have a person look at the decision and confirm it, or carry the proposal out on the page of its run."


def needs_person(decision: AgentDecision, proposal: ProposedAction) -> bool:
    """Whether a program may not carry the proposal out: nobody has looked yet at what follows from words of others."""
    return proposal.by_a_person and decision.review != AgentDecision.Review.CONFIRMED


def waits_for_person(decision: AgentDecision) -> bool:
    """Whether a confirmation would have programs carry out what follows from words of others: people confirm it."""
    return any(needs_person(decision, each) for each in decision_of(decision).actions)


def action_do(
    *, who: Principal, user: User | None, decision: AgentDecision, position: int, is_person: bool
) -> AgentAction:
    """Carry out a proposal: what it does and that it was done are kept together, once, whoever asks how often.

    `is_person`: whether a person asks for it now, and not a step of a workflow or another program. Raises
    `NeedsPerson` where it has to be one.

    What was done before is returned as it is. What failed before may be tried again; that it failed is kept as an
    outcome with status `failed`, and nothing else of it. Raises `NotFound` for a proposal that there is not, and
    `PermissionDenied` for a person who may not have such a thing done.
    """
    demand(who, RUNS_VIEW)
    actions = decision_of(decision).actions
    if not 0 <= position < len(actions):
        raise NotFound(f"This decision has no proposal {position}.", remedy="See the run for what is proposed.")
    proposal = actions[position]
    kind = ACTIONS.get(proposal.kind)
    if kind is None:
        raise Conflict(f"This release cannot do {proposal.kind!r}; nothing was done.", remedy="Do it by hand.")
    demand(who, kind.permission)
    with whole():
        # Who comes second waits here, and then finds what was done, and how the decision stands by now.
        held = AgentDecision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
        if not is_person and needs_person(held, proposal):
            raise NeedsPerson(f"{proposal.title} follows from words of others; nothing was done.")
        found = AgentAction.objects.filter(decision=decision, position=position).select_related("by").first()
        if found is not None and found.status == Status.DONE:
            return found
        row = found or AgentAction(decision=decision, position=position, kind=proposal.kind)
        row.by = user
        try:
            with whole():  # of what fails half-way nothing is left
                outcome = kind.perform(who=who, user=user, arguments=kind.parse(proposal.arguments))
        except Problem as problem:
            told = f"{problem.detail} {problem.remedy}".strip()
            row.status, row.outcome, row.link = Status.FAILED, told[:LONGEST], ""
        else:
            row.status, row.outcome, row.link = Status.DONE, outcome.text[:LONGEST], outcome.link
        row.save()
        is_done = row.status == Status.DONE
        record(
            auditing.ACTED,
            who=who,
            subject=auditing.run_subject(decision.run),
            outcome=AuditEntry.Outcome.DONE if is_done else AuditEntry.Outcome.FAILED,
            decision=decision.position + 1,
            proposal=position + 1,
            action=proposal.kind,
        )
    return row


def _refusal(who: Principal, kind: str) -> str:
    known = ACTIONS.get(kind)
    if known is None:
        return "This release of the installation cannot do it."
    if who.can(known.permission):
        return ""
    return f"Your role does not hold the permission to: {PERMISSIONS[known.permission].title.lower()}."

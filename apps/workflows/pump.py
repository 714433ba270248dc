"""The pump: it takes many runs of a tenant in hand, advances each as far as it goes, and records a round at a time.

A step's result is recorded before the next step of its run begins. What a round did not record, because its row was in
other hands, is forgotten: the run is loaded again, or dropped. `docs/guides/engine.md` has the rules.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.audit.actors import under
from apps.audit.services import record_many
from apps.common import work
from apps.common.errors import Problem
from apps.common.ids import uuid7
from apps.common.work import Claim, Move, Standing
from apps.workflows import auditing, live, spans, starting, store
from apps.workflows.awaited import abandon, cancel, collect, open_refs
from apps.workflows.cel.ahead import compute_ahead
from apps.workflows.endings import said, said_together, undo_said
from apps.workflows.engine.advance import (
    Compute,
    Decision,
    End,
    Open,
    Overdue,
    Record,
    Rest,
    advance,
    closing,
    computed,
    failed,
    opened,
    overdue,
    problem,
    undone,
)
from apps.workflows.engine.ledger import Entry
from apps.workflows.engine.plan import PlanStep
from apps.workflows.kept import KEPT
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.performers import KIND, PERFORMERS, Ask, Beginning, Overtaken
from apps.workflows.store import CLOCK, Change, InHand

logger = logging.getLogger(__name__)

COMPUTE: Final = 0.05
"""Seconds that are computed between two commits at most: a crash repeats no more than this, and one step."""
LONGEST: Final = 2.0
"""Seconds of a turn; then what is still in hand is given back, so that others come to their turn."""
PATIENCE: Final = 0.1
"""Seconds that a round waits at most for tenants that go first."""
LOOK_EVERY: Final = 0.1
"""Seconds between two looks at whether other tenants wait."""

Status = WorkflowRun.Status


class Pump:
    """One turn on the runs of these claims, all of the tenant that is entered."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.teller = live.Teller()
        self.asks: list[Ask] = []
        self.late: list[tuple[InHand, str, UUID]] = []
        """What nobody waits for any more: the run, the kind of step, and the key of what carries it out."""
        self.ended: list[InHand] = []
        self.undoing: list[tuple[InHand, dict[str, list[UUID]]]] = []
        """Runs whose steps are to be undone from now on, with what others have in hand for them."""
        self.hands = self._load(claims)

    def run(self) -> None:
        """Work until every run is given back. Raises what the database raises when it goes away."""
        until = time.monotonic() + LONGEST
        looked = time.monotonic()
        while self.hands:
            if time.monotonic() - looked > LOOK_EVERY:
                looked = time.monotonic()
                if looked > until or work.others_wait("flow"):
                    until = 0.0
            if until < time.monotonic():
                self._give_all_back()
            else:
                self._round()
        self.teller.tell(now=True)

    def _give_all_back(self) -> None:
        """Give every run back as it stands, at once: another tenant waits for this very thread."""
        for hand in self.hands.values():
            hand.move = Move(hand.claim, "yield")
        self._commit(list(self.hands.values()))

    def _round(self) -> None:
        compute_ahead(self.hands.values(), CLOCK.now())
        until, patience = time.monotonic() + COMPUTE, PATIENCE
        done: list[InHand] = []
        for hand in self.hands.values():
            waited = work.make_way(patience)
            until, patience = until + waited, patience - waited
            self._advance(hand)
            done.append(hand)
            if time.monotonic() > until:
                break
        self._commit(done)

    def _advance(self, hand: InHand) -> None:
        """Carry out what can be done now of a run, up to a step that must not begin before this is recorded."""
        now = CLOCK.now()
        while hand.move is None:
            decisions = self._decide(hand, now)
            if hand.entries and any(isinstance(each, Compute) for each in decisions):
                hand.move = Move(hand.claim, "go")
                self._change(hand, Status.UNDOING if hand.run.ending else Status.RUNNING)
                return
            for decision in decisions:
                self._carry_out(hand, decision, now)

    def _change(self, hand: InHand, status: str) -> None:
        if status == Status.QUEUED:
            return
        if hand.run.started_at is None or hand.run.status != status:
            hand.change = Change(status)

    def _decide(self, hand: InHand, now: datetime) -> list[Decision]:
        run = hand.run
        if run.started_at is None and hand.state.plan.overlap.limit is not None and not admitted(hand):
            return [Rest(None)]
        if hand.state.ending is not None:
            stopped = run.is_undo_stopped
            return [undone(hand.state, stopped=True)] if stopped else advance(hand.state, now)
        if run.cancel_requested_at is not None:
            told = problem("cancelled", "Somebody cancelled the run.")
            return [closing(hand.state, End(succeeded=False, problem=told))]
        if run.pause_requested_at is not None:
            return [Rest(None)]
        return advance(hand.state, now)

    def _carry_out(self, hand: InHand, decision: Decision, now: datetime) -> None:
        match decision:
            case Compute():
                self._note(hand, computed(hand.state, decision, now=now))
            case Record(entry):
                self._note(hand, entry)
            case Overdue():
                piece = hand.state.piece(decision.step, decision.item)
                if piece.ref is not None:
                    self.late.append((hand, decision.step.step.kind, piece.ref))
                self._note(hand, overdue(hand.state, decision, now=now))
            case Open():
                self._open(hand, decision, now)
            case Rest(until):
                hand.move = Move(hand.claim, "wait", until)
                self._change(hand, _waiting(hand))
            case End(undo=True):
                self._undo(hand, decision)
            case End():
                self._end(hand, decision)

    def _open(self, hand: InHand, decision: Open, now: datetime) -> None:
        entry, asked = opened(hand.state, decision, now=now)
        step = decision.step
        performer = PERFORMERS.get(step.step.kind)
        if entry.outcome == "opened" and performer is not None:
            try:
                prepared = performer.prepare(hand.run, step.step, asked)
            except (Problem, ValueError) as error:
                entry = _refused(step, decision, error, now=now, run=hand.run)
            else:
                ref = uuid7()
                entry = Entry(entry.step, entry.item, entry.attempt, "opened", ref=ref, due=entry.due)
                self.asks.append(
                    Ask(ref, hand.run, step.step, step.name, step.index, entry.item, entry.attempt, prepared)
                )
        self._note(hand, entry)

    def _undo(self, hand: InHand, end: End) -> None:
        """Begin to undo what the steps of a run did: nobody waits any longer for what is not to be undone."""
        refs = open_refs(hand.state)
        for (index, _item), flight in hand.state.flights.items():
            if flight.ref is not None:
                refs.setdefault(hand.state.plan.steps[index].step.kind, []).append(flight.ref)
        hand.state.ending = end.problem
        hand.change = Change(Status.UNDOING, problem=end.problem, ending=_status_of(end))
        hand.move = Move(hand.claim, "go")
        self.undoing.append((hand, refs))

    def _end(self, hand: InHand, end: End) -> None:
        is_undone = "" if hand.state.ending is not None else None
        hand.change = Change(_status_of(end), outputs=end.outputs, problem=end.problem, ending=is_undone)
        hand.move = Move(hand.claim, "done")
        self.ended.append(hand)

    def _note(self, hand: InHand, entry: Entry) -> None:
        hand.entries.append(entry)
        hand.state.apply(entry)

    def _commit(self, hands: list[InHand]) -> None:
        """Record a round, begin what it opens, and tell who waits for runs that ended: all of it, or nothing."""
        try:
            standings = self._record(hands)
        except Overtaken:
            standings = {}
        spans.tell(hand for hand in hands if hand.run.id in standings)
        began = {hand.run.id for hand, _ in self.undoing}
        self.asks, self.late, self.ended, self.undoing = [], [], [], []
        for hand in hands:
            if hand.run.id in standings and (hand.entries or hand.change):
                hand.run.seq += hand.change is not None
                status, is_changed = hand.change.status if hand.change else hand.run.status, hand.change is not None
                self.teller.note(hand.run, status, is_changed=is_changed)
        self.teller.tell()
        again: list[Claim] = []
        for hand in hands:
            standing = standings.get(hand.run.id)
            if standing is None or standing.news or hand.run.id in began:
                del self.hands[hand.run.id]
                if standing is None:
                    again.append(hand.claim)
                elif standing.held:
                    again.append(standing.claim)
            elif not standing.held:
                del self.hands[hand.run.id]
                is_waiting = hand.move is not None and hand.move.move == "wait"
                recorded(hand)
                if is_waiting and hand.run.status == Status.RUNNING:
                    KEPT.keep(hand)
            else:
                recorded(hand)
        if again:
            self.hands |= self._load(work.still_ours(again))

    def _record(self, hands: list[InHand]) -> dict[UUID, Standing]:
        """One statement, where all that the round does to others is a part of it; else a transaction."""
        beginnings = self._beginnings()
        concerned = self.late or self.undoing or len(self.ended) > 1 or any(map(self._concerns_others, self.ended))
        if beginnings is not None and not concerned:
            return store.commit(hands, beginnings, next(((hand.run.id, said(hand)) for hand in self.ended), None))
        with transaction.atomic():
            standings = store.commit(hands, beginnings or ())
            if beginnings is None:
                self._begin([ask for ask in self.asks if ask.run.id in standings])
            for hand, kind, ref in self.late:
                if hand.run.id in standings:
                    with under(actor=auditing.run_actor(hand.run)):
                        PERFORMERS[kind].expire([ref])
            for hand, refs in self.undoing:
                if hand.run.id in standings:
                    with under(actor=auditing.run_actor(hand.run)):
                        cancel(refs)
            ended = [hand for hand in self.ended if hand.run.id in standings]
            begun = [undo_said(hand) for hand, _ in self.undoing if hand.run.id in standings]
            record_many([*said_together(ended), *begun])
            self._tell_others(ended)
        return standings

    def _begin(self, asks: list[Ask]) -> None:
        for kind, asked in _by_kind(asks).items():
            PERFORMERS[kind].begin(asked)
        spans.begun(asks, self.hands)

    def _beginnings(self) -> list[Beginning] | None:
        """How all that is asked begins in the statement that records the round; None where it takes more than that."""
        found = [PERFORMERS[kind].beginning(asked) for kind, asked in _by_kind(self.asks).items()]
        known = [each for each in found if each is not None]
        return known if len(known) == len(found) else None

    def _tell_others(self, hands: list[InHand]) -> None:
        """Signal the run that waits for one that ended, and stop what that one has still asked of others."""
        for hand in hands:
            if hand.run.parent_id is not None:
                work.signal(KIND, hand.run.parent_id)
            with under(actor=auditing.run_actor(hand.run)):
                abandon(hand.state)
            self._tell_listeners(hand)

    def _tell_listeners(self, hand: InHand) -> None:
        """Start what waits for this end: triggers, the workflow that deals with failures, the next in the queue."""
        change, run, plan = hand.change, hand.run, hand.state.plan
        if change is None:
            return
        if hand.is_awaited:
            starting.end_tell(run=run, status=change.status, outputs=change.outputs, problem=change.problem)
        if change.status == Status.FAILED and plan.on_failure is not None:
            starting.failure_tell(run=run, name=plan.on_failure, problem=change.problem or {})
        if plan.overlap.limit is not None:
            queued = WorkflowRun.objects.filter(workflow=run.workflow_id, status=Status.QUEUED, started_at=None)
            following = queued.order_by("id").values_list("id", flat=True).first()
            if following is not None:
                work.signal(KIND, following)

    def _concerns_others(self, hand: InHand) -> bool:
        plan, failed = hand.state.plan, hand.change is not None and hand.change.status == Status.FAILED
        return (
            hand.run.parent_id is not None
            or hand.is_awaited
            or plan.overlap.limit is not None
            or (failed and plan.on_failure is not None)
            or next(hand.state.open_pieces(), None) is not None
        )

    def _load(self, claims: Sequence[Claim]) -> dict[UUID, InHand]:
        """The runs of claims with what has ended of what they wait for. Rows without an open run are finished."""
        hands = {hand.run.id: hand for hand in store.load(claims)}
        spans.follow(claims, hands)
        collect(list(hands.values()), CLOCK.now())
        for claim in claims:
            hand = hands.get(claim.id)
            if hand is None or not hand.run.is_open:
                hands.pop(claim.id, None)
                with work.fenced(claim) as row:
                    row.finish()
        return hands


def admitted(hand: InHand) -> bool:
    """Take one of the places of a workflow whose runs are limited. False: they are all taken, for as long as none of
    them ends; that end signals this run."""
    run, limit = hand.run, hand.state.plan.overlap.limit or 0
    with transaction.atomic():
        Workflow.objects.select_for_update().get(pk=run.workflow_id)
        places = WorkflowRun.objects.filter(workflow=run.workflow_id, status__in=WorkflowRun.OPEN)
        if places.filter(started_at__isnull=False).count() >= limit:
            return False
        run.started_at = timezone.now()
        WorkflowRun.objects.filter(pk=run.pk).update(started_at=run.started_at)
    return True


def _by_kind(asks: list[Ask]) -> dict[str, list[Ask]]:
    found: dict[str, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.step.kind, []).append(ask)
    return found


def recorded(hand: InHand) -> None:
    """Bring what is known of a run to what a round has recorded of it."""
    if hand.change is not None:
        hand.run.status, hand.run.started_at = hand.change.status, hand.run.started_at or CLOCK.now()
        hand.run.ending = hand.run.ending if hand.change.ending is None else hand.change.ending
    hand.entries, hand.change, hand.move = [], None, None


def _waiting(hand: InHand) -> str:
    """How a run that rests is called: paused, waiting for a person or a moment, or running elsewhere."""
    if hand.state.ending is not None:
        return Status.UNDOING
    if hand.run.pause_requested_at is not None:
        return Status.PAUSED
    if hand.run.started_at is None and not hand.entries:
        return Status.QUEUED
    refs = open_refs(hand.state)
    at_work = any(not PERFORMERS[kind].await_person(found) for kind, found in refs.items())
    return Status.RUNNING if at_work else Status.WAITING


def _status_of(end: End) -> str:
    if end.succeeded:
        return Status.SUCCEEDED
    return Status.CANCELLED if (end.problem or {}).get("code") == "cancelled" else Status.FAILED


def _refused(step: PlanStep, decision: Open, error: Exception, *, now: datetime, run: WorkflowRun) -> Entry:
    """The entry of a step that nobody can be asked to carry out: trying the same again would not help."""
    told: dict[str, Any] = problem("step_failed", str(error))
    if isinstance(error, Problem):
        told = {"code": error.code, "detail": error.detail, "remedy": error.remedy}
        told["issues"] = [issue.model_dump(mode="json") for issue in error.issues[:50]]
    return failed(step, decision.item, decision.attempt, told, now=now, run=str(run.id), final=True)

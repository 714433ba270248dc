"""The kinds of work that carry out a run, a batch of them, an evaluation, the look of a watch, and a message."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.agents import beginning, services
from apps.agents.batches import services as batches
from apps.agents.drift import mails, watching
from apps.agents.evaluations import live as evaluations_live
from apps.agents.evaluations import services as evaluations
from apps.agents.models import AgentBatch, AgentEvaluation, AgentMessage, AgentRun, AgentWatch
from apps.agents.talk import services as talk
from apps.common.work import Claim, WorkKind


class AgentRunWork(WorkKind):
    name = services.KIND
    queue = "cpu"
    leave_within = 5.0
    beginning = beginning.WITH_CLAIM

    def perform(self, claim: Claim) -> None:
        services.run_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        services.run_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        services.run_revive(id)

    def pending(self) -> Iterable[UUID]:
        return AgentRun.objects.filter(status__in=AgentRun.OPEN).values_list("id", flat=True)


class AgentBatchWork(WorkKind):
    name = batches.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        batches.batch_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        batches.batch_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        batches.batch_revive(id)

    def pending(self) -> Iterable[UUID]:
        return AgentBatch.objects.filter(status__in=batches.OPEN).values_list("id", flat=True)


class EvaluationWork(WorkKind):
    name = evaluations.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        evaluations.evaluation_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        evaluations.evaluation_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        evaluations.evaluation_revive(id)

    def pending(self) -> Iterable[UUID]:
        return AgentEvaluation.objects.filter(status__in=evaluations_live.OPEN).values_list("id", flat=True)


class WatchWork(WorkKind):
    """The look at the decisions of an agent that is watched, every hour. It is never over while the watch is there."""

    name = watching.KIND
    queue = "cpu"

    def perform(self, claim: Claim) -> None:
        watching.watch_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        """What was found stands, with the time of the last look; a person requeues it."""

    def revive(self, id: UUID) -> None:
        """The next look goes on where the last one ended."""

    def pending(self) -> Iterable[UUID]:
        return [watching.work_id(key) for key in AgentWatch.objects.values_list("agent_key", flat=True)]


class DriftMailWork(WorkKind):
    """A mail to a member about agents that drift, or do no longer."""

    name = mails.KIND
    queue = "io"
    lease = 10.0

    def perform(self, claim: Claim) -> None:
        mails.mail_send(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        """What was to be told stays untold, and on the dashboard."""

    def revive(self, id: UUID) -> None:
        """What is still to be told is found anew."""

    def pending(self) -> Iterable[UUID]:
        return mails.to_tell().order_by("user").values_list("user", flat=True).distinct()


class MessageWork(WorkKind):
    """A text about a result. It waits for a model most of the time."""

    name = talk.KIND
    queue = "io"

    def perform(self, claim: Claim) -> None:
        talk.message_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        talk.message_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        talk.message_revive(id)

    def pending(self) -> Iterable[UUID]:
        return AgentMessage.objects.filter(status__in=AgentMessage.OPEN).values_list("id", flat=True)

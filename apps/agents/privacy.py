"""What agents, their runs, decisions and conversations hold of people, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from apps.agents import cache
from apps.agents.models import (
    AgentAction,
    AgentBatch,
    AgentCase,
    AgentConfiguration,
    AgentDecision,
    AgentEvaluation,
    AgentFeedback,
    AgentMessage,
    AgentResult,
    AgentReview,
    AgentRun,
    AgentWatch,
    CustomAgent,
    CustomAgentVersion,
    DriftMails,
    DriftNotice,
)
from apps.tenants.personal import PersonalRows, RetainedRows


class Runs(PersonalRows):
    key = "agents.run"
    title = "Runs of agents"
    what = "What an agent was given, and who started it."
    model = AgentRun
    member = ("created_by",)
    texts = ("source", "headline", "note")
    in_use = Q(status__in=AgentRun.OPEN)

    def url_of(self, row: AgentRun) -> str:
        return reverse("agents:run", args=[row.number])

    def before_erasing(self, row: AgentRun) -> None:
        if row.status == AgentRun.Status.SUCCEEDED:
            cache.forget(row)  # nobody is answered by a result that names the person


class _OfRuns(PersonalRows):
    """What belongs to a run of an agent."""

    run: str = "run"

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related(self.run)

    def run_of(self, row: Any) -> AgentRun:
        for name in self.run.split("__"):
            row = getattr(row, name)
        return row  # type: ignore[no-any-return]

    def title_of(self, row: Any) -> str:
        return f"{self.title}: {self.run_of(row)}"

    def url_of(self, row: Any) -> str:
        return reverse("agents:run", args=[self.run_of(row).number])


class Results(_OfRuns):
    key = "agents.result"
    title = "Results of agents"
    what = "What an agent gave, and what it came from."
    model = AgentResult

    def before_erasing(self, row: AgentResult) -> None:
        cache.forget(row.run)


class Decisions(_OfRuns):
    key = "agents.decision"
    title = "Decisions of agents"
    what = "Who or what was judged, the verdict with its reasons, and who looked at it."
    model = AgentDecision
    member = ("reviewed_by",)


class Reviews(_OfRuns):
    key = "agents.review"
    title = "Reviews of decisions"
    what = "What a person holds of a decision, and why."
    model = AgentReview
    member = ("by",)
    run = "decision__run"
    when = "at"


class Actions(_OfRuns):
    key = "agents.action"
    title = "Proposed actions that were carried out"
    what = "What came of them, and who had them done."
    model = AgentAction
    member = ("by",)
    run = "decision__run"
    when = "at"


class Feedback(_OfRuns):
    key = "agents.feedback"
    title = "Feedback on results"
    what = "Whether a result was found right, with a comment."
    model = AgentFeedback
    member = ("by",)
    when = "at"


class Messages(_OfRuns):
    key = "agents.message"
    title = "Conversations about results"
    what = "What people asked models, and what these answered."
    erasure = "What the member asked is deleted with its answers; others' messages are cleaned."
    model = AgentMessage
    member = removes = ("by",)
    in_use = Q(status__in=AgentMessage.OPEN)


class Batches(PersonalRows):
    key = "agents.batch"
    title = "Batches of runs"
    what = "The file that its runs go over, the rows that were refused, and who started it."
    model = AgentBatch
    member = ("created_by",)
    texts = ("source",)
    in_use = Q(status__in=AgentBatch.OPEN)

    def url_of(self, row: AgentBatch) -> str:
        return reverse("agents:batch", args=[row.number])


class Configurations(PersonalRows):
    key = "agents.configuration"
    title = "Settings of agents"
    what = "What differs from an agent's own settings, and who changed it."
    model = AgentConfiguration
    member = ("created_by",)
    texts = ("note",)


class Customs(PersonalRows):
    key = "agents.custom"
    title = "Agents made here"
    what = "Their titles, and who made them."
    model = CustomAgent
    member = ("created_by",)
    texts = ("title", "summary")


class CustomVersions(PersonalRows):
    key = "agents.custom_version"
    title = "Versions of agents made here"
    what = "What they are told to do."
    model = CustomAgentVersion
    member = ("created_by",)
    texts = ("note",)
    when = "saved_at"


class Cases(PersonalRows):
    key = "agents.case"
    title = "Cases of evaluations"
    what = "What an agent is tried with, and what it ought to give."
    model = AgentCase
    member = ("created_by",)
    texts = ("name",)


class Evaluations(PersonalRows):
    key = "agents.evaluation"
    title = "Evaluations"
    what = "How an agent did in its cases."
    model = AgentEvaluation
    member = ("created_by",)
    in_use = Q(status__in=(AgentEvaluation.Status.QUEUED, AgentEvaluation.Status.RUNNING))


class Watches(PersonalRows):
    key = "agents.watch"
    title = "Watches over agents"
    what = "Who set them."
    model = AgentWatch
    member = ("changed_by",)
    when = "looked_at"


class DriftWishes(PersonalRows):
    key = "agents.drift_mails"
    title = "Wishes about mails of drift"
    what = "That they want mails about the drift of agents."
    erasure = "They are deleted."
    model = DriftMails
    member = removes = ("user",)
    when = "since"


class DriftNotices(PersonalRows):
    key = "agents.drift_notice"
    title = "Mails about drift that wait"
    what = "What they are still to be told of the drift of agents."
    erasure = "They are deleted."
    model = DriftNotice
    member = removes = ("user",)


def _ended(before: datetime, *, decided: bool) -> QuerySet[Any]:
    """Runs that have ended and came to a decision, or to none."""
    decisions = Exists(AgentDecision.objects.filter(run=OuterRef("pk")))
    rows = AgentRun.objects.filter(created_at__lt=before).exclude(status__in=AgentRun.OPEN)
    return rows.filter(decisions if decided else ~decisions)


class RunsKept(RetainedRows):
    key = "agents.run"
    title = "Runs of agents without a decision"
    group = "Runs and decisions"
    what = "They are deleted with inputs, results and conversations; the audit log keeps that they were."
    note = "As long as somebody may ask how a result came about. The EU AI Act asks for six months (Art. 26(6))."
    default = 400
    model = AgentRun

    def rows(self, before: datetime) -> QuerySet[Any]:
        return _ended(before, decided=False)


class DecidedRunsKept(RetainedRows):
    key = "agents.decision"
    title = "Runs of agents with a decision"
    group = "Runs and decisions"
    what = "They are deleted with inputs, results, decisions, reviews and conversations."
    note = "Evidence of decisions: in many trades six to ten years; at least the six months of the EU AI Act."
    default = 3653
    least = 183
    model = AgentRun

    def rows(self, before: datetime) -> QuerySet[Any]:
        return _ended(before, decided=True)


class MessagesKept(RetainedRows):
    key = "agents.message"
    title = "Conversations about results"
    group = "Runs and decisions"
    what = "Questions and answers are deleted; the runs stay."
    note = "No law asks for them."
    default = 365
    model = AgentMessage
    where = ~Q(status__in=AgentMessage.OPEN)


class BatchesKept(RetainedRows):
    key = "agents.batch"
    title = "Batches whose runs are gone"
    group = "Runs and decisions"
    what = "They are deleted."
    note = "They go after their runs."
    default = 400
    model = AgentBatch
    where = ~Q(status__in=AgentBatch.OPEN) & Q(runs=None)


class EvaluationsKept(RetainedRows):
    key = "agents.evaluation"
    title = "Evaluations"
    group = "Runs and decisions"
    what = "Their results are deleted; the cases stay."
    note = "Evidence that an agent was tested: two years are usual."
    default = 731
    model = AgentEvaluation
    where = ~Q(status__in=(AgentEvaluation.Status.QUEUED, AgentEvaluation.Status.RUNNING))

"""Reads of batches. Each takes who asks and demands the permission in the same call that fetches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from apps.agents.batches.plans import Plan, Refused
from apps.agents.models import AgentBatch, AgentDecision, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.spans import created_within

PAGE: Final = 50


def batches_query(
    *, who: Principal, agent: str = "", since: datetime | None = None, before: datetime | None = None
) -> QuerySet[AgentBatch]:
    """Batches newest first with how far each is (`Standing.of`), without what is heavy. For a caller that slices."""
    demand(who, RUNS_VIEW)
    counts = JSONObject(**{status: Count("pk", filter=Q(status=status)) for status in AgentRun.Status.values})
    runs = AgentRun.objects.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(counts=counts)
    found = AgentBatch.objects.defer("input", "refused").select_related("created_by")
    found = found.annotate(counts=Subquery(runs.values("counts")))
    return created_within(found.filter(agent_key=agent) if agent else found, since=since, before=before)


def batch_get(*, who: Principal, id: UUID | None = None, number: int | None = None) -> AgentBatch:
    """One batch by id or number. Raises `NotFound` where there is none here."""
    demand(who, RUNS_VIEW)
    batches = AgentBatch.objects.select_related("created_by")
    batch = batches.filter(**({"number": number} if id is None else {"pk": id})).first()
    if batch is None:
        raise NotFound("There is no batch of this name here.", remedy="See the list of batches.")
    return batch


def plan_of(batch: AgentBatch) -> Plan:
    return Plan.model_validate(batch.input["plan"])


def labels_of(batch: AgentBatch) -> dict[int, str]:
    """What names each group of a batch, by its row; empty for a batch of rows."""
    return {int(row): label for row, label in batch.input["labels"].items()}


def refused_of(batch: AgentBatch) -> list[Refused]:
    return [Refused.model_validate(each) for each in batch.refused or []]


def runs_open(batch: AgentBatch) -> int:
    """How many runs of a batch have not ended."""
    return AgentRun.objects.filter(batch=batch, status__in=AgentRun.OPEN).count()


@dataclass(frozen=True)
class Standing:
    """How far a batch is: numbers of rows."""

    total: int
    opened: int = 0
    by_status: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: AgentBatch) -> Standing:
        """That of a batch of `batches_query`."""
        return cls(batch.total, batch.opened, batch.counts or {})  # type: ignore[attr-defined]

    @property
    def started(self) -> int:
        return sum(self.by_status.values())

    @property
    def refused(self) -> int:
        """Rows that cannot be used."""
        return max(0, self.opened - self.started)

    @property
    def waiting(self) -> int:
        """Rows whose run is not started yet."""
        return self.total - self.opened

    @property
    def open(self) -> int:
        return sum(self.by_status.get(each, 0) for each in AgentRun.OPEN)

    @property
    def ended(self) -> int:
        return self.started - self.open + self.refused

    @property
    def succeeded(self) -> int:
        return self.by_status.get(AgentRun.Status.SUCCEEDED, 0)

    @property
    def failed(self) -> int:
        return self.by_status.get(AgentRun.Status.FAILED, 0)

    @property
    def cancelled(self) -> int:
        return self.by_status.get(AgentRun.Status.CANCELLED, 0)

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 100


def standing_of(batch: AgentBatch) -> Standing:
    """How far a batch is now. One statement."""
    counted = AgentRun.objects.filter(batch=batch).order_by().values("status").annotate(n=Count("id"))
    return Standing(batch.total, batch.opened, {row["status"]: row["n"] for row in counted})


@dataclass(frozen=True)
class RowFilter:
    """What the rows of a batch are narrowed to; empty: nothing. The status ``open`` is queued or running."""

    status: str = ""
    verdict: str = ""
    search: str = ""

    def __bool__(self) -> bool:
        return bool(self.status or self.verdict or self.search)


def rows_query(*, who: Principal, batch: AgentBatch, narrow: RowFilter | None = None) -> QuerySet[AgentRun]:
    """The runs of a batch in the order of its file, without inputs; each has the `score` of its first decision."""
    demand(who, RUNS_VIEW)
    score = AgentDecision.objects.filter(run=OuterRef("pk"), position=0).values("score")[:1]
    runs = AgentRun.objects.filter(batch=batch).defer("input").select_related("created_by")
    narrow = narrow or RowFilter()
    if narrow.status:
        runs = runs.filter(status__in=AgentRun.OPEN if narrow.status == "open" else [narrow.status])
    if narrow.verdict:
        runs = runs.filter(verdict=narrow.verdict)
    if text := narrow.search.strip():
        row = text.lower().removeprefix("row").strip()
        by_row = Q(batch_row=int(row)) if row.isdecimal() and len(row) < 10 else Q()
        runs = runs.filter(by_row | Q(headline__icontains=text) | Q(problem_code__icontains=text))
    return runs.annotate(score=Subquery(score)).order_by("batch_row")


def verdicts_of(batch: AgentBatch) -> list[str]:
    """The verdicts that stand in a batch, for a filter."""
    found = AgentRun.objects.filter(batch=batch).exclude(verdict="").order_by("verdict").values_list("verdict")
    return [verdict for (verdict,) in found.distinct()]

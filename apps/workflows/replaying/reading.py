"""Past runs read from the database, many at once: with their ledgers, who carried out their steps, and the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from apps.agents import services as agents
from apps.agents.configurations import newest
from apps.agents.finding import agent_of
from apps.agents.models import AgentResult, AgentRun
from apps.ai.models import ModelCall
from apps.ai.training.selectors import promoted_of, versions_of
from apps.common.errors import InvalidInput
from apps.workflows.engine.plan import Plan
from apps.workflows.models import StepRun, WorkflowRun, WorkflowVersion
from apps.workflows.replaying.past import PastRun, Row
from apps.workflows.store import plan_of

_COLUMNS = ("run_id", "step", "item", "attempt", "ended", "outcome", "output", "problem", "ref", "due", "at")


@dataclass
class Batch:
    """Past runs, in the order in which they were asked for; those that cannot be read any more are missing."""

    runs: list[PastRun]
    current: dict[UUID, bool]
    """Of what carried out their steps: whether its version, settings and trained models are those of now."""
    costs: dict[UUID, Decimal]
    """Of runs of agents: what models cost."""

    def cost_of(self, refs: Iterable[UUID]) -> Decimal:
        return sum((self.costs.get(ref, Decimal(0)) for ref in refs), Decimal(0))


@dataclass
class Reader:
    """Reads batches of past runs, and knows what does not change from one to the next.

    Six statements a batch at most, and three for each agent and one for versions that it has not met yet.
    """

    plans: dict[UUID, Plan | None] = field(default_factory=dict)
    agents: dict[str, tuple[str, UUID | None] | None] = field(default_factory=dict)
    trained: dict[str, dict[str, int] | None] = field(default_factory=dict)

    def read(self, ids: Sequence[UUID]) -> Batch:
        runs = self._runs(ids)
        refs: dict[str, list[UUID]] = {}
        for run in runs:
            for kind, ref in run.refs():
                refs.setdefault(kind, []).append(ref)
        current = self._agents(refs.get("agent", [])) | self._children(refs.get("workflow", []))
        return Batch(runs, current, _costs(refs.get("agent", [])))

    def _runs(self, ids: Sequence[UUID]) -> list[PastRun]:
        found = {run.pk: run for run in WorkflowRun.objects.filter(pk__in=ids).exclude(status__in=WorkflowRun.OPEN)}
        self._plans({run.version_id for run in found.values()})
        rows: dict[UUID, list[Row]] = {id: [] for id in found}
        ledger = StepRun.objects.filter(run_id__in=list(found)).order_by("run_id", "seq").values_list(*_COLUMNS)
        for run, step, item, attempt, ended, outcome, output, problem, ref, due, at in ledger.iterator(2000):
            key = (run, step, item, attempt, ended)
            gave, failed = (None if each is None else each.open(key) for each in (output, problem))
            rows[run].append(Row(step, item, attempt, outcome, at, gave, failed, ref, due))
        made = [_past(found[id], self.plans[found[id].version_id], rows[id]) for id in ids if id in found]
        return [run for run in made if run is not None]

    def _plans(self, versions: set[UUID]) -> None:
        for version in WorkflowVersion.objects.filter(pk__in=versions - set(self.plans)):
            try:
                self.plans[version.pk] = plan_of(version)
            except InvalidInput:  # written for an earlier release, which this one cannot read
                self.plans[version.pk] = None

    def _agents(self, refs: Sequence[UUID]) -> dict[UUID, bool]:
        rows = AgentRun.objects.filter(pk__in=refs) if refs else AgentRun.objects.none()
        asked = list(rows.values_list("pk", "agent_key", "agent_version", "configuration_id"))
        current = {id: self._now(key) == (version, configuration) for id, key, version, configuration in asked}
        learned = {id: key for id, key, _, _ in asked if current[id] and self._trained(key) is not None}
        for result in AgentResult.objects.filter(run__in=learned).only("run_id", "record"):
            used = (result.record or {}).get("trained", {})
            current[result.run_id] = used == self._trained(learned[result.run_id])
        return current

    def _trained(self, key: str) -> dict[str, int] | None:
        """Versions in use now of the models trained here that an agent asks for; None: it asks for none."""
        if key not in self.trained:
            agent = agent_of(key)
            asks = agent is not None and agent.trained
            self.trained[key] = versions_of(promoted_of(agent.trained)) if agent is not None and asks else None
        return self.trained[key]

    def _now(self, key: str) -> tuple[str, UUID | None] | None:
        """The version of an agent and of its settings that hold now; None: there is no such agent any more."""
        if key not in self.agents:
            agent, configuration = agent_of(key), newest(key)
            settings = configuration.pk if configuration else None
            self.agents[key] = (agent.version, settings) if agent is not None else None
        return self.agents[key]

    def _children(self, refs: Sequence[UUID]) -> dict[UUID, bool]:
        rows = WorkflowRun.objects.filter(pk__in=refs) if refs else WorkflowRun.objects.none()
        asked = rows.values_list("pk", "version_id", "workflow__published_id")
        return {id: version == published for id, version, published in asked}


def _past(run: WorkflowRun, plan: Plan | None, rows: list[Row]) -> PastRun | None:
    if plan is None or any(row.step >= len(plan.steps) for row in rows):
        return None
    return PastRun(
        run.pk,
        run.number,
        run.status,
        run.inputs,
        run.outputs,
        run.problem,
        run.given or {},
        run.created_at,
        run.finished_at or run.created_at,
        plan,
        rows,
    )


def _costs(refs: Sequence[UUID]) -> dict[UUID, Decimal]:
    if not refs:
        return {}
    calls = ModelCall.objects.filter(subject__in=refs, subject_kind=agents.KIND)
    return dict(calls.values_list("subject").annotate(spent=Sum("money")))

"""Past runs read from the database, many at once: with their ledgers, who carried out their steps, and the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from pydantic import BaseModel

from apps.agents import services as agents
from apps.agents.configurations import newest
from apps.agents.finding import agent_of
from apps.agents.models import AgentResult, AgentRun
from apps.ai.models import ModelCall
from apps.ai.training.selectors import promoted_of, versions_of
from apps.common.errors import InvalidInput
from apps.workflows.engine.plan import Plan
from apps.workflows.inputs import inputs_model
from apps.workflows.models import StepRun, WorkflowRun, WorkflowVersion
from apps.workflows.payloads import veiled
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
    within: dict[UUID, Inner]
    """The runs that their steps started, and those within these, of workflows that are not what they were."""

    def cost_of(self, refs: Iterable[UUID]) -> Decimal:
        return sum((self.costs.get(ref, Decimal(0)) for ref in refs), Decimal(0))


@dataclass(frozen=True)
class Inner:
    """A run that a step of another one started, and what its workflow is now."""

    past: PastRun
    plan: Plan
    takes: type[BaseModel]
    """The inputs that it takes now."""


@dataclass
class Reader:
    """Reads batches of past runs, and knows what does not change from one to the next.

    Six statements a batch at most, five for each level of workflows that start others and two for those of them that
    are not what they were, and three for each agent and one for versions that it has not met yet.
    """

    plans: dict[UUID, Plan | None] = field(default_factory=dict)
    takes: dict[UUID, type[BaseModel]] = field(default_factory=dict)
    agents: dict[str, tuple[str, UUID | None] | None] = field(default_factory=dict)
    trained: dict[str, dict[str, int] | None] = field(default_factory=dict)

    def read(self, ids: Sequence[UUID]) -> Batch:
        runs = self._runs(ids)
        refs: dict[str, list[UUID]] = {}
        for run in runs:
            for kind, ref in run.refs():
                refs.setdefault(kind, []).append(ref)
        current = self._agents(refs.get("agent", []))
        within = self._within(refs.get("workflow", []), current)
        return Batch(runs, current, _costs(refs.get("agent", [])), within)

    def _runs(self, ids: Sequence[UUID]) -> list[PastRun]:
        found = {run.pk: run for run in WorkflowRun.objects.filter(pk__in=ids).exclude(status__in=WorkflowRun.OPEN)}
        self._plans({run.version_id for run in found.values()})
        rows: dict[UUID, list[Row]] = {id: [] for id in found}
        ledger = StepRun.objects.filter(run_id__in=list(found)).order_by("run_id", "seq").values_list(*_COLUMNS)
        for run, step, item, attempt, ended, outcome, output, problem, ref, due, at in ledger.iterator(2000):
            key = (run, step, item, attempt, ended)
            gave, failed = (None if each is None else veiled(each.open(key)) for each in (output, problem))
            rows[run].append(Row(step, item, attempt, outcome, at, gave, failed, ref, due))
        made = [_past(found[id], self.plans[found[id].version_id], rows[id]) for id in ids if id in found]
        return [run for run in made if run is not None]

    def _plans(self, versions: set[UUID]) -> None:
        for version in WorkflowVersion.objects.filter(pk__in=versions - set(self.plans)):
            try:
                self.plans[version.pk] = plan_of(version)
                self.takes[version.pk] = inputs_model(version.definition)
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

    def _within(self, refs: Sequence[UUID], current: dict[UUID, bool]) -> dict[UUID, Inner]:
        """Tell of these runs of workflows, and of all within, whether they and what they asked are as they were
        (`current`); and read those that are not, with what they are now."""
        published, asked = dict[UUID, UUID | None](), dict[UUID, list[UUID]]()
        level = list(refs)
        while level:
            rows = WorkflowRun.objects.filter(pk__in=level)
            found = {
                id: (version, now if archived is None else None)
                for id, version, now, archived in rows.values_list(
                    "pk", "version_id", "workflow__published_id", "workflow__archived_at"
                )
            }
            self._plans({version for pair in found.values() for version in pair if version is not None})
            published |= {id: now for id, (_, now) in found.items()}
            current |= {id: version == now for id, (version, now) in found.items()}
            by_kind: dict[str, list[UUID]] = {}
            carried = StepRun.objects.filter(run_id__in=list(found), ref__isnull=False).values_list(
                "run", "step", "ref"
            )
            for id, step, ref in carried:
                plan = self.plans.get(found[id][0])
                if plan is None or step >= len(plan.steps):
                    current[id] = False
                elif ref is not None and (kind := plan.steps[step].step.kind) in {"agent", "workflow"}:
                    by_kind.setdefault(kind, []).append(ref)
                    asked.setdefault(id, []).append(ref)
            current |= self._agents(by_kind.get("agent", []))
            level = by_kind.get("workflow", [])
        for id in reversed(published):  # those within before what started them
            current[id] = current[id] and all(current.get(each, False) for each in asked.get(id, []))
        stale = [id for id in published if not current[id]]
        inner = {}
        for past in self._runs(stale) if stale else []:
            now = published[past.id]
            if now is not None and (plan := self.plans.get(now)) is not None:
                inner[past.id] = Inner(past, plan, self.takes[now])
        return inner


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
        veiled(run.given or {}),
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

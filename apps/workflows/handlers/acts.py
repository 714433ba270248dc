"""Steps that have done what an agent proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.common import work
from apps.common.work import Claim, WorkKind
from apps.workflows import acting
from apps.workflows.definition import Step
from apps.workflows.kinds.act import Act
from apps.workflows.models import StepAct, WorkflowRun
from apps.workflows.performers import Ask, Outcome, Performer

# What another try would meet again.
_FINAL = {"permission_denied", "not_found", "cancelled"}


class ActPerformer(Performer):
    kind = "act"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """The runs of agents whose proposals are meant. Raises `ValueError` where `of` names no step of an agent."""
        assert isinstance(step, Act)  # noqa: S101  # a performer gets steps of its kind only
        return {"runs": [str(id) for id in acting.agent_runs_of(run, step)], "kinds": step.kinds}

    def begin(self, asks: Sequence[Ask]) -> None:
        StepAct.objects.bulk_create([StepAct(id=ask.ref, run=ask.run, step=ask.name, asked=ask.asked) for ask in asks])
        work.schedule_many(acting.ACT, [ask.ref for ask in asks])

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        return {act.id: _outcome(act) for act in StepAct.objects.filter(pk__in=refs).exclude(ended_at=None)}

    def cancel(self, refs: Sequence[UUID]) -> None:
        acting.acts_cancel(refs=list(refs))


class ActWork(WorkKind):
    name = acting.ACT
    queue = "io"

    def perform(self, claim: Claim) -> None:
        acting.act_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        acting.act_bury(id=claim.id)

    def revive(self, id: UUID) -> None:
        """Its step has failed: a person tries the run again from it, and what was done is not done again."""

    def pending(self) -> Iterable[UUID]:
        return StepAct.objects.filter(ended_at=None).values_list("id", flat=True)


def _outcome(act: StepAct) -> Outcome:
    if act.problem is None:
        return Outcome(output=act.output)
    return Outcome(problem=act.problem, final=act.problem["code"] in _FINAL)

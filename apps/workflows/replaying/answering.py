"""Who answers for those outside in a replay: the ledger of the run, and agents themselves where they would be asked
something else. Pure but for what `ask` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from apps.workflows.engine.plan import PlanStep
from apps.workflows.kinds.act import Act
from apps.workflows.kinds.outward import AgentStep, SubWorkflow
from apps.workflows.replaying.past import LEDGER, Knowledge, Known
from apps.workflows.replaying.simulating import Answer, Question

RECOMPUTED: Final = "recomputed"
"""Source of what an agent was asked anew."""
_OTHERWISE: Final = "The agent, its settings or a model trained for it is of another version now, and was not asked."
_SOMETHING_ELSE: Final = "The agent would be given something else, and was not asked."
ASSUMED: Final = "assumed"
"""Source of what was answered to another wording, or to another request: it is taken to hold for this one."""

Ask = Callable[[Question], Answer]
"""Asks an agent, without effects. It may say that it cannot be told."""
FollowInside = Callable[[Question, Known], Answer]
"""Follows a run of another workflow through what that is now."""


@dataclass
class FromLedger:
    """Answers from what was asked then and what came of it. Nothing outside is touched.

    What is taken over: what an agent gave to the same input, as long as its version, settings and trained models are
    those of now; what another workflow gave to the same inputs, as long as its version and all that it asked are; what
    people and systems answered to this step. Of another workflow that is not what it was, the run is followed in turn.
    """

    known: Knowledge
    current: Mapping[UUID, bool]
    """Of what carried steps out (runs of agents, of workflows): whether its version and settings are those of now, and
    those of all that was asked within."""
    ask: Ask
    inside: FollowInside
    taken: list[UUID] = field(init=False, default_factory=list)
    """Runs of agents whose answers were taken over."""
    _by_input: dict[tuple[str, int], list[Known]] = field(init=False)
    _doubtful: set[str] = field(init=False, default_factory=set)
    """Agents' steps of which something was not answered as it was then."""

    def __post_init__(self) -> None:
        self._by_input = {}
        for (_, _, attempt), known in self.known.items():
            if isinstance(known.step.step, AgentStep):
                self._by_input.setdefault((known.step.step.agent, attempt), []).append(known)

    def answer(self, question: Question) -> Answer:
        step = question.step
        known = self.known.get((step.name, question.item, question.attempt))
        if known is not None and known.step.step.kind != step.step.kind:
            known = None
        match step.step.kind:
            case "agent":
                return self._agent(question, known)
            case "workflow":
                return self._workflow(question, known)
            case "act":
                return self._act(question, known)
            case "approval":
                return self._taken(question, known, "It would ask a person, and nobody has answered.")
            case "http":
                return self._taken(question, known, "It would send a request that was not sent then.")
        if known is not None and known.asked == question.asked:
            return known.answer
        return Answer("untold", why="It was not asked then, or was asked otherwise.")

    def _agent(self, question: Question, known: Known | None) -> Answer:
        key = _agent_of(question.step)
        same = [known] if known is not None and _agent_of(known.step) == key else []
        alike = [
            each for each in [*same, *self._by_input.get((key, question.attempt), [])] if each.asked == question.asked
        ]
        for each in alike:
            if self._is_current(each):
                self.taken += [each.ref] if each.ref is not None else []
                return each.answer
        self._doubtful.add(question.step.name)
        answer = self.ask(question)
        if alike and answer.why == _SOMETHING_ELSE:
            answer = replace(answer, why=_OTHERWISE)
        took = known.answer.after if known is not None else answer.after
        return replace(answer, after=took) if answer.source == RECOMPUTED else answer

    def _workflow(self, question: Question, known: Known | None) -> Answer:
        assert isinstance(question.step.step, SubWorkflow)  # noqa: S101  # by its kind
        if known is None or called(known.step) != called(question.step):
            return Answer("untold", why=f"The workflow {called(question.step)} was not started then.")
        if known.asked != question.asked:
            return Answer("untold", why=f"The workflow {called(question.step)} would be given other inputs.")
        return known.answer if self._is_current(known) else self.inside(question, known)

    def _act(self, question: Question, known: Known | None) -> Answer:
        assert isinstance(question.step.step, Act)  # noqa: S101  # by its kind
        if known is None or known.asked != question.asked or question.step.step.of in self._doubtful:
            return Answer("untold", why="It would do what was not done then.")
        return known.answer

    def _taken(self, question: Question, known: Known | None, why: str) -> Answer:
        """What a person or a system answered to this very step, be it to other words."""
        if known is None:
            return Answer("untold", why=why)
        answer = known.answer
        return answer if known.asked == question.asked or answer.source != LEDGER else replace(answer, source=ASSUMED)

    def _is_current(self, known: Known) -> bool:
        return known.ref is None or self.current.get(known.ref, False)


def _agent_of(step: PlanStep) -> str:
    return step.step.agent if isinstance(step.step, AgentStep) else ""


def called(step: PlanStep) -> str:
    """The workflow that a step starts, by name."""
    return step.step.workflow if isinstance(step.step, SubWorkflow) else ""


def nobody(question: Question) -> Answer:
    """Of agents that are not asked anew."""
    return Answer("untold", why=_SOMETHING_ELSE)

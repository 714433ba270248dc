"""Agents asked for the sake of a look: the answer is used, and nothing else of it stays.

No run of the agent is stored, so that nobody is asked to review a decision, nothing is proposed to anybody, and no
figure of the agent counts it. What models cost is charged to whom it is done for, under the key of the look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import Sum
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import configurations, endings
from apps.agents.asking import asks, tools_check
from apps.agents.contract import RunCancelled, RunContext
from apps.agents.finding import AnyAgent, agent_of, is_here
from apps.agents.inputs import finder, input_parse, loader
from apps.agents.permissions import AGENTS_RUN
from apps.agents.records import canonical
from apps.ai.failures import ModelStopped
from apps.ai.models import ModelCall
from apps.ai.training.selectors import parameters_of, promoted_of
from apps.common.errors import NotFound, Problem
from apps.common.permissions import Principal, demand
from apps.tenants.sealing import KeysUnavailable
from apps.workflows.definition import Definition
from apps.workflows.engine.advance import problem
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.performers import Outcome
from apps.workflows.replaying.simulating import Question

logger = logging.getLogger(__name__)


class Halted(Exception):
    """The work that asks was told to stop while an agent was at work."""


@dataclass
class Asking:
    """Asks agents in the name of `user`, whose rights their tools have. `kind` and `subject`: what it is done for."""

    user: User | None
    kind: str
    subject: UUID
    is_demo: bool = False
    stopping: Callable[[], bool] = lambda: False
    kept: dict[bytes, Outcome] = field(default_factory=dict)
    """What was answered before: the same question is asked once."""

    def ask(self, question: Question) -> Outcome:
        """What an agent gives to what a step asks it; by the clock of the question.

        Raises `Halted`, and what the database raises when it goes away.
        """
        step = question.step.step
        assert isinstance(step, AgentStep)  # noqa: S101  # who asks looked at its kind
        named = canonical([step.agent, question.asked])
        if named not in self.kept:
            self.kept[named] = self._ask(step.agent, question.asked, question.at)
        return self.kept[named]

    def spent(self) -> Decimal:
        """What models have cost for it so far."""
        calls = ModelCall.objects.filter(subject_kind=self.kind, subject=self.subject)
        return calls.aggregate(spent=Sum("money"))["spent"] or Decimal(0)

    def _ask(self, key: str, given: Any, at: datetime) -> Outcome:
        agent = agent_of(key)
        if agent is None or not is_here(agent):
            return _refused(NotFound(f"There is no agent {key!r} here."))
        try:
            return Outcome(output=self._output(agent, given, at))
        except (RunCancelled, ModelStopped) as stopped:
            raise Halted from stopped
        except (OperationalError, InterfaceError, KeysUnavailable):
            raise
        except Problem as refused:
            return _refused(refused)
        except Exception:  # whatever else it is, it is of the agent's making
            logger.exception("agent failed", extra={"agent": key})
            return Outcome(problem=problem("agent_failed", "The agent met an error of its own."))

    def _output(self, agent: AnyAgent, given: Any, at: datetime) -> Any:
        configuration = configurations.newest(agent.key)
        settings = configurations.settings_of(agent, configuration.pk if configuration else None).settings
        context = RunContext(
            now=at,
            load=loader(finder(None)),
            stopping=self.stopping,
            trained=parameters_of(promoted_of(agent.trained)),
            **asks(
                agent,
                user=lambda: self.user,
                user_id=self.user.pk if self.user else None,
                subject_kind=self.kind,
                subject=self.subject,
                now=at,
                origin="replay",
                stopping=self.stopping,
                is_demo=self.is_demo,
                since=timezone.now(),
            ),
        )
        report = agent.output_type.model_validate(agent.run(input_parse(agent=agent, data=given), settings, context))
        decisions = agent.decide(report, settings)
        return endings.given(report.model_dump(mode="json"), decisions[0].verdict if decisions else "")


def agents_check(*, who: Principal, user: User | None, definition: Definition) -> None:
    """Raise `PermissionDenied` for one who may not have the agents of a definition asked."""
    keys = dict.fromkeys(step.agent for step in definition.steps.values() if isinstance(step, AgentStep))
    if keys:
        demand(who, AGENTS_RUN)
    for key in keys:
        agent = agent_of(key)
        if agent is not None and is_here(agent):
            configurations.runner_check(agent=agent, user=user, configuration=configurations.newest(key))
            tools_check(agent, user=user, who=who)


def _refused(told: Problem) -> Outcome:
    final = told.code in {"invalid_input", "agent_gone", "not_found"}
    return Outcome(problem={**problem(told.code, told.detail), "remedy": told.remedy}, final=final)

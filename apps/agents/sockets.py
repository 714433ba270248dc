"""Live runs at `/ws/`, the same for the console and for integrators.

The first messages are the state: of the run, or of every run that is open. Then each change comes as an event, as
`apps.agents.live` describes it. What happens between a state and the first event is in the state: the topics are
listened to before it is read.
"""

from __future__ import annotations

from typing import Any

from django.urls import path

from apps.agents import live, selectors
from apps.agents.evaluations import live as evaluations_live
from apps.agents.evaluations import services as evaluations
from apps.agents.models import AgentEvaluation, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.agents.talk import live as talk_live
from apps.agents.talk import selectors as talk
from apps.gateway.sockets import TenantConsumer


class RunsSocket(TenantConsumer):
    """Every run of the tenant."""

    permission = RUNS_VIEW

    def topics(self) -> list[str]:
        return [live.ALL_RUNS]

    def snapshot(self) -> list[dict[str, Any]]:
        return [live.event(run) for run in selectors.runs_open(who=self.who)]


class RunSocket(TenantConsumer):
    """One run. It is refused where there is none of this id in the tenant."""

    permission = RUNS_VIEW

    def topics(self) -> list[str]:
        return [live.topic(self._run().pk)]

    def snapshot(self) -> list[dict[str, Any]]:
        return [live.event(self._run())]

    def _run(self) -> AgentRun:
        return selectors.run_get(who=self.who, id=self.scope["url_route"]["kwargs"]["id"])


class EvaluationSocket(TenantConsumer):
    """One evaluation of an agent. It is refused where there is none of this id in the tenant."""

    permission = RUNS_VIEW

    def topics(self) -> list[str]:
        return [evaluations_live.topic(self._evaluation().pk)]

    def snapshot(self) -> list[dict[str, Any]]:
        return [evaluations_live.event(self._evaluation())]

    def _evaluation(self) -> AgentEvaluation:
        return evaluations.evaluation_by_id(who=self.who, id=self.scope["url_route"]["kwargs"]["id"])


class MessagesSocket(TenantConsumer):
    """The messages about one run. It is refused where there is no run of this id in the tenant."""

    permission = RUNS_VIEW

    def topics(self) -> list[str]:
        return [talk_live.topic(self._run().pk)]

    def snapshot(self) -> list[dict[str, Any]]:
        return [talk_live.state(message) for message in talk.messages_query(who=self.who, run=self._run())]

    def _run(self) -> AgentRun:
        return selectors.run_get(who=self.who, id=self.scope["url_route"]["kwargs"]["id"])


urlpatterns = [
    path("ws/runs/", RunsSocket.as_asgi()),
    path("ws/runs/<uuid:id>/", RunSocket.as_asgi()),
    path("ws/runs/<uuid:id>/messages/", MessagesSocket.as_asgi()),
    path("ws/evaluations/<uuid:id>/", EvaluationSocket.as_asgi()),
]

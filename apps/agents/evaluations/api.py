"""Evaluations of agents over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import selectors
from apps.agents.api import KEY
from apps.agents.evaluations import services
from apps.agents.evaluations.judging import Result
from apps.agents.models import AgentEvaluation
from apps.agents.permissions import AGENTS_RUN, RUNS_VIEW
from apps.agents.schemas import RunProblem
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.gateway.pagination import PAGE_PARAMETERS, Page

_RESULT: dict[str, Any] = {
    "name": "a steady rise goes on",
    "own": False,
    "passed": True,
    "score": 1.0,
    "verdict": "",
    "facts": [
        {
            "text": "output.series[0].next[0] between [275, 290]",
            "holds": True,
            "must": True,
            "weight": 1.0,
            "found": "281.638",
            "note": "",
        }
    ],
    "scores": {"MASE": 1.95},
    "problem": "",
    "seconds": 0.03,
    "note": "Five more each month, 275 in the last one.",
}
_OUT: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "agent": "example.outlier_finder",
    "agent_version": "1.0",
    "settings_version": 2,
    "is_draft": False,
    "status": "ended",
    "total": 9,
    "done": 9,
    "passed": 9,
    "problem": None,
    "started_by": "builder@acme.example",
    "created_at": "2026-11-25T16:40:00Z",
    "finished_at": "2026-11-25T16:40:09Z",
}
_WANTED: dict[str, Any] = {"settings": {}}


class EvaluationOut(BaseModel):
    """An agent's version with its settings, held against its cases."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    id: UUID
    agent: str
    agent_version: str
    settings_version: int = Field(description="Number of the version of its settings; 0: the agent's own, or a draft.")
    is_draft: bool = Field(description="Whether it is of settings that nobody has saved.")
    status: Literal["queued", "running", "ended", "failed"]
    total: int = Field(description="Cases: those that ship with the product, and your own.")
    done: int
    passed: int
    problem: RunProblem | None = Field(description="Why it was broken off; null otherwise.")
    started_by: str | None = Field(description="Address of the member.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: AgentEvaluation) -> EvaluationOut:
        return cls.model_validate(cls._fields(row, services.outcome_of(row)))

    @staticmethod
    def _fields(row: AgentEvaluation, outcome: services.Outcome) -> dict[str, Any]:
        same = ("id", "agent_version", "status", "total", "done", "passed", "problem", "created_at", "finished_at")
        return {
            **{name: getattr(row, name) for name in same},
            "agent": row.agent_key,
            "settings_version": outcome.number,
            "is_draft": outcome.is_draft,
            "started_by": row.created_by.email if row.created_by else None,
        }


class EvaluationDetail(EvaluationOut):
    model_config = ConfigDict(json_schema_extra={"examples": [{**_OUT, "results": [_RESULT]}]})

    results: list[Result] = Field(description="Of each case that it has come to.")

    @classmethod
    def of_row(cls, row: AgentEvaluation) -> Self:
        outcome = services.outcome_of(row)
        return cls.model_validate({**cls._fields(row, outcome), "results": outcome.results})


class EvaluationStart(StrictModel):
    """What is to be evaluated: the settings that hold, unless one of the two says otherwise."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WANTED]})

    version: int | None = Field(
        default=None, ge=0, le=2_147_483_647, description="Of its settings; 0: the agent's own, null: what holds now."
    )
    settings: dict[str, Any] | None = Field(
        default=None, description="A draft: settings that differ from the agent's own. It goes before `version`."
    )


class Evaluations(ApiView):
    permission = {"GET": RUNS_VIEW, "POST": AGENTS_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="evaluations_list",
        tags=["agents"],
        parameters=[KEY, *PAGE_PARAMETERS],
        responses={200: Page[EvaluationOut]},
    )
    def get(self, request: Request, key: str) -> Response:
        """The evaluations of an agent, without their results, newest first."""
        agent = selectors.agent_get(who=self.who, key=key)
        return self.page(services.evaluations_query(who=self.who, agent=agent), EvaluationOut.of)

    @extend_schema(
        operation_id="evaluation_start",
        tags=["agents"],
        parameters=[KEY, location("the evaluation", 202)],
        request=EvaluationStart,
        responses={202: OpenApiResponse(EvaluationOut, description="Accepted: its cases are judged one by one.")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Hold an agent against its cases: those that ship with the product, and your own.

        409 while another evaluation of it is under way, or where it has no cases.
        """
        agent, wanted = selectors.agent_get(who=self.who, key=key), self.body(EvaluationStart)
        made = services.evaluation_start(
            who=self.who, user=self.who.user, agent=agent, number=wanted.version, draft=wanted.settings
        )
        return self.answer(EvaluationOut.of(made), 202, Location=reverse("agents_api:evaluation", args=[key, made.pk]))


class EvaluationOne(ApiView):
    permission = {"GET": RUNS_VIEW}

    @extend_schema(operation_id="evaluation_get", tags=["agents"], parameters=[KEY], responses={200: EvaluationDetail})
    def get(self, request: Request, key: str, evaluation: UUID) -> Response:
        """One evaluation with the result of each case. Compare two by the names of their cases."""
        agent = selectors.agent_get(who=self.who, key=key)
        row = services.evaluation_get(who=self.who, agent=agent, id=evaluation)
        return self.answer(EvaluationDetail.of_row(row))


class EvaluationStop(ApiView):
    permission = {"POST": AGENTS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="evaluation_stop",
        tags=["agents"],
        parameters=[KEY],
        request=None,
        responses={202: OpenApiResponse(EvaluationOut, description="Stopped, or to be when its agent next looks.")},
    )
    def post(self, request: Request, key: str, evaluation: UUID) -> Response:
        """Stop an evaluation. What it has come to is kept. 409 when it has ended."""
        agent = selectors.agent_get(who=self.who, key=key)
        row = services.evaluation_get(who=self.who, agent=agent, id=evaluation)
        return self.answer(EvaluationOut.of(services.evaluation_stop(who=self.who, evaluation=row)), 202)

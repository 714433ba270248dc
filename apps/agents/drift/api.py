"""The drift watch of an agent over the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, Self

from django.db import transaction
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import selectors
from apps.agents.api import KEY
from apps.agents.drift import watching
from apps.agents.drift.detection import Judgement, Kind, Window
from apps.agents.models import AgentWatch
from apps.agents.permissions import AGENTS_CONFIGURE, RUNS_VIEW
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView

_COUNTS: dict[str, Any] = {
    "since": "2026-11-01T08:00:00Z",
    "until": "2026-11-10T17:30:00Z",
    "count": 300,
    "verdicts": {"pass": 270, "hold": 30},
    "mean_score": 0.21,
    "overridden": 4,
}
_WINDOW: dict[str, Any] = {
    **_COUNTS,
    "since": "2026-11-10T17:31:00Z",
    "until": "2026-11-13T09:10:00Z",
    "count": 100,
    "verdicts": {"pass": 70, "hold": 30},
    "mean_score": 0.24,
    "overridden": 2,
    "stability_index": 0.29,
    "tests": [
        {"of": "verdicts", "p": 0.00001, "alarms": True},
        {"of": "score", "p": 0.31, "alarms": False},
        {"of": "overrides", "p": 0.45, "alarms": False},
    ],
}
_OUT: dict[str, Any] = {
    "agent": "example.outlier_finder",
    "falls_back": True,
    "drifting_since": "2026-11-13T09:10:00Z",
    "looked_at": "2026-11-13T10:00:00Z",
    "baseline_of": "first",
    "baseline_version": "1.0",
    "baseline": _COUNTS,
    "windows": [_WINDOW],
    "waiting": 12,
}


class CountsOut(BaseModel):
    """Decisions that were made one after the other, in counts."""

    since: datetime
    until: datetime
    count: int
    verdicts: dict[str, int]
    mean_score: float | None
    overridden: int

    @staticmethod
    def fields(window: Window) -> dict[str, Any]:
        same = ("since", "until", "count", "verdicts", "overridden")
        return {**{name: getattr(window, name) for name in same}, "mean_score": window.mean}


class TestOut(BaseModel):
    """A test of a window against the baseline."""

    of: Kind
    p: float | None = Field(description="Null where there was too little to compare.")
    alarms: bool


class WindowOut(CountsOut):
    stability_index: float = Field(description="Population stability index of the verdicts.")
    tests: list[TestOut]

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        tests = [{"of": test.kind, "p": test.p, "alarms": test.alarms} for test in judgement.tests]
        more = {"stability_index": judgement.stability, "tests": tests}
        return cls.model_validate({**cls.fields(judgement.window), **more})


class WatchOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    agent: str
    falls_back: bool = Field(description="Whether each new decision waits for a person while the agent drifts.")
    drifting_since: datetime | None = Field(description="Null: it decides as it did, as far as is known.")
    looked_at: datetime | None = Field(description="The last look; there is one every hour.")
    baseline_of: Literal["first", "latest", "period"] | None = Field(
        description="Null while the first decisions of the version are gathered."
    )
    baseline_version: str | None
    baseline: CountsOut | None
    windows: list[WindowOut] = Field(description="The last whole windows of 100 decisions, oldest first.")
    waiting: int = Field(description="Decisions since the last whole window; without a baseline, those that make it.")

    @classmethod
    def of(cls, watch: AgentWatch) -> Self:
        baseline, finding = watching.baseline_of(watch), watching.finding_of(watch)
        return cls(
            agent=watch.agent_key,
            falls_back=watch.falls_back,
            drifting_since=watch.drifting_since,
            looked_at=watch.looked_at,
            baseline_of=baseline.how if baseline else None,
            baseline_version=baseline.version if baseline else None,
            baseline=CountsOut.model_validate(CountsOut.fields(baseline)) if baseline else None,
            windows=[WindowOut.of(each) for each in finding.windows],
            waiting=finding.waiting,
        )


class WatchWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"falls_back": True, "baseline": "first"}]})

    falls_back: bool = Field(default=False, description="Have each new decision wait for a person while it drifts.")
    baseline: Literal["first", "latest", "period"] | None = Field(
        default=None,
        description="What it is held against: the first 300 decisions of each version, the latest 300 (at least 100) "
        "until now, or those of a period. Null: as before. What is chosen anew begins afresh, without drift.",
    )
    since: date | None = Field(default=None, description="First day of the period.")
    until: date | None = Field(default=None, description="Last day of the period.")


class DriftWatch(ApiView):
    permission = {"GET": RUNS_VIEW, "PUT": AGENTS_CONFIGURE, "DELETE": AGENTS_CONFIGURE}
    problems = {"PUT": [Conflict]}

    @extend_schema(operation_id="watch_get", tags=["agents"], parameters=[KEY], responses={200: WatchOut})
    def get(self, request: Request, key: str) -> Response:
        """How the decisions of an agent are watched for drift, and what was found. 404 where nobody watches it."""
        agent = selectors.agent_get(who=self.who, key=key)
        return self.answer(WatchOut.of(watching.watch_required(who=self.who, agent=agent)))

    @extend_schema(
        operation_id="watch_set", tags=["agents"], parameters=[KEY], request=WatchWanted, responses={200: WatchOut}
    )
    def put(self, request: Request, key: str) -> Response:
        """Watch an agent from now on, or watch it otherwise. It is looked at at once, and then every hour."""
        agent, wanted = selectors.agent_get(who=self.who, key=key), self.body(WatchWanted)
        with transaction.atomic():
            held = watching.watch_get(who=self.who, agent=agent)
            if held is not None:
                self.require_match(WatchOut.of(held))
            watch = watching.watch_set(
                who=self.who,
                user=self.who.user,
                agent=agent,
                falls_back=wanted.falls_back,
                how=wanted.baseline,
                since=wanted.since,
                until=wanted.until,
            )
        return self.answer(WatchOut.of(watch))

    @extend_schema(
        operation_id="watch_end",
        tags=["agents"],
        parameters=[KEY],
        responses={204: None},
    )
    def delete(self, request: Request, key: str) -> Response:
        """Watch an agent no longer. Decisions that wait for a person go on waiting."""
        agent = selectors.agent_get(who=self.who, key=key)
        with transaction.atomic():
            self.require_match(WatchOut.of(watching.watch_required(who=self.who, agent=agent)))
            watching.watch_end(who=self.who, agent=agent)
        return Response(status=204)

"""Models that are trained here, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.models import TrainedModel
from apps.ai.permissions import MODELS_VIEW, TRAINING_RUN
from apps.ai.training import selectors, services
from apps.ai.training.contract import Gain, Metric
from apps.ai.training.selectors import AnyTrainable
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.gateway.pagination import PAGE_PARAMETERS, Page

KIND = OpenApiParameter(
    "kind",
    {"type": "string", "examples": ["example.weights"]},
    OpenApiParameter.PATH,
    description="Of what is trained.",
)
_TRAINABLE: dict[str, Any] = {
    "key": "example.weights",
    "title": "Weights of models",
    "version": "1.0",
    "agent": "example.estimator",
    "summary": "Which models are right for your items on average.",
    "data": "A table of demand.",
    "intended_use": "Steadies estimates where there is little history.",
    "limits": ["It is learned from one table."],
    "source": "Bates and Granger (1969).",
    "in_use": 3,
}
_OUT: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "key": "example.weights",
    "key_version": "1.0",
    "number": 3,
    "status": "trained",
    "done": 1,
    "total": 1,
    "in_use": True,
    "source": "weekly sales.csv",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "note": "",
    "problem": None,
    "started_by": "builder@acme.example",
    "promoted_by": "builder@acme.example",
    "promoted_at": "2026-11-25T16:45:00Z",
    "created_at": "2026-11-25T16:40:00Z",
    "finished_at": "2026-11-25T16:41:09Z",
}
_JUDGED: dict[str, Any] = {
    "options": {"horizon": 13},
    "metrics": [
        {"name": "Error", "unit": "", "better": "lower", "value": 0.977, "without": 0.995, "current": None, "note": ""}
    ],
    "gain": {"mean": 1.8, "low": 0.2, "high": 3.4, "cases": 359, "unit": " %"},
    "notes": [],
    "parameters": {"groups": {"seasonal": {"weights": {"Level": 1.0}, "share": 0.4, "series": 294}}},
}
_WANTED: dict[str, Any] = {"dataset": "0192f3a4-b5c6-7d8e-9f00-112233445566", "options": {}}


class TrainableOut(BaseModel):
    """What can be trained here, and the version that is in use."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TRAINABLE]})

    key: str
    title: str
    version: str = Field(description="Of its parameters and of how it is trained.")
    agent: str = Field(description="Key of the agent that uses the version in use.")
    summary: str
    data: str = Field(description="Which table it is trained on.")
    intended_use: str
    limits: list[str]
    source: str = Field(description="The literature that it follows.")
    in_use: int | None = Field(description="Number of the version in use; null: none is.")

    @classmethod
    def of(cls, trainable: AnyTrainable, in_use: dict[str, int]) -> Self:
        same = ("key", "title", "version", "summary", "data", "intended_use", "limits", "source")
        values = {name: getattr(trainable, name) for name in same}
        return cls(**values, agent=trainable.agent_key, in_use=in_use.get(trainable.key))


class Trainables(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_TRAINABLE]}]})

    items: list[TrainableOut]


class TrainingProblem(BaseModel):
    code: str
    title: str
    detail: str
    remedy: str


class TrainedOut(BaseModel):
    """A version of a model that is trained here."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    id: UUID
    key: str
    key_version: str = Field(description="Version of what is trained: one of another version is not used.")
    number: int = Field(description="From 1 for each key.")
    status: Literal["queued", "training", "trained", "failed", "cancelled"]
    done: int
    total: int
    in_use: bool
    source: str = Field(description="Name of the dataset.")
    sha256: str = Field(description="Of the file that it was trained on, in hexadecimal.")
    note: str
    problem: TrainingProblem | None = Field(description="Why it failed; null otherwise.")
    started_by: str | None = Field(description="Address of the member.")
    promoted_by: str | None = Field(description="Address of the member who took it into use last.")
    promoted_at: datetime | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: TrainedModel) -> TrainedOut:
        return cls.model_validate(cls._fields(row))

    @staticmethod
    def _fields(row: TrainedModel) -> dict[str, Any]:
        same = ("id", "number", "status", "done", "total", "source", "note", "problem")
        times = ("promoted_at", "created_at", "finished_at")
        return {
            **{name: getattr(row, name) for name in (*same, *times)},
            "key": row.kind,
            "key_version": row.kind_version,
            "in_use": row.is_promoted,
            "sha256": row.fingerprint,
            "started_by": row.created_by.email if row.created_by else None,
            "promoted_by": row.promoted_by.email if row.promoted_by else None,
        }


class TrainedDetail(TrainedOut):
    model_config = ConfigDict(json_schema_extra={"examples": [{**_OUT, **_JUDGED}]})

    options: dict[str, Any]
    metrics: list[Metric] = Field(description="On data that it did not see; empty until it is trained.")
    gain: Gain | None = Field(description="How much better it is than none, with its 99 % interval.")
    notes: list[str]
    parameters: dict[str, Any] | None = Field(description="What was learned: plain numbers and names.")

    @classmethod
    def of_row(cls, row: TrainedModel) -> Self:
        judged = selectors.judged_of(row)
        told: dict[str, Any] = judged.model_dump() if judged else {"metrics": [], "gain": None, "notes": []}
        options = services.TrainingInput.model_validate(row.input).options
        return cls.model_validate({**cls._fields(row), **told, "options": options, "parameters": row.parameters})


class TrainingStart(StrictModel):
    """What a version is trained on."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WANTED]})

    dataset: UUID = Field(description="Id of an uploaded dataset.")
    options: dict[str, Any] = Field(default_factory=dict, description="As what is trained takes them.")
    note: str = Field(default="", max_length=200, description="What it is for, in a sentence.")


class Promotion(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": ""}]})

    reason: str = Field(
        default="", max_length=150, description="Why it is to be used, where its gain may be chance. Kept with it."
    )


class TrainableList(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="trainables_list", tags=["models"], responses={200: Trainables})
    def get(self, request: Request) -> Response:
        """What can be trained in the industries of the tenant, with the version that is in use."""
        trainables = selectors.trainables_list(who=self.who)
        in_use = selectors.versions_of(selectors.promoted_of([each.key for each in trainables]))
        return self.answer(Trainables(items=[TrainableOut.of(each, in_use) for each in trainables]))


class TrainedList(ApiView):
    permission = {"GET": MODELS_VIEW, "POST": TRAINING_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="trained_list",
        tags=["models"],
        parameters=[KIND, *PAGE_PARAMETERS],
        responses={200: Page[TrainedOut]},
    )
    def get(self, request: Request, kind: str) -> Response:
        """The versions that were trained, newest first."""
        trainable = selectors.trainable_get(who=self.who, key=kind)
        return self.page(selectors.trained_query(who=self.who, key=trainable.key), TrainedOut.of)

    @extend_schema(
        operation_id="training_start",
        tags=["models"],
        parameters=[KIND, location("the version", 202)],
        request=TrainingStart,
        responses={202: OpenApiResponse(TrainedOut, description="Accepted: it is trained in the background.")},
    )
    def post(self, request: Request, kind: str) -> Response:
        """Train the next version on a dataset, and judge it on what had no part in it. 409 while another is trained."""
        trainable, wanted = selectors.trainable_get(who=self.who, key=kind), self.body(TrainingStart)
        row = services.training_start(
            who=self.who, user=self.who.user, trainable=trainable,
            dataset=wanted.dataset, options=wanted.options, note=wanted.note,
        )  # fmt: skip
        return self.answer(TrainedOut.of(row), 202, Location=reverse("ai_api:trained", args=[kind, row.pk]))


class TrainedOne(ApiView):
    permission = {"GET": MODELS_VIEW, "DELETE": TRAINING_RUN}
    problems = {"DELETE": [Conflict]}

    @extend_schema(operation_id="trained_get", tags=["models"], parameters=[KIND], responses={200: TrainedDetail})
    def get(self, request: Request, kind: str, trained: UUID) -> Response:
        """One version: how good it is, beside none and beside the one in use, and what was learned."""
        trainable = selectors.trainable_get(who=self.who, key=kind)
        return self.answer(TrainedDetail.of_row(selectors.trained_get(who=self.who, trainable=trainable, id=trained)))

    @extend_schema(operation_id="trained_delete", tags=["models"], parameters=[KIND], responses={204: None})
    def delete(self, request: Request, kind: str, trained: UUID) -> Response:
        """Delete a version. 409 for the one in use, and for one that is being trained."""
        trainable = selectors.trainable_get(who=self.who, key=kind)
        with transaction.atomic():
            row = selectors.trained_get(who=self.who, trainable=trainable, id=trained, lock=True)
            self.require_match(TrainedDetail.of_row(row))
            services.trained_delete(who=self.who, trainable=trainable, id=trained)
        return Response(status=204)


class TrainingStop(ApiView):
    permission = {"POST": TRAINING_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="training_stop",
        tags=["models"],
        parameters=[KIND],
        request=None,
        responses={202: OpenApiResponse(TrainedOut, description="Stopped, or to be when it next looks.")},
    )
    def post(self, request: Request, kind: str, trained: UUID) -> Response:
        """Stop a training. 409 when it has ended."""
        trainable = selectors.trainable_get(who=self.who, key=kind)
        row = selectors.trained_get(who=self.who, trainable=trainable, id=trained)
        return self.answer(TrainedOut.of(services.training_stop(who=self.who, row=row)), 202)


class TrainedPromote(ApiView):
    permission = {"POST": TRAINING_RUN}
    problems = {"POST": [Conflict, services.NotSurelyBetter]}

    @extend_schema(
        operation_id="trained_promote",
        tags=["models"],
        parameters=[KIND],
        request=Promotion,
        responses={200: TrainedOut},
    )
    def post(self, request: Request, kind: str, trained: UUID) -> Response:
        """Take a version into use, in place of the one that is; an earlier one again: that is a roll-back."""
        trainable, wanted = selectors.trainable_get(who=self.who, key=kind), self.body(Promotion)
        row = services.trained_promote(
            who=self.who, user=self.who.user, trainable=trainable, id=trained, reason=wanted.reason
        )
        return self.answer(TrainedOut.of(row))


class TrainedRetire(ApiView):
    permission = {"POST": TRAINING_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="trained_retire", tags=["models"], parameters=[KIND], request=None, responses={200: TrainableOut}
    )
    def post(self, request: Request, kind: str) -> Response:
        """Have no version in use: the agent works as it does without. 409 when none is."""
        trainable = selectors.trainable_get(who=self.who, key=kind)
        services.trained_retire(who=self.who, trainable=trainable)
        return self.answer(TrainableOut.of(trainable, {}))

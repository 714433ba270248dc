"""Moving open runs to the newest version."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.workflows import moving, selectors
from apps.workflows.api.runs import TAG, accepted
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.schemas.runs import MOST_CANCELLED, WorkflowRunOut
from apps.workflows.schemas.workflows import ID


class MoveOut(BaseModel):
    """What becomes of the steps of a run that is moved, by their titles."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"version": 4, "kept": ["Order"], "along": ["Ask"], "again": [], "refusal": ""}]
        }
    )

    version: int | None = Field(description="The newest version; null: nothing is published.")
    kept: list[str] = Field(description="Done, and not done again.")
    along: list[str] = Field(description="Open, and going on as they are: questions with their answers, and waits.")
    again: list[str] = Field(description="Begun again: other in the new version, or following from such a one.")
    refusal: str = Field(description="Why it cannot be moved now; empty: it can.")

    @classmethod
    def of(cls, move: moving.Move) -> MoveOut:
        number = move.version.number if move.version else None
        return cls(version=number, kept=move.kept, along=move.along, again=move.again, refusal=move.refusal)


class WorkflowRunsMove(StrictModel):
    """Open runs to move to the newest version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [ID]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_CANCELLED)


class WorkflowRunMoved(BaseModel):
    """What became of the wish to move a run."""

    id: UUID
    outcome: Literal["moved", "refused", "not_found"] = Field(
        description="`moved`: `run` goes on in its place. `refused`: it stays on its version, as `refusal` says."
    )
    run: WorkflowRunOut | None = Field(default=None, description="The new run; null where none goes on.")
    refusal: str = Field(default="", description="Why it was not moved.")


class WorkflowRunsMoved(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [{"id": ID, "outcome": "refused", "run": None, "refusal": "W-12 has already ended."}]}
            ]
        }
    )

    items: list[WorkflowRunMoved] = Field(description="In the order of `ids`.")


class WorkflowRunsMoving(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_runs_move", tags=[TAG], request=WorkflowRunsMove, responses={200: WorkflowRunsMoved}
    )
    def post(self, request: Request) -> Response:
        """Move open runs to the newest version of their workflows, each as by itself, and tell what became of each.

        Each counts as one that was started.
        """
        ids = list(dict.fromkeys(self.body(WorkflowRunsMove).ids))
        self.count_more(len(ids) - 1)
        runs = selectors.runs_by_id(who=self.who, ids=ids)
        outcomes = moving.runs_move(who=self.who, runs=runs.values())
        return self.answer(WorkflowRunsMoved(items=[_moved(id, outcomes.get(id)) for id in ids]))


def _moved(id: UUID, outcome: WorkflowRun | str | None) -> WorkflowRunMoved:
    if isinstance(outcome, WorkflowRun):
        return WorkflowRunMoved(id=id, outcome="moved", run=WorkflowRunOut.of(outcome))
    return WorkflowRunMoved(id=id, outcome="not_found" if outcome is None else "refused", refusal=outcome or "")


class WorkflowRunMove(ApiView):
    permission = {"GET": WORKFLOWS_RUN, "POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="workflow_run_move_preview", tags=[TAG], responses={200: MoveOut})
    def get(self, request: Request, id: UUID) -> Response:
        """What would become of a run that is moved to the newest version now. Nothing is changed."""
        run = selectors.run_get(who=self.who, id=id)
        return self.answer(MoveOut.of(moving.move_preview(who=self.who, run=run)))

    @extend_schema(
        operation_id="workflow_run_move",
        tags=[TAG],
        parameters=[location("the new run", 202)],
        request=None,
        responses={202: OpenApiResponse(WorkflowRunOut, description="It goes on, as a run of its own.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """End an open run where it stands, and let a new one on the newest version take it up.

        What the steps gave that are the same in both is kept. 409 with the reason where that is not possible, as where
        a call is under way; then nothing is changed.
        """
        run = selectors.run_get(who=self.who, id=id)
        return accepted(self, moving.run_move(who=self.who, run=run))

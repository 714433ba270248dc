"""Batches over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import auditing, selectors
from apps.agents.api import KEY, Csv
from apps.agents.batches import selectors as batches
from apps.agents.batches import services
from apps.agents.batches.plans import MOST_TOLD, plan_matched
from apps.agents.batches.schemas import (
    BatchDetail,
    BatchesQuery,
    BatchOut,
    BatchRetried,
    BatchRunOut,
    BatchRunsQuery,
    BatchStart,
)
from apps.agents.batches.sheets import batch_sheet
from apps.agents.downloads import download_note, sheet_download
from apps.agents.models import AgentBatch, AgentRun
from apps.agents.permissions import AGENTS_RUN, RUNS_CANCEL, RUNS_VIEW
from apps.common.errors import Conflict
from apps.datasets.selectors import dataset_get
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page


def _now(batch: AgentBatch) -> BatchOut:
    return BatchOut.of_standing(batch, batches.standing_of(batch))


class AgentBatches(ApiView):
    permission = {"POST": AGENTS_RUN}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="batch_start",
        tags=["batches"],
        parameters=[KEY, location("the batch", 202)],
        request=BatchStart,
        responses={202: OpenApiResponse(BatchOut, description="Accepted: its runs are started by and by.")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Start a run on each row of a dataset, or on each group of its rows: up to 10,000.

        Every row is looked at first. Where some cannot be used there is an issue for each place, with row and column,
        and nothing is started, unless `leave_out` says to start the others. It counts as one start; its runs take
        at most half of the starts of a minute, and give way to all others.
        """
        agent, wanted = selectors.agent_get(who=self.who, key=key), self.body(BatchStart)
        plan = wanted.plan()
        if wanted.columns is None and plan.by == "rows":
            plan = plan_matched(agent, plan, dataset_get(who=self.who, id=plan.dataset))
        batch = services.batch_start(
            agent=agent, plan=plan, user=self.who.user, who=self.who, origin="api", others=wanted.leave_out
        )
        return self.answer(_now(batch), 202, Location=reverse("agents_api:batch", args=[batch.pk]))


class Batches(ApiView):
    permission = {"GET": RUNS_VIEW}
    orders = ("created_at",)

    @extend_schema(
        operation_id="batches_list",
        tags=["batches"],
        parameters=[
            OpenApiParameter(
                "agent",
                {"type": "string", "examples": ["example.outlier_finder"], "maxLength": 100},
                description="Only batches of this agent.",
            ),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[BatchOut]},
    )
    def get(self, request: Request) -> Response:
        """The batches: newest first, or in the order asked for."""
        return self.page(batches.batches_query(who=self.who, **self.query(BatchesQuery).model_dump()), BatchOut.of)


class BatchOne(ApiView):
    permission = {"GET": RUNS_VIEW}

    @extend_schema(operation_id="batch_get", tags=["batches"], responses={200: BatchDetail})
    def get(self, request: Request, id: UUID) -> Response:
        """One batch: how far it is, and which rows were left out."""
        batch = batches.batch_get(who=self.who, id=id)
        refused = [each.model_dump() for each in batches.refused_of(batch)[:MOST_TOLD]]
        return self.answer(BatchDetail.of_standing(batch, batches.standing_of(batch), refused=refused))


class BatchRuns(ApiView):
    permission = {"GET": RUNS_VIEW}
    natural = "batch_row"

    @extend_schema(
        operation_id="batch_runs",
        tags=["batches"],
        parameters=[
            OpenApiParameter("status", str, enum=AgentRun.Status.values, description="Only runs in this state."),
            OpenApiParameter(
                "verdict",
                {"type": "string", "maxLength": 40, "examples": ["hold"]},
                description="Only runs whose verdict stands so.",
            ),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[BatchRunOut]},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """The runs of a batch in the order of its file, without their results."""
        batch, narrow = batches.batch_get(who=self.who, id=id), self.query(BatchRunsQuery)
        rows = batches.rows_query(who=self.who, batch=batch, narrow=batches.RowFilter(**narrow.model_dump()))
        return self.page(rows, BatchRunOut.of)


class BatchCancel(ApiView):
    permission = {"POST": RUNS_CANCEL}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="batch_cancel", tags=["batches"], request=None, responses={202: BatchOut})
    def post(self, request: Request, id: UUID) -> Response:
        """Start no further rows of a batch, and cancel its open runs. 409 when it has ended."""
        batch = services.batch_cancel(batch=batches.batch_get(who=self.who, id=id))
        return self.answer(_now(batch), 202)


class BatchRetry(ApiView):
    permission = {"POST": AGENTS_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(operation_id="batch_retry", tags=["batches"], request=None, responses={202: BatchRetried})
    def post(self, request: Request, id: UUID) -> Response:
        """Run the rows of a batch again that failed, as the agent is set up now. 409 while it is open."""
        batch = batches.batch_get(who=self.who, id=id)
        rows = services.batch_retry(batch=batch, user=self.who.user, who=self.who)
        return self.answer(BatchRetried(rows=rows), 202)


class BatchRowsCsv(ApiView):
    permission = {"GET": RUNS_VIEW}
    renderer_classes: Any = [Csv]

    @extend_schema(operation_id="batch_rows_csv", tags=["batches"], responses={(200, Csv.media_type): OpenApiTypes.STR})
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The file with what came of each row beside its own columns: CSV (RFC 4180) in UTF-8.

        Text that a spreadsheet program would run as a formula begins with an apostrophe.
        """
        batch = batches.batch_get(who=self.who, id=id)
        sheet = batch_sheet(who=self.who, batch=batch)
        subject = auditing.batch_subject(batch)
        download_note(who=self.who, subject=subject, what=f"the rows of {batch.ref}", form="csv")
        return sheet_download(sheet, "csv", name=f"{batch.ref}-rows")

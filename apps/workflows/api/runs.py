"""Runs of workflows: start them, wait for them, see what happened, stop them and take them up again."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.common.permissions import Principal
from apps.gateway import streams
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.authentication import BearerAuthentication, ConsoleSession, TicketAuthentication
from apps.gateway.limits import START
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page
from apps.gateway.principals import Caller
from apps.gateway.waiting import hold
from apps.workflows import bulk, live, selectors, services, undoing
from apps.workflows.api.workflows import NAME
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.schemas.runs import (
    LONGEST_WAIT,
    WorkflowRetry,
    WorkflowRunDetail,
    WorkflowRunOut,
    WorkflowRunQuery,
    WorkflowRunRetried,
    WorkflowRunsCancel,
    WorkflowRunsCancelled,
    WorkflowRunsQuery,
    WorkflowRunsRequeue,
    WorkflowRunsRequeued,
    WorkflowRunsRetried,
    WorkflowRunsRetry,
    WorkflowRunsStart,
    WorkflowRunsStarted,
    WorkflowRunStart,
    WorkflowStepOut,
)
from apps.workflows.store import plan_of

TAG = "workflow runs"
_STREAM = (
    "retry: 3000\n\n"
    "event: snapshot\nid: 2\n"
    'data: {"v":1,"seq":2,"run":"0192f3a4-b5c6-7d8e-9f00-112233445566","ref":"W-12","workflow":"top-up",'
    '"title":"Top up","status":"waiting","at":"2026-11-25T16:40:03Z"}\n\n'
)


class WorkflowStarts(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_run_start",
        tags=[TAG],
        parameters=[NAME, location("the run", 202)],
        request=WorkflowRunStart,
        responses={202: OpenApiResponse(WorkflowRunOut, description="Accepted: it ends, whatever process dies.")},
    )
    def post(self, request: Request, name: str) -> Response:
        """Start a run of the published version. Inputs that it does not take are refused, with an issue for each.

        409 where nothing is published, or where as many runs are at work as there may be.
        """
        wanted = self.body(WorkflowRunStart)
        workflow = selectors.workflow_get(who=self.who, name=name)
        run = services.run_start(who=self.who, user=self.who.user, workflow=workflow, data=wanted.inputs, origin="api")
        return accepted(self, run)


class WorkflowStartsBulk(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_runs_start",
        tags=[TAG],
        parameters=[NAME],
        request=WorkflowRunsStart,
        responses={202: OpenApiResponse(WorkflowRunsStarted, description="All accepted.")},
    )
    def post(self, request: Request, name: str) -> Response:
        """Start a run for each of many inputs: all of them, or none.

        Each counts as one that was started. Where inputs are refused, there is an issue for each place, by the number
        of its input (`inputs.3.needed`), and no run is started.
        """
        wanted = self.body(WorkflowRunsStart).inputs
        workflow = selectors.workflow_get(who=self.who, name=name)
        self.count_more(len(wanted) - 1)
        runs = services.runs_start(who=self.who, user=self.who.user, workflow=workflow, data=wanted, origin="api")
        return self.answer(WorkflowRunsStarted(items=[WorkflowRunOut.of(run) for run in runs]), 202)


class WorkflowRuns(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}
    orders = ("created_at",)

    @extend_schema(
        operation_id="workflow_runs_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "status",
                str,
                enum=["open", *WorkflowRun.Status.values],
                description="Only runs in this state; `open`: those that have not ended.",
            ),
            OpenApiParameter(
                "workflow",
                {"type": "string", "maxLength": 60, "examples": ["top-up"]},
                description="Only runs of the workflow of this name.",
            ),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[WorkflowRunOut]},
    )
    def get(self, request: Request) -> Response:
        """The runs, without what they were given and gave: newest first, or in the order asked for."""
        narrow = selectors.RunFilter(**self.query(WorkflowRunsQuery).model_dump())
        return self.page(selectors.runs_query(who=self.who, narrow=narrow), WorkflowRunOut.of)


class WorkflowRunsCancellation(ApiView):
    permission = {"POST": WORKFLOWS_RUN}

    @extend_schema(
        operation_id="workflow_runs_cancel",
        tags=[TAG],
        request=WorkflowRunsCancel,
        responses={200: WorkflowRunsCancelled},
    )
    def post(self, request: Request) -> Response:
        """Cancel runs, each as by itself, and tell what became of each."""
        ids = list(dict.fromkeys(self.body(WorkflowRunsCancel).ids))
        runs = selectors.runs_by_id(who=self.who, ids=ids).values()
        outcomes = services.runs_cancel(who=self.who, runs=runs)
        told = [{"id": id, "outcome": outcomes.get(id, "not_found")} for id in ids]
        return self.answer(WorkflowRunsCancelled.model_validate({"items": told}))


class WorkflowRunsRequeueing(ApiView):
    permission = {"POST": WORKFLOWS_RUN}

    @extend_schema(
        operation_id="workflow_runs_requeue",
        tags=[TAG],
        request=WorkflowRunsRequeue,
        responses={200: WorkflowRunsRequeued},
    )
    def post(self, request: Request) -> Response:
        """Let runs go on that were given up because their workers died, and tell what became of each."""
        ids = list(dict.fromkeys(self.body(WorkflowRunsRequeue).ids))
        runs = selectors.runs_by_id(who=self.who, ids=ids).values()
        outcomes = bulk.runs_requeue(who=self.who, runs=runs)
        told = [{"id": id, "outcome": outcomes.get(id, "not_found")} for id in ids]
        return self.answer(WorkflowRunsRequeued.model_validate({"items": told}))


class WorkflowRunsRetrying(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_runs_retry",
        tags=[TAG],
        request=WorkflowRunsRetry,
        responses={200: WorkflowRunsRetried},
    )
    def post(self, request: Request) -> Response:
        """Take up failed and cancelled runs, each where it stopped, by a run of its own; tell what became of each.

        What succeeded is kept, and not done again. Each counts as one that was started.
        """
        ids = list(dict.fromkeys(self.body(WorkflowRunsRetry).ids))
        self.count_more(len(ids) - 1)
        runs = selectors.runs_by_id(who=self.who, ids=ids)
        outcomes = bulk.runs_retry(who=self.who, user=self.who.user, runs=[runs[id] for id in ids if id in runs])
        return self.answer(WorkflowRunsRetried(items=[_retried(id, outcomes.get(id, "not_found")) for id in ids]))


class WorkflowRunOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_run_get",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "wait",
                {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
                description="Answer when the run has ended, or after so many seconds. An answer may come earlier with "
                "a run that is still open: look at `status`, and ask again.",
            )
        ],
        responses={200: WorkflowRunDetail},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """One run, with what it was given, what it gave, and why it failed."""
        wait = self.query(WorkflowRunQuery).wait
        run = selectors.run_get(who=self.who, id=id)
        if wait and run.is_open:
            run = waited(request, self.who, run, wait)
        return self.answer(WorkflowRunDetail.of(run))


class WorkflowRunSteps(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}
    natural = "seq"

    @extend_schema(
        operation_id="workflow_run_steps",
        tags=[TAG],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[WorkflowStepOut]},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """What happened to the steps of a run, in order: that one was opened, and how each try of it ended."""
        run = selectors.run_get(who=self.who, id=id)
        plan_of(run.version)  # the rows name their steps by it
        return self.page(selectors.ledger_query(who=self.who, run=run), WorkflowStepOut.of)


class WorkflowRunEvents(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}
    authentication_classes = [BearerAuthentication, TicketAuthentication, ConsoleSession]
    renderer_classes = [streams.EventStream]

    @extend_schema(
        operation_id="workflow_run_events",
        tags=[TAG],
        parameters=[streams.LAST_EVENT_ID_PARAMETER],
        responses={
            (200, streams.MEDIA_TYPE): OpenApiTypes.STR,
            204: OpenApiResponse(description="The run has ended, and its last event is the one that you have."),
        },
        examples=[OpenApiExample("A run that waits", _STREAM, media_type=streams.MEDIA_TYPE, response_only=True)],
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """How the state of a run changes, as it does: an event stream, as `EventSource` of browsers reads it.

        The first event, `snapshot`, is the state; then each change comes as `change`, and the one that ends the run as
        `end`. What its steps gave is read at the run's `steps`. A line that begins with a colon is a sign of life.
        """

        def read(who: Caller) -> streams.Event:
            live.watch(id)  # for as long as somebody listens, who has it read again and again
            return live.event(selectors.run_get(who=who, id=id))

        feed = streams.Feed(topic=live.topic(id), permission=WORKFLOWS_VIEW, read=read, is_last=live.is_end)
        return streams.stream(request, self.who, feed)


class WorkflowRunCancel(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_run_cancel",
        tags=[TAG],
        request=None,
        responses={202: OpenApiResponse(WorkflowRunOut, description="To be cancelled by whoever has it in hand.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Cancel a run, and what it has asked of others. What its steps did that name an undo is undone first.

        409 when it has ended, or that is under way already.
        """
        run = selectors.run_get(who=self.who, id=id)
        return self.answer(WorkflowRunOut.of(services.run_cancel(who=self.who, run=run)), 202)


class WorkflowRunUndoStop(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_run_undo_stop",
        tags=[TAG],
        request=None,
        responses={202: OpenApiResponse(WorkflowRunOut, description="To be stopped by whoever has it in hand.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Stop the undoing of a run before its end: what is not undone then remains to be undone by hand, as its
        problem tells. 409 where nothing of it is being undone.
        """
        run = selectors.run_get(who=self.who, id=id)
        return self.answer(WorkflowRunOut.of(undoing.run_undo_stop(who=self.who, run=run)), 202)


class WorkflowRunPause(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_run_pause",
        tags=[TAG],
        request=None,
        responses={202: OpenApiResponse(WorkflowRunOut, description="To be paused by whoever has it in hand.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Let no further step of a run begin; what it has asked of others goes on. 409 when it has ended."""
        run = selectors.run_get(who=self.who, id=id)
        return self.answer(WorkflowRunOut.of(services.run_pause(who=self.who, run=run)), 202)


class WorkflowRunResume(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_run_resume",
        tags=[TAG],
        request=None,
        responses={202: OpenApiResponse(WorkflowRunOut, description="It goes on.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Let a paused run go on. 409 when it has ended."""
        run = selectors.run_get(who=self.who, id=id)
        return self.answer(WorkflowRunOut.of(services.run_resume(who=self.who, run=run)), 202)


class WorkflowRunRetry(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_run_retry",
        tags=[TAG],
        parameters=[location("the new run", 202)],
        request=WorkflowRetry,
        responses={202: OpenApiResponse(WorkflowRunOut, description="Accepted, as a run of its own.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Start a run that takes up an ended one from a step. What other steps gave is kept, and not done again.

        409 while the run is open.
        """
        wanted = self.body(WorkflowRetry)
        run = selectors.run_get(who=self.who, id=id)
        again = services.run_retry(who=self.who, user=self.who.user, run=run, step=wanted.step, given=wanted.given)
        return accepted(self, again)


def waited(request: Request, who: Principal, run: WorkflowRun, seconds: float) -> WorkflowRun:
    """The run once it has ended, or after so many seconds, or earlier: see `hold`."""
    live.watch(run.id)
    hold(
        request._request,
        topic=live.topic(run.id),
        seconds=seconds,
        look=lambda: not selectors.run_is_open(who=who, id=run.id),
    )
    return selectors.run_get(who=who, id=run.id)


def _retried(id: UUID, outcome: WorkflowRun | Literal["open", "succeeded", "moved", "not_found"]) -> WorkflowRunRetried:
    if isinstance(outcome, WorkflowRun):
        return WorkflowRunRetried(id=id, outcome="started", run=WorkflowRunOut.of(outcome))
    return WorkflowRunRetried(id=id, outcome=outcome)


def accepted(view: ApiView, run: WorkflowRun) -> Response:
    """The answer to whoever started a run that goes on by itself."""
    return view.answer(WorkflowRunOut.of(run), 202, Location=reverse("workflows_api:run", args=[run.pk]))

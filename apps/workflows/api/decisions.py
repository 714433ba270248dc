"""What runs of workflows ask of people: decisions, and what became of calls."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.workflows import calls, selectors
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.models import HttpCall
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.schemas.decisions import (
    ApprovalOut,
    ApprovalsQuery,
    CallOut,
    CallSettlement,
    CallsQuery,
    Decision,
)
from apps.workflows.schemas.workflows import ID

TAG = "approvals"


class Approvals(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="approvals_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "status",
                {"type": "string", "enum": ["open", "decided", "withdrawn", "all"], "default": "open"},
                description="Only questions in this state: those that are open, unless another is named.",
            ),
            OpenApiParameter(
                "mine", {"type": "boolean", "default": False}, description="Only those that you may answer."
            ),
            OpenApiParameter(
                "run", {"type": "string", "format": "uuid", "examples": [ID]}, description="Only those of this run."
            ),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[ApprovalOut]},
    )
    def get(self, request: Request) -> Response:
        """The questions of runs to people: the open ones, newest first."""
        wanted = self.query(ApprovalsQuery)
        found = selectors.approvals_query(
            who=self.who,
            user=self.who.user,
            status="" if wanted.status == "all" else wanted.status,
            mine=wanted.mine,
            run=wanted.run,
        )
        return self.page(found, ApprovalOut.of)


class ApprovalOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="approval_get", tags=[TAG], responses={200: ApprovalOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One question, with its answer if there is one."""
        return self.answer(ApprovalOut.of(selectors.approval_get(who=self.who, id=id)))


class ApprovalDecision(ApiView):
    permission = {"POST": APPROVALS_DECIDE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="approval_decide",
        tags=[TAG],
        request=Decision,
        responses={200: OpenApiResponse(ApprovalOut, description="Decided: the run goes on with the answer.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Answer a question, for good. A no needs a comment.

        403 for who is not asked, and for the account of a program: people answer. 409 when it was answered, or nobody
        waits any more; it says who answered what.
        """
        wanted = self.body(Decision)
        approval = selectors.approval_get(who=self.who, id=id)
        approval_decide(
            who=self.who, user=self.who.user, approval=approval, approved=wanted.approved, comment=wanted.comment
        )
        return self.answer(ApprovalOut.of(selectors.approval_get(who=self.who, id=id)))


class Calls(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_calls_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("status", str, enum=HttpCall.Status.values, description="Only calls in this state."),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[CallOut]},
    )
    def get(self, request: Request) -> Response:
        """The requests of steps to other systems, newest first: `unknown` ones wait for a person to say."""
        return self.page(selectors.calls_query(who=self.who, status=self.query(CallsQuery).status), CallOut.of)


class CallOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="workflow_call_get", tags=[TAG], responses={200: CallOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One request of a step to another system."""
        return self.answer(CallOut.of(selectors.call_get(who=self.who, id=id)))


class CallSettle(ApiView):
    permission = {"POST": WORKFLOWS_RUN}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_call_settle",
        tags=[TAG],
        request=CallSettlement,
        responses={200: OpenApiResponse(CallOut, description="Settled: the run goes on, or the call is sent.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Say what became of a call whose outcome is not known. 409 where it is known."""
        wanted = self.body(CallSettlement)
        call = selectors.call_get(who=self.who, id=id)
        calls.call_settle(who=self.who, user=self.who.user, call=call, **wanted.model_dump())
        return self.answer(CallOut.of(selectors.call_get(who=self.who, id=id)))

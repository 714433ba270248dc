"""Calls of other systems, and what a person says became of them."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.workflows import calls, selectors
from apps.workflows.models import HttpCall
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.schemas.calls import CallOut, CallSettlement, CallsQuery

TAG = "approvals"


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

"""What runs do outside: calls of other systems, with what a person says became of them, and acts."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.api import ApiView
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page
from apps.workflows import calls, effects, selectors
from apps.workflows.models import HttpCall
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.schemas.calls import (
    ActOut,
    ActsQuery,
    ActStatus,
    CallOut,
    CallSettlement,
    CallsQuery,
    CallsSettled,
    CallsSettlement,
)
from apps.workflows.schemas.workflows import ID

TAG = "approvals"


def _of_runs(things: str) -> list[OpenApiParameter]:
    """What a list of things of runs may be narrowed by."""
    name = {"type": "string", "maxLength": 60, "examples": ["top-up"]}
    id = {"type": "string", "format": "uuid", "examples": [ID]}
    return [
        OpenApiParameter("workflow", name, description=f"Only {things} of runs of the workflow of this name."),
        OpenApiParameter("run", id, description=f"Only {things} of this run."),
    ]


class Calls(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_calls_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("status", str, enum=HttpCall.Status.values, description="Only calls in this state."),
            *_of_runs("calls"),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[CallOut]},
    )
    def get(self, request: Request) -> Response:
        """The requests of steps to other systems, newest first: `unknown` ones wait for a person to say."""
        found = selectors.calls_query(who=self.who, **self.query(CallsQuery).model_dump())
        return self.page(found.annotate(is_undo=selectors.undoes()), CallOut.of)


class Acts(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_acts_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("status", str, enum=get_args(ActStatus), description="Only acts in this state."),
            *_of_runs("acts"),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[ActOut]},
    )
    def get(self, request: Request) -> Response:
        """What steps have done of what agents proposed, newest first. With the calls they are the effects of runs."""
        return self.page(effects.acts_query(who=self.who, **self.query(ActsQuery).model_dump()), ActOut.of)


class CallsSettling(ApiView):
    permission = {"POST": WORKFLOWS_RUN}

    @extend_schema(
        operation_id="workflow_calls_settle", tags=[TAG], request=CallsSettlement, responses={200: CallsSettled}
    )
    def post(self, request: Request) -> Response:
        """Say the same of many calls whose outcome is not known, and tell what became of each.

        Those that were carried out give their steps no answer; one that has to is settled by itself.
        """
        wanted = self.body(CallsSettlement)
        ids = list(dict.fromkeys(wanted.ids))
        found = selectors.calls_query(who=self.who).filter(pk__in=ids)
        outcomes = calls.calls_settle(
            who=self.who, user=self.who.user, calls=list(found), happened=wanted.happened, note=wanted.note
        )
        told = [{"id": id, "outcome": outcomes.get(id, "not_found")} for id in ids]
        return self.answer(CallsSettled.model_validate({"items": told}))


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

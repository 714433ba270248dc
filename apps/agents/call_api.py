"""Calls of models for runs of agents, over the API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import selectors
from apps.ai.permissions import MODELS_VIEW
from apps.ai.traces.api import TAG, ModelCallOut, ModelCalls
from apps.ai.traces.selectors import calls_of
from apps.gateway.api import ApiView


class RunCalls(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="run_calls", tags=[TAG], responses={200: ModelCalls})
    def get(self, request: Request, id: UUID) -> Response:
        """The calls of models for a run: what each was for, and what it took. `GET /model-calls/{id}` has the texts."""
        run = selectors.run_get(who=self.who, id=id)
        calls = calls_of(who=self.who, subjects=[run.pk])
        return self.answer(ModelCalls(items=[ModelCallOut.of(each) for each in calls]))

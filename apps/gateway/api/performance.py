"""What a tenant may ask of the API, and how its requests and runs go."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from apps.gateway import performance
from apps.gateway.api.base import ApiView
from apps.gateway.counters import SPANS
from apps.gateway.permissions import PERFORMANCE_VIEW


class UsageNow(ApiView):
    permission = {"GET": PERFORMANCE_VIEW}

    @extend_schema(operation_id="usage_get", tags=["performance"], responses={200: performance.Usage})
    def get(self, request: Request) -> Response:
        """Your limits, and what is used of them now. The headers `RateLimit` of every answer say the same of theirs."""
        return self.answer(performance.usage_get(who=self.who))


class SpanQuery(BaseModel):
    span: performance.SpanKey = "1h"


class PerformanceNow(ApiView):
    permission = {"GET": PERFORMANCE_VIEW}

    @extend_schema(
        operation_id="performance_get",
        tags=["performance"],
        parameters=[
            OpenApiParameter(
                "span",
                str,
                enum=list(SPANS),
                default="1h",
                description="Two minutes by the second, an hour by the minute, or a day by the quarter of an hour.",
            )
        ],
        responses={200: performance.Performance},
    )
    def get(self, request: Request) -> Response:
        """Requests, runs and how long they took, until now; and how much work waits. A figure is a second late."""
        return self.answer(performance.performance_get(who=self.who, span=self.query(SpanQuery).span))

"""The catalogue of problems, for programs and to read."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict, NotFound, Problem, catalogue
from apps.gateway.api.base import ApiView
from apps.gateway.permissions import OPEN


def _told(kind: type[Problem]) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in ProblemKind.model_fields}


class ProblemKind(BaseModel):
    """What is always true of the problems of a code."""

    code: str = Field(description="Its stable name.")
    status: int = Field(description="Status of an answer that tells it.", ge=400, le=599)
    title: str = Field(description="What it means.")
    cause: str = Field(description="How it comes about.")
    effect: str = Field(description="What was and was not done.")
    remedy: str = Field(description="What to do next.")

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(examples=[_told(NotFound)]))


class ProblemKinds(BaseModel):
    items: list[ProblemKind]

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(examples=[{"items": [_told(Conflict), _told(NotFound)]}])
    )


class _CataloguePage(ApiView):
    """Open, and in two forms: JSON, and a page where a browser asks."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [JSONRenderer, TemplateHTMLRenderer]

    def show(self, item: BaseModel) -> Response:
        answer = self.answer(item)
        answer.template_name = "gateway/problems.html"
        return answer


class Problems(_CataloguePage):
    @extend_schema(
        operation_id="problems_list",
        tags=["problems"],
        responses={(200, "application/json"): ProblemKinds, (200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> Response:
        """Every problem that an answer or a run can tell, by its code."""
        return self.show(ProblemKinds(items=[ProblemKind(**_told(kind)) for kind in catalogue().values()]))


class ProblemOne(_CataloguePage):
    @extend_schema(
        operation_id="problem_get",
        tags=["problems"],
        parameters=[
            OpenApiParameter(
                "code",
                {"type": "string", "examples": ["not_found"]},
                OpenApiParameter.PATH,
                description="The stable name of a problem.",
            )
        ],
        responses={(200, "application/json"): ProblemKind, (200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request, code: str) -> Response:
        """One kind of problem: where the `type` of an error leads."""
        kind = catalogue().get(code)
        if kind is None:
            raise NotFound("There is no problem of this code.", remedy="See /api/problems/ for all of them.")
        return self.show(ProblemKind(**_told(kind)))

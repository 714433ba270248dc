"""The catalogue of problems, to read."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import NotFound
from apps.gateway import problems
from apps.gateway.api.base import ApiView
from apps.gateway.permissions import OPEN


class ProblemKind(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "not_found", "status": 404, "title": "There is nothing here that you may see"}]
        }
    )

    code: str
    status: int
    title: str


class ProblemKinds(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"code": "conflict", "status": 409, "title": "The thing is not in a state…"}]}]
        }
    )

    items: list[ProblemKind]


class Problems(ApiView):
    permission = {"GET": OPEN}
    authentication_classes = []

    @extend_schema(operation_id="problems_list", tags=["problems"], responses={200: ProblemKinds})
    def get(self, request: Request) -> Response:
        """Every problem that an answer can tell, by its code."""
        return self.answer(ProblemKinds(items=[_kind(code) for code in problems.catalogue()]))


class ProblemOne(ApiView):
    permission = {"GET": OPEN}
    authentication_classes = []

    @extend_schema(operation_id="problem_get", tags=["problems"], responses={200: ProblemKind})
    def get(self, request: Request, code: str) -> Response:
        """One kind of problem: where the `type` of an error leads."""
        if code not in problems.catalogue():
            raise NotFound("There is no problem of this code.", remedy="See /api/problems/ for all of them.")
        return self.answer(_kind(code))


def _kind(code: str) -> ProblemKind:
    kind = problems.catalogue()[code]
    return ProblemKind(code=code, status=kind.status, title=kind.title)

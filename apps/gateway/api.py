"""The base of every view of the API, and the gateway's own endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiExample, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common.errors import InvalidInput, NotFound
from apps.common.permissions import demand
from apps.gateway import problems, tokens
from apps.gateway.pagination import CursorPages
from apps.gateway.permissions import API_USE, OPEN, Declared
from apps.gateway.principals import Caller, caller_of
from apps.gateway.signin import password_verify

Schema = TypeVar("Schema", bound=BaseModel)
Row = TypeVar("Row", bound=Model)


class ApiView(APIView):
    """A view that answers only what it declares: `permission` names a code (or `OPEN`) for each method it has.

    Bodies and answers are pydantic models. An object that the caller may not see is a `NotFound`, never a refusal.
    """

    permission: ClassVar[Mapping[str, str]] = {}
    permission_classes: ClassVar[Any] = [Declared]

    @property
    def who(self) -> Caller:
        """The caller: what selectors and services take as `who`."""
        return caller_of(self.request.user, self.request.auth)

    def body(self, model: type[Schema]) -> Schema:
        """The request's body as `model`. Raises `InvalidInput` with an issue for each field that is wrong."""
        try:
            return model.model_validate(self.request.data)
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def query(self, model: type[Schema]) -> Schema:
        """The query string as `model`; the last of repeated names counts. Raises `InvalidInput`."""
        try:
            return model.model_validate(self.request.query_params.dict())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def answer(self, item: BaseModel, status: int = 200, **headers: str) -> Response:
        """Answer with one model. Underscores in the names of headers become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(item.model_dump(mode="json"), status=status, headers=named)

    def page(self, rows: QuerySet[Row], show: Callable[[Row], BaseModel]) -> Response:
        """Answer with the page of `rows` that the query string asks for, each row shown by `show`."""
        pages = CursorPages()
        found = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response([show(row).model_dump(mode="json") for row in found])


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254)
    password: str = Field(min_length=1, max_length=1000)


class Token(BaseModel):
    access_token: str = Field(description="A JWT: send it as `Authorization: Bearer <access_token>`.")
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until it expires.")


class Tokens(ApiView):
    permission: ClassVar = {"POST": OPEN}
    authentication_classes: ClassVar[Any] = []

    @extend_schema(
        operation_id="token_issue",
        tags=["tokens"],
        request=TokenRequest,
        responses={201: Token},
        examples=[
            OpenApiExample(
                "A member of this tenant",
                value={"email": "analyst@acme.example", "password": "orchestrall-demo"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Trade an address and a password for a token of this tenant, good for ten minutes.

        Ten wrong tries per account in a quarter of an hour are answered; then 429.
        """
        wanted = self.body(TokenRequest)
        user = password_verify(request=request._request, email=wanted.email, password=wanted.password)
        demand(user, API_USE)
        token = Token(access_token=tokens.token_issue(user=user), expires_in=int(tokens.LIFETIME.total_seconds()))
        return self.answer(token, 201, Cache_Control="no-store")


class ProblemKind(BaseModel):
    code: str
    status: int
    title: str


class ProblemKinds(BaseModel):
    items: list[ProblemKind]


class Problems(ApiView):
    permission: ClassVar = {"GET": OPEN}
    authentication_classes: ClassVar[Any] = []

    @extend_schema(operation_id="problems_list", tags=["problems"], responses={200: ProblemKinds})
    def get(self, request: Request) -> Response:
        """Every problem that an answer can tell, by its code."""
        return self.answer(ProblemKinds(items=[_kind(code) for code in problems.catalogue()]))


class ProblemOne(ApiView):
    permission: ClassVar = {"GET": OPEN}
    authentication_classes: ClassVar[Any] = []

    @extend_schema(operation_id="problem_get", tags=["problems"], responses={200: ProblemKind})
    def get(self, request: Request, code: str) -> Response:
        """One kind of problem: where the `type` of an error leads."""
        if code not in problems.catalogue():
            raise NotFound("There is no problem of this code.", remedy="See /api/problems/ for all of them.")
        return self.answer(_kind(code))


def _kind(code: str) -> ProblemKind:
    kind = problems.catalogue()[code]
    return ProblemKind(code=code, status=kind.status, title=kind.title)


class OpenApiDocument(SpectacularAPIView):
    """The document; it is the same for every tenant, and open."""

    permission: ClassVar = {"GET": OPEN}
    permission_classes: ClassVar[Any] = [Declared]
    authentication_classes: ClassVar[Any] = []


class OpenApiPage(SpectacularSwaggerSplitView):
    """The document to read and to try, from local files."""

    permission: ClassVar = {"GET": OPEN}
    permission_classes: ClassVar[Any] = [Declared]
    authentication_classes: ClassVar[Any] = []


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys of this tenant's tokens."""
    return JsonResponse(tokens.jwks())

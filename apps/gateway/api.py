"""The base of every view of the API, and the gateway's own endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular import renderers
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common.errors import BadRequest, InvalidInput, NotFound
from apps.common.permissions import demand
from apps.common.schemas import StrictModel
from apps.gateway import problems, tokens
from apps.gateway.openapi import document
from apps.gateway.pagination import Row, page_of
from apps.gateway.parsers import JsonBody
from apps.gateway.permissions import API_USE, OPEN, Declared
from apps.gateway.principals import Caller, caller_of
from apps.gateway.signin import password_verify

Schema = TypeVar("Schema", bound=BaseModel)


class ApiView(APIView):
    """A view that answers only what it declares: `permission` names a code (or `OPEN`) for each method it has.

    Bodies and answers are pydantic models. An object that the caller may not see is a `NotFound`, never a refusal.
    """

    permission: Mapping[str, str] = {}
    permission_classes = [Declared]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "%00" in str(request.META.get("QUERY_STRING", "")):
            raise BadRequest("The query string holds the character NUL.", remedy="Leave it out.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """An error is JSON whatever the view renders otherwise."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(response, "exception", False):
            response.accepted_renderer = JSONRenderer()
        return response

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
        found, following = page_of(rows, self.request)
        return Response({"items": [show(row).model_dump(mode="json") for row in found], "next": following})


class TokenRequest(StrictModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "analyst@acme.example", "password": "orchestrall-demo"}]}
    )

    email: str = Field(max_length=254)
    password: str = Field(min_length=1, max_length=1000)


class Token(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"access_token": "eyJhbGciOiJFZERTQSJ9.eyJz…", "token_type": "Bearer", "expires_in": 600}]
        }
    )

    access_token: str = Field(description="A JWT: send it as `Authorization: Bearer <access_token>`.")
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until it expires.")


class Tokens(ApiView):
    permission = {"POST": OPEN}
    authentication_classes = []
    parser_classes = [JsonBody]

    @extend_schema(operation_id="token_issue", tags=["tokens"], request=TokenRequest, responses={201: Token})
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


class OpenApiDocument(ApiView):
    """The document, as JSON or YAML; it is the same for every tenant, and open."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [
        renderers.OpenApiJsonRenderer2,
        renderers.OpenApiJsonRenderer,
        renderers.OpenApiYamlRenderer2,
        renderers.OpenApiYamlRenderer,
    ]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())


class OpenApiPage(ApiView):
    """The document to read and to try, from local files."""

    permission = {"GET": OPEN}
    authentication_classes = []
    renderer_classes = [TemplateHTMLRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(template_name="gateway/docs.html")


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys of this tenant's tokens."""
    return JsonResponse(tokens.jwks())

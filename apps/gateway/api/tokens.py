"""Tokens: an address and a password become one, and others learn to verify it."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.permissions import demand
from apps.common.schemas import StrictModel
from apps.gateway import tokens
from apps.gateway.api.base import ApiView
from apps.gateway.parsers import JsonBody
from apps.gateway.permissions import API_USE, OPEN
from apps.gateway.signin import password_verify


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


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys of this tenant's tokens."""
    return JsonResponse(tokens.jwks())

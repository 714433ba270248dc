"""Tokens: an address and a password become one, a refresh token the next, and others learn to verify them."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import NotAuthenticated, PermissionDenied
from apps.common.permissions import demand
from apps.common.schemas import StrictModel
from apps.console.stepup import FactorRequired
from apps.gateway import tokens
from apps.gateway.api.base import ApiView
from apps.gateway.parsers import JsonBody
from apps.gateway.permissions import API_USE, OPEN
from apps.gateway.refresh import IDLE, refresh_issue, refresh_revoke, refresh_trade
from apps.gateway.signin import password_verify
from apps.gateway.tokens import SignIn


class TokenRequest(StrictModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "analyst@acme.example", "password": "orchestrall-demo"}]}
    )

    email: str = Field(max_length=254)
    password: str = Field(min_length=1, max_length=1000)
    code: str | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Of your app, or a recovery code: if you have set one up.",
    )


class Token(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJFZERTQSJ9.eyJz…",
                    "token_type": "Bearer",
                    "expires_in": 600,
                    "refresh_token": "orr_…",
                    "refresh_expires_in": 1209600,
                }
            ]
        }
    )

    access_token: str = Field(description="A JWT: send it as `Authorization: Bearer <access_token>`.")
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until it expires.")
    refresh_token: str = Field(description="Good once, at `/api/v1/tokens/refresh`. Keep it as you keep a password.")
    refresh_expires_in: int = Field(description="Seconds until it expires, when nobody trades it before.")


class RefreshRequest(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "orr_…"}]})

    refresh_token: str = Field(min_length=1, max_length=1000)


class RevokeRequest(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "orr_…"}]})

    token: str = Field(min_length=1, max_length=10_000, description="A refresh token.")


class Tokens(ApiView):
    permission = {"POST": OPEN}
    problems = {"POST": [NotAuthenticated, PermissionDenied, FactorRequired]}
    shows_secret = True
    authentication_classes = []
    parser_classes = [JsonBody]

    @extend_schema(operation_id="token_issue", tags=["tokens"], request=TokenRequest, responses={201: Token})
    def post(self, request: Request) -> Response:
        """Trade an address and a password for a token of this tenant, good for ten minutes, and a refresh token.

        Who has an authenticator app sends its `code` along; without it the answer is 403 `factor_required`, and so it
        is where your organisation asks your role for what cannot be shown here, as a passkey: use an API key then.
        Ten wrong tries per account in a quarter of an hour are answered; then 429.
        """
        wanted = self.body(TokenRequest)
        user = password_verify(request=request._request, email=wanted.email, password=wanted.password)
        demand(user, API_USE)
        factor = get_adapter(request._request).factor_shown(request._request, user, wanted.code)
        sign_in = SignIn(timezone.now().timestamp(), factor)
        following = refresh_issue(user=user, factor=factor)
        return self.answer(_token(user, following, sign_in), 201, Cache_Control="no-store")


class TokenRefresh(ApiView):
    permission = {"POST": OPEN}
    problems = {"POST": [NotAuthenticated]}
    shows_secret = True
    authentication_classes = []
    parser_classes = [JsonBody]

    @extend_schema(operation_id="token_refresh", tags=["tokens"], request=RefreshRequest, responses={201: Token})
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new access token and the next refresh token.

        Each is good once: use the new one from then on. One that comes a second time was copied by somebody, and ends
        everything that came of the same sign-in. They wait for 14 days, and end 30 days after the sign-in, with a new
        password, and with the member.
        """
        user, following, sign_in = refresh_trade(text=self.body(RefreshRequest).refresh_token)
        return self.answer(_token(user, following, sign_in), 201, Cache_Control="no-store")


class TokenRevoke(ApiView):
    permission = {"POST": OPEN}
    authentication_classes = []
    parser_classes = [JsonBody]

    @extend_schema(operation_id="token_revoke", tags=["tokens"], request=RevokeRequest, responses={204: None})
    def post(self, request: Request) -> Response:
        """End a refresh token and all that came of the same sign-in, as when somebody signs out (RFC 7009).

        The answer is the same for a text that is none, or none any more. Access tokens end by themselves within ten
        minutes.
        """
        refresh_revoke(text=self.body(RevokeRequest).token)
        return Response(status=204)


def _token(user: Any, refresh_token: str, sign_in: SignIn) -> Token:
    return Token(
        access_token=tokens.token_issue(user=user, sign_in=sign_in),
        expires_in=int(tokens.LIFETIME.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_in=int(IDLE.total_seconds()),
    )


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys of this tenant's tokens: after a change of keys the former one too, while its tokens live."""
    return JsonResponse(tokens.jwks())


jwks.permission = OPEN  # type: ignore[attr-defined]

"""Who calls the API: a bearer of a token or a key, or the console's session. Imports no views (settings name it)."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.gateway.credentials import bearer_verify
from apps.gateway.tickets import ticket_redeem
from apps.gateway.tokens import TokenRefused


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with a token of this tenant or an API key. `request.auth` is its claims or its key."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        try:
            if len(parts) != 2 or parts[0].lower() != b"bearer":
                raise TokenRefused("The Authorization header is not of the form `Bearer <token or key>`.")
            return bearer_verify(parts[1].decode("ascii"))
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("The credential holds characters that none has.") from error
        except TokenRefused as error:
            raise AuthenticationFailed(str(error)) from error

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class TicketAuthentication(BaseAuthentication):
    """`?ticket=`, for what a browser opens without headers, as an event stream. Only views that name it take tickets.

    `request.auth` is the API key that bought it, or None; `request.ticket` is the ticket, which is spent.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        text = request.query_params.get("ticket")
        if text is None:
            return None
        ticket = ticket_redeem(text)
        who = None if ticket is None else ticket.caller()
        if who is None:
            raise AuthenticationFailed("This ticket was used, came too late, or was never made here.")
        request.ticket = ticket  # type: ignore[attr-defined]  # who stays longer is looked at again by it
        return who.user, who.key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ConsoleSession(SessionAuthentication):
    """The session of the console, with its CSRF token on everything that writes."""

"""Tickets: for what can send no header."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.gateway.api.base import ApiView
from apps.gateway.permissions import API_USE
from apps.gateway.tickets import LIFETIME, ticket_issue


class TicketIssued(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ticket": "ort_…", "expires_in": LIFETIME}]})

    ticket: str = Field(description="Put it into the address of one socket or stream: `?ticket=<ticket>`.")
    expires_in: int = Field(default=LIFETIME, description="Seconds within which it is used.")


class Tickets(ApiView):
    permission = {"POST": API_USE}
    shows_secret = True

    @extend_schema(operation_id="ticket_issue", tags=["tokens"], request=None, responses={201: TicketIssued})
    def post(self, request: Request) -> Response:
        """Get a ticket for one socket or event stream, where a program can send no header, as in a browser.

        It is good once, within half a minute, for what you may see with the token or key that you send here.
        """
        session = request._request.session.session_key if request.auth is None else None
        ticket = ticket_issue(self.who, claims=request.auth, session=session or "")
        return self.answer(TicketIssued(ticket=ticket), 201, Cache_Control="no-store")

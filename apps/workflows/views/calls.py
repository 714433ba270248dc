"""Calls to other systems, and what a person says of one whose outcome nobody knows."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, Issue, Problem
from apps.console.views import ConsoleView
from apps.workflows import calls, selectors
from apps.workflows.effects import Target
from apps.workflows.models import HttpCall
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.shapes import shape_of

ANSWERS: Final = ("happened", "send", "fail")


class CallPage(ConsoleView):
    """One call: what was sent, what came back, and the form by which a person says what became of it."""

    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_RUN}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self._show(selectors.call_get(who=self.who, id=id))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        call = selectors.call_get(who=self.who, id=id)
        said, body, note = (request.POST.get(name, "") for name in ("outcome", "body", "note"))
        try:
            self._settle(call, said, body, note)
        except Problem as problem:
            again = selectors.call_get(who=self.who, id=id)
            return self._show(again, problem=problem, said=said, body=body, note=note)
        messages.success(request, f"Noted. {call.run.ref} goes on with it.")
        return redirect("workflows:call", id=id)

    def _settle(self, call: HttpCall, said: str, body: str, note: str) -> None:
        if said not in ANSWERS:
            issue = Issue(path="outcome", message="Choose what became of it.")
            raise InvalidInput("Nothing was chosen, and nothing was changed.", issues=[issue])
        given = _answer(body) if said == "happened" else None
        happened, again = said == "happened", said == "send"
        calls.call_settle(
            who=self.who, user=self.user, call=call, happened=happened, note=note, body=given, again=again
        )

    def _show(
        self, call: HttpCall, *, problem: Problem | None = None, said: str = "", body: str = "", note: str = ""
    ) -> HttpResponse:
        self.page_title = "Call"
        unknown = call.status == HttpCall.Status.UNKNOWN
        context: dict[str, Any] = {
            "call": call,
            "run": call.run,
            "target": Target.of(call),
            "sent": shape_of(call.request["body"]),
            "answer": shape_of((call.answer or {}).get("body")),
            "answered": (call.answer or {}).get("status"),
            "unknown": unknown,
            "may": unknown and self.who.can(WORKFLOWS_RUN),
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "said": said,
            "body": body,
            "note": note,
            "noted": calls.note_of(call),
        }
        return self.page("workflows/call.html", context, status=problem.status if problem else 200)


def _answer(text: str) -> Any:
    """What the other system gave, as a person wrote it. Raises `InvalidInput`."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        message = "Write it as JSON, as the other system would have answered; text in quotation marks."
        raise InvalidInput("The answer cannot be read.", issues=[Issue(path="body", message=message)]) from error

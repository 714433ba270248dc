"""Calls to other systems, and what a person says of one whose outcome nobody knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.db.models import Case, Q, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, Issue, Problem
from apps.console.views import ConsoleView
from apps.workflows import calls, inbox, selectors
from apps.workflows.models import HttpCall
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.shapes import shape_of

PAGE: Final = 30
STATUSES: Final = HttpCall.Status.choices
ANSWERS: Final = ("happened", "send", "fail")


@dataclass(frozen=True)
class Target:
    """Where a call went, without what may be secret in its address."""

    method: str
    host: str
    path: str

    @classmethod
    def of(cls, call: HttpCall) -> Target:
        parts = urlsplit(str(call.request["url"]))
        return cls(str(call.request["method"]), parts.hostname or "", parts.path)


class CallList(ConsoleView):
    """The calls as filtered, those first whose outcome nobody knows."""

    permission = WORKFLOWS_VIEW
    page_title = "Calls"

    def get(self, request: HttpRequest) -> HttpResponse:
        status = request.GET.get("status", "")
        status = status if status in HttpCall.Status.values else ""
        search, number = request.GET.get("q", "")[:100], request.GET.get("page", "")
        found = selectors.calls_query(who=self.who, status=status).defer("answer", "problem")
        for word in search.replace("\x00", "").split():
            found = found.filter(_about(word))
        total = found.count()
        pages = max(1, -(-total // PAGE))
        page = min(max(1, int(number) if number.isdecimal() and len(number) < 7 else 1), pages)
        ordered = found.order_by(Case(When(status=HttpCall.Status.UNKNOWN, then=0), default=1), "-id")
        context = {
            "rows": [{"call": call, "target": Target.of(call)} for call in ordered[(page - 1) * PAGE : page * PAGE]],
            "page": page,
            "pages": pages,
            "found": total,
            "status": status,
            "statuses": STATUSES,
            "search": search,
            "unknown": inbox.calls_unknown_count(who=self.who),
            "can_settle": self.who.can(WORKFLOWS_RUN),
        }
        return self.page("workflows/call_list.html", context)


def _about(word: str) -> Q:
    number = word.upper().removeprefix("W-")
    by_number = Q(run__number=int(number)) if number.isdecimal() and len(number) < 18 else Q()
    return by_number | Q(run__workflow__title__icontains=word) | Q(step__icontains=word)


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

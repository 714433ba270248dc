"""What was given up, and another try of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common import formats
from apps.common.errors import NotFound, Problem
from apps.console.views import ConsoleView
from apps.dispatch import letters
from apps.workflows.permissions import WORKFLOWS_RUN


class LetterList(ConsoleView):
    """Each with its cause. A POST requeues one (`only`), those that are ticked (`letter`), or `all`."""

    permission = WORKFLOWS_RUN
    page_title = "Given up"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show()

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.getlist("only") or request.POST.getlist("letter")
        if "all" in request.POST:
            done = letters.letters_requeue_all(who=self.who)
        else:
            done = letters.letters_requeue(who=self.who, keys=[key for text in wanted if (key := _key(text))])
        if done:
            messages.success(request, f"{formats.number(done)} requeued: a worker takes up each within seconds.")
        elif wanted:
            gone = NotFound("It is not here any more: somebody has requeued it. Nothing was changed.")
            return self._show(gone)
        else:
            messages.info(request, "Nothing was ticked; nothing was changed.")
        return redirect("workflows:letters")

    def _show(self, problem: Problem | None = None) -> HttpResponse:
        page = self.request.GET.get("page", "")
        found = letters.letters_page(who=self.who, page=int(page) if page.isdecimal() and len(page) < 7 else 1)
        context = {"found": found, "most": letters.MOST_REQUEUED, "problem": problem}
        return self.page("workflows/letter_list.html", context, status=problem.status if problem else 200)


def _key(text: str) -> tuple[str, UUID] | None:
    """The kind and id of a letter; None for what is none."""
    kind, _, id = text.partition(":")
    try:
        return kind, UUID(id)
    except ValueError:
        return None

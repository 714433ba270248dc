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
from apps.workflows.approvals import unsent
from apps.workflows.permissions import WORKFLOWS_RUN


class LetterList(ConsoleView):
    """Each with its cause. A POST requeues one (`only`), those that are ticked (`letter`), or `all`; or it has the
    mails of members (`mail`) sent again."""

    permission = WORKFLOWS_RUN
    page_title = "Given up"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show()

    def post(self, request: HttpRequest) -> HttpResponse:
        if "mail" in request.POST:
            return self._mail_again(request.POST.getlist("mail"))
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

    def _mail_again(self, wanted: list[str]) -> HttpResponse:
        done = unsent.mails_send_again(who=self.who, members=[id for text in wanted if (id := _uuid(text))])
        if not done:
            return self._show(NotFound("There is nothing to send any more; nothing was changed."))
        members = "1 member is" if done == 1 else f"{formats.number(done)} members are"
        messages.success(self.request, f"{members} written to again within seconds.")
        return redirect("workflows:letters")

    def _show(self, problem: Problem | None = None) -> HttpResponse:
        page = self.request.GET.get("page", "")
        found = letters.letters_page(who=self.who, page=int(page) if page.isdecimal() and len(page) < 7 else 1)
        context = {"found": found, "most": letters.MOST_REQUEUED, "problem": problem}
        context["unsent"] = unsent.mails_unsent(who=self.who)
        return self.page("workflows/letter_list.html", context, status=problem.status if problem else 200)


def _key(text: str) -> tuple[str, UUID] | None:
    """The kind and id of a letter; None for what is none."""
    kind, _, id = text.partition(":")
    found = _uuid(id)
    return (kind, found) if found else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""The page on which a tenant lists the web pages that may call its API from a browser."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput
from apps.console.views import ConsoleView
from apps.gateway import cors
from apps.gateway.permissions import KEYS_VIEW, ORIGINS_MANAGE
from apps.tenants.context import current_tenant
from apps.tenants.origins import MOST


class Origins(ConsoleView):
    """One origin on each line."""

    permission = {"GET": KEYS_VIEW, "POST": ORIGINS_MANAGE}
    page_title = "Browser access"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form("\n".join(current_tenant().cors_origins))

    def post(self, request: HttpRequest) -> HttpResponse:
        text = request.POST.get("origins", "")
        try:
            listed = cors.origins_set(who=self.who, texts=[line for line in text.splitlines() if line.strip()])
        except InvalidInput as problem:
            return self._form(text, problem)
        messages.success(request, f"Saved. {_pages(len(listed))} may call the API from a browser.")
        return redirect("gateway:origins")

    def _form(self, text: str, problem: InvalidInput | None = None) -> HttpResponse:
        context = {"text": text, "problem": problem, "can_manage": self.who.can(ORIGINS_MANAGE), "most": MOST}
        return self.page("gateway/origins.html", context, status=problem.status if problem else 200)


def _pages(count: int) -> str:
    return {0: "No page of another site", 1: "Pages of 1 origin"}.get(count, f"Pages of {count} origins")

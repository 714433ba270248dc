"""Console pages of requests about people's data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from apps.agents.downloads import sheet_download
from apps.common.errors import InvalidInput, Problem
from apps.common.privacy import PERSONAL
from apps.compliance.audit.filters import uuid_or_none
from apps.compliance.models import PrivacyRequest
from apps.compliance.permissions import PRIVACY_MANAGE, PRIVACY_VIEW
from apps.compliance.requests import holds, selectors, services
from apps.console.views import ConsoleView

PAGE = 30


class PrivacyPage(ConsoleView):
    permission = PRIVACY_VIEW
    page_title = "Personal data"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = selectors.requests_query(who=self.who)
        before = uuid_or_none(request.GET.get("before", ""))
        found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
        context = {
            "rows": found[:PAGE],
            "older": found[PAGE - 1].pk if len(found) > PAGE else None,
            "is_first": before is None,
            "holds": list(holds.holds_query(who=self.who)[:PAGE]),
            "can_manage": self.who.can(PRIVACY_MANAGE),
        }
        return self.page("compliance/privacy.html", context)


class RequestNew(ConsoleView):
    permission = PRIVACY_MANAGE
    step_up = {"POST"}
    page_title = "New request about a person's data"

    def get(self, request: HttpRequest) -> HttpResponse:
        kind = "erase" if request.GET.get("kind") == "erase" else "export"
        return self._form({"kind": kind, "member": request.GET.get("member", "")})

    def post(self, request: HttpRequest) -> HttpResponse:
        entered = {name: request.POST.get(name, "") for name in ("kind", "member", "identifiers", "reason")}
        try:
            made = services.request_create(
                who=self.who, user=self.user, kind=entered["kind"], member=member_of(entered["member"]),
                identifiers=entered["identifiers"].splitlines(), reason=entered["reason"],
            )  # fmt: skip
        except Problem as problem:
            return self._form(entered, problem)
        return redirect("compliance:privacy-request", made.pk)

    def _form(self, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        context = {
            "entered": entered,
            "problem": problem,
            "errors": errors_of(problem),
            "members": selectors.members_to_choose(who=self.who),
        }
        return self.page("compliance/privacy_new.html", context, status=problem.status if problem else 200)


class RequestPage(ConsoleView):
    permission = PRIVACY_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return request_page(self, selectors.request_get(who=self.who, id=id))


def request_page(view: ConsoleView, found: PrivacyRequest, problem: Problem | None = None) -> HttpResponse:
    """The page of a request, with what went wrong with a button of it."""
    kinds = selectors.kinds_found(who=view.who, request=found)
    view.page_title = f"{found}: {found.get_kind_display().lower()}"
    looked = sum(kind.looked for kind in kinds)
    context: dict[str, Any] = {
        "item": found,
        "kinds": [kind for kind in kinds if kind.found or kind.erased or kind.broken],
        "looked": looked,
        "looked_kinds": len(kinds),
        "all_kinds": len(PERSONAL),
        "records": sum(kind.found for kind in kinds),
        "erased": sum(kind.erased for kind in kinds),
        "kept": sum(kind.kept for kind in kinds),
        "can_manage": view.who.can(PRIVACY_MANAGE),
        "problem": problem,
        "errors": errors_of(problem),
    }
    return view.page("compliance/privacy_request.html", context, status=problem.status if problem else 200)


class RequestConfirm(ConsoleView):
    permission = {"POST": PRIVACY_MANAGE}
    step_up = {"POST"}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = selectors.request_get(who=self.who, id=id)
        try:
            services.request_confirm(
                who=self.who, user=self.user, request=found, typed=request.POST.get("typed", "")[:40]
            )
        except Problem as problem:
            return request_page(self, found, problem)
        messages.success(request, f"{found}: the person is being erased.")
        return redirect("compliance:privacy-request", id)


class RequestCancel(ConsoleView):
    permission = {"POST": PRIVACY_MANAGE}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = selectors.request_get(who=self.who, id=id)
        try:
            services.request_cancel(who=self.who, request=found)
        except Problem as problem:
            return request_page(self, found, problem)
        messages.success(request, f"{found} is called off. What was erased until then stays erased.")
        return redirect("compliance:privacy-request", id)


class RequestFile(ConsoleView):
    permission = PRIVACY_MANAGE
    step_up = {"GET"}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponseBase:
        return file_response(self.who, selectors.request_get(who=self.who, id=id))


def file_response(who: Any, found: PrivacyRequest) -> HttpResponseBase:
    """The file of an export, as a download."""
    file = services.file_download(who=who, request=found)
    response = FileResponse(file, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{found}-personal-data.zip") or "attachment"
    response["Content-Length"] = str(found.file_bytes or 0)
    return response


class RequestRecord(ConsoleView):
    permission = PRIVACY_VIEW

    def get(self, request: HttpRequest, id: str, form: str) -> HttpResponse:
        key = uuid_or_none(id)
        if key is None:
            raise Http404("no such request")
        found = selectors.request_get(who=self.who, id=key)
        if form == "csv":
            return sheet_download(selectors.record_sheet(who=self.who, request=found), "csv", name=f"{found}-record")
        response = JsonResponse(selectors.record_document(who=self.who, request=found))
        response["Content-Disposition"] = content_disposition_header(True, f"{found}-record.json") or "attachment"
        return response


def errors_of(problem: Problem | None) -> dict[str, str]:
    """What is wrong with each field of a form, by its name."""
    issues = problem.issues if isinstance(problem, InvalidInput) else []
    return {issue.path.partition(".")[0]: issue.message for issue in issues}


def member_of(text: str) -> UUID | None:
    """The member that a form names. Raises `InvalidInput` for what is no key."""
    key = uuid_or_none(text) if text else None
    if text and key is None:
        raise InvalidInput("There is no such member here; nothing was done.")
    return key

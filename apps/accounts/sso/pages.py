"""Console pages of single sign-on: the providers, one by form with its test, its domains, and single sign-on alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.models import SsoConnection
from apps.accounts.permissions import IDENTITY_MANAGE, SSO_MANAGE
from apps.accounts.sso import domains, findings, saml, selectors, services
from apps.accounts.sso.forms import ConnectionForm
from apps.accounts.sso.schemas import ACCESS
from apps.common.errors import NotFound, Problem
from apps.console.schemaforms import EDIT
from apps.console.views import ConsoleView


class SsoPage(ConsoleView):
    """The providers, and whether members sign in by them alone."""

    permission = {"GET": IDENTITY_MANAGE, "POST": SSO_MANAGE}
    step_up = {"POST"}
    page_title = "Single sign-on"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show()

    def post(self, request: HttpRequest) -> HttpResponse:
        is_only = request.POST.get("only") == "1"
        try:
            row = services.only_set(
                who=self.user,
                is_only=is_only,
                break_glass=_uuid(request.POST.get("break_glass", "")),
                keep_session=request.session.session_key or "",
            )
        except Problem as problem:
            return self._show(problem)
        told = f"{row.break_glass} keeps the way past it" if row.is_only else "passwords let members in again"
        messages.success(request, f"Saved: {told}.")
        return redirect("identity:sso")

    def _show(self, problem: Problem | None = None) -> HttpResponse:
        rows = list(selectors.connections_query(who=self.who))
        context = {
            "rows": [{"connection": row, "state": state_of(row), "place": selectors.place_of(row)} for row in rows],
            "policy": selectors.policy_get(who=self.who),
            "owners": selectors.owners(who=self.who),
            "can_manage": self.who.can(SSO_MANAGE),
            "problem": problem,
        }
        return self.page("accounts/sso/list.html", context, status=problem.status if problem else 200)


class SsoNew(ConsoleView):
    """Saving tests the connection, and keeps it whatever comes of that."""

    permission = SSO_MANAGE
    step_up = {"POST"}
    page_title = "Connect an identity provider"

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        return self._show(ConnectionForm.new(_kind(kind)))

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        form = ConnectionForm.posted(request.POST, _kind(kind))
        try:
            if EDIT in request.POST:
                form.edit(request.POST[EDIT])
                return self._show(form)
            made = services.connection_create(who=self.user, user=self.user, kind=kind, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(form, problem.status)
        _test(self, made)
        return redirect("identity:sso-connection", connection=made.pk)

    def _show(self, form: ConnectionForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "title": SsoConnection.Kind(form.kind).label, "can_manage": True}
        return self.page("accounts/sso/new.html", context, status=status)


class SsoConnectionPage(ConsoleView):
    permission = {"GET": IDENTITY_MANAGE, "POST": SSO_MANAGE}
    step_up = {"POST"}

    def get(self, request: HttpRequest, connection: UUID) -> HttpResponse:
        row = selectors.connection_get(who=self.who, id=connection)
        return self._show(row, ConnectionForm.of(row))

    def post(self, request: HttpRequest, connection: UUID) -> HttpResponse:
        row = selectors.connection_get(who=self.who, id=connection)
        form = ConnectionForm.posted(request.POST, row.kind, row)
        try:
            if EDIT in request.POST:
                form.edit(request.POST[EDIT])
                return self._show(row, form)
            row = services.connection_change(who=self.user, connection=row, seen=form.seen or None, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(row, form, problem.status)
        _test(self, row)
        return redirect("identity:sso-connection", connection=row.pk)

    def _show(self, row: SsoConnection, form: ConnectionForm, status: int = 200) -> HttpResponse:
        self.page_title = row.name
        context = {
            "connection": row,
            "state": state_of(row),
            "form": form,
            "handed": selectors.handed(row),
            "findings": row.findings or [],
            "domains": [
                {"domain": each, "record": domains.record_of(each), "file": domains.file_of(each)}
                for each in row.domains.all()
            ],
            "can_manage": self.who.can(SSO_MANAGE),
        }
        return self.page("accounts/sso/connection.html", context, status=status)


class SsoAction(ConsoleView):
    """A button of a connection's page: carry it out, say what came of it, show the page again."""

    permission = {"POST": SSO_MANAGE}
    step_up = {"POST"}

    def post(self, request: HttpRequest, connection: UUID, **kwargs: Any) -> HttpResponse:
        row = selectors.connection_get(who=self.who, id=connection)
        try:
            self.act(row, **kwargs)
        except Problem as problem:
            told = " ".join(issue.message for issue in problem.issues) or problem.remedy
            messages.error(request, f"{problem.detail} {told}".strip())
        return redirect("identity:sso-connection", connection=row.pk)

    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        raise NotImplementedError


class SsoTest(SsoAction):
    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        _test(self, row)


class SsoTurn(SsoAction):
    """Turn a connection on or off: off, nobody signs in by it."""

    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        on = self.request.POST.get("on") == "1"
        services.connection_change(who=self.user, connection=row, is_enabled=on)
        told = "on: the sign-in page has its button" if on else "off: nobody signs in by it"
        messages.success(self.request, f"{row.name} is turned {told}.")


class SsoDomainAdd(SsoAction):
    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        made = services.domain_add(who=self.user, connection=row, name=self.request.POST.get("name", ""))
        messages.success(self.request, f"{made.name} is added. Now show that it is yours.")


class SsoDomainVerify(SsoAction):
    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        found = selectors.domain_get(who=self.who, connection=row.pk, id=kwargs["domain"])
        services.domain_verify(who=self.user, domain=found)
        messages.success(self.request, f"{found.name} is shown to be yours.")


class SsoDomainRemove(SsoAction):
    def act(self, row: SsoConnection, **kwargs: Any) -> None:
        found = selectors.domain_get(who=self.who, connection=row.pk, id=kwargs["domain"])
        services.domain_remove(who=self.user, domain=found)
        messages.success(self.request, f"{found.name} is removed: its addresses do not come in by {row.name}.")


class SsoDelete(ConsoleView):
    permission = SSO_MANAGE
    step_up = {"POST"}

    def get(self, request: HttpRequest, connection: UUID) -> HttpResponse:
        return self._show(selectors.connection_get(who=self.who, id=connection))

    def post(self, request: HttpRequest, connection: UUID) -> HttpResponse:
        row = selectors.connection_get(who=self.who, id=connection)
        try:
            services.connection_delete(who=self.user, connection=row)
        except Problem as problem:
            return self._show(row, problem)
        messages.success(request, f"{row.name} is deleted with its secret. Its members stay.")
        return redirect("identity:sso")

    def _show(self, row: SsoConnection, problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"Delete {row.name}"
        context = {"connection": row, "problem": problem}
        return self.page("accounts/sso/delete.html", context, status=problem.status if problem else 200)


class SsoMetadata(ConsoleView):
    """Our metadata for a provider of SAML, as a file."""

    permission = IDENTITY_MANAGE

    def get(self, request: HttpRequest, connection: UUID) -> HttpResponse:
        row = selectors.connection_get(who=self.who, id=connection)
        if row.kind != SsoConnection.Kind.SAML:
            raise NotFound("This provider does not speak SAML.")
        answer = HttpResponse(saml.metadata_of(row), content_type="application/samlmetadata+xml")
        answer["Content-Disposition"] = 'attachment; filename="orchestrall-metadata.xml"'
        return answer


def state_of(row: SsoConnection) -> dict[str, str]:
    """How a connection stands, in a word, with the tone that it is shown in."""
    found = findings.worst(row.findings) if row.findings else ""
    if found == "failed":
        return {"tone": "failed", "word": "Fails its test"}
    if not row.is_enabled:
        return {"tone": "skipped", "word": "Off"}
    if not any(each.verified_at for each in row.domains.all()):
        return {"tone": "waiting", "word": "No verified domain"}
    return {"tone": "succeeded", "word": "On"}


def _test(view: ConsoleView, row: SsoConnection) -> None:
    """Test a connection, and tell what came of it in a word; the page tells the rest."""
    row = services.connection_test(who=view.user, connection=row)
    found = findings.worst(row.findings or [])
    if found == "failed":
        messages.error(view.request, f"{row.name} is stored, and fails its test: see below.")
    elif found == "warning":
        messages.warning(view.request, f"{row.name} works, with something to look at: see below.")
    else:
        messages.success(view.request, f"{row.name} works as far as it can be tested without signing in.")


def _kind(kind: str) -> str:
    if kind not in ACCESS:
        raise NotFound("There is no such kind of identity provider.", remedy="See Single sign-on.")
    return kind


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

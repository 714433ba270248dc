"""Console pages of connected MCP servers: the list, one by form with a test, and what of it may be used."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.ai.mcp.client import selectors, services
from apps.ai.mcp.client.forms import ServerForm, allowed_of
from apps.ai.models import McpServer
from apps.ai.permissions import MODELS_MANAGE, MODELS_VIEW
from apps.common.errors import Problem
from apps.console.schemaforms import EDIT
from apps.console.views import ConsoleView


class ServersPage(ConsoleView):
    permission = MODELS_VIEW
    page_title = "MCP servers"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = [(server, selectors.tools_of(server)) for server in selectors.servers_query(who=self.who)]
        changed = {
            server.pk for server, tools in rows if any(tools.state(offer) == "changed" for offer in tools.offered)
        }
        return self.page(
            "ai/mcp/servers.html", {"rows": rows, "changed": changed, "can_manage": self.who.can(MODELS_MANAGE)}
        )


class ServerNew(ConsoleView):
    """Saving tests the connection, and keeps it whatever comes of that."""

    permission = MODELS_MANAGE
    page_title = "Connect an MCP server"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(ServerForm.new())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ServerForm.posted(request.POST)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT])
                return self._show(form)
            made = services.server_create(who=self.who, user=self.user, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(form, problem.status)
        _test(self, made)
        return redirect("ai:mcp-server", server=made.pk)

    def _show(self, form: ServerForm, status: int = 200) -> HttpResponse:
        return self.page("ai/mcp/server_new.html", {"form": form}, status=status)


class ServerPage(ConsoleView):
    permission = {"GET": MODELS_VIEW, "POST": MODELS_MANAGE}

    def get(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        return self._show(row, ServerForm.of(row))

    def post(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        form = ServerForm.posted(request.POST, row)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT])
                return self._show(row, form)
            row = services.server_change(who=self.who, server=row, seen=form.seen or None, **form.values())
        except Problem as problem:
            form.refused(problem)
            return self._show(row, form, problem.status)
        _test(self, row)
        return redirect("ai:mcp-server", server=row.pk)

    def _show(self, row: McpServer, form: ServerForm, status: int = 200) -> HttpResponse:
        self.page_title = row.name
        held = selectors.tools_of(row)
        context = {
            "server": row,
            "form": form,
            "tools": [(offer, held.state(offer), held.allowed.get(offer.name)) for offer in held.offered],
            "gone": sorted(held.allowed.keys() - {offer.name for offer in held.offered}),
            "can_manage": self.who.can(MODELS_MANAGE),
        }
        return self.page("ai/mcp/server.html", context, status=status)


class ServerTest(ConsoleView):
    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        _test(self, row)
        return redirect("ai:mcp-server", server=row.pk)


class ServerTurn(ConsoleView):
    """Turn a server off or on: off, none of its tools is used."""

    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        on = request.POST.get("on") == "1"
        services.server_change(who=self.who, server=row, is_enabled=on)
        messages.success(request, f"{row.name} is turned {'on' if on else 'off: none of its tools is used'}.")
        return redirect("ai:mcp-server", server=row.pk)


class ServerTools(ConsoleView):
    """Say which tools may be used."""

    permission = {"POST": MODELS_MANAGE}

    def post(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        wanted = allowed_of(request.POST)
        try:
            services.tools_allow(who=self.who, server=row, tools=wanted)
            messages.success(request, f"Agents may use {len(wanted)} of its tools, as they are described now.")
        except Problem as problem:
            told = " ".join(f"{issue.path.removeprefix('tools.')}: {issue.message}" for issue in problem.issues)
            messages.error(request, f"{problem.detail} {told}".strip())
        return redirect(f"{reverse('ai:mcp-server', args=[row.pk])}#tools")


class ServerDelete(ConsoleView):
    permission = MODELS_MANAGE

    def get(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        self.page_title = f"Delete {row.name}"
        return self.page("ai/mcp/server_delete.html", {"server": row, "usable": selectors.tools_of(row).usable})

    def post(self, request: HttpRequest, server: UUID) -> HttpResponse:
        row = selectors.server_get(who=self.who, id=server)
        services.server_delete(who=self.who, server=row)
        messages.success(request, f"{row.name} is deleted with its credentials.")
        return redirect("ai:mcp-servers")


def _test(view: ConsoleView, server: McpServer) -> None:
    """Test a connection, and tell what came of it in a word; the page tells the rest."""
    row = services.server_test(who=view.who, server=server)
    if row.problem:
        messages.error(view.request, f"{row.name} is stored, and its connection failed: {row.problem['detail']}")
    else:
        count = len(selectors.tools_of(row).offered)
        messages.success(view.request, f"{row.name} was reached. It offers {count} tool{'' if count == 1 else 's'}.")

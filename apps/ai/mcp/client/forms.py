"""What a person enters of a server, and which of its tools they allow."""

from __future__ import annotations

from typing import Any, Final

from django.http import QueryDict

from apps.ai.mcp.client.access import Access, Allowed
from apps.ai.mcp.client.selectors import access_shown
from apps.ai.models import McpServer
from apps.common.errors import Problem
from apps.console.schemaforms import SchemaForm

ACCESS: Final = "access"


class ServerForm:
    """A server while it is entered."""

    def __init__(self, schema: SchemaForm, *, name: str = "", seen: int = 0) -> None:
        self.schema, self.name, self.seen = schema, name, seen
        self.problem: Problem | None = None
        self.wrong: dict[str, str] = {}
        """What is wrong with its name."""

    @classmethod
    def new(cls) -> ServerForm:
        return cls(SchemaForm(Access, {}, root=ACCESS))

    @classmethod
    def of(cls, server: McpServer) -> ServerForm:
        """The form on what holds now."""
        schema = SchemaForm(Access, {}, root=ACCESS, base=access_shown(server), held=server.access)
        return cls(schema, name=server.name, seen=server.seq)

    @classmethod
    def posted(cls, data: QueryDict, server: McpServer | None = None) -> ServerForm:
        """The form as a person sent it. A secret that they left empty is the one that holds."""
        values = {name: str(data[name]) for name in data if name.startswith(f"{ACCESS}.")}
        schema = SchemaForm(Access, values, root=ACCESS, held=server.access if server else None)
        seen = data.get("seen", "")
        return cls(schema, name=data.get("name", ""), seen=int(seen) if seen.isdecimal() and len(seen) < 10 else 0)

    def values(self) -> dict[str, Any]:
        """What services take. Raises `InvalidInput` for what cannot be read."""
        return {"name": self.name, "access": self.schema.data()}

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        self.schema.refused(issue for issue in problem.issues if issue.path != "name")
        self.wrong = {issue.path: issue.message for issue in problem.issues if issue.path == "name"}


def allowed_of(data: QueryDict) -> dict[str, Allowed]:
    """The tools that were ticked, each with the mark of what was looked at: ``tool`` is ``<mark> <name>``."""
    answered = set(data.getlist("as_read"))
    found = {}
    for text in data.getlist("tool"):
        mark, _, name = text.partition(" ")
        found[name] = Allowed(print=mark, as_read=name in answered)
    return found

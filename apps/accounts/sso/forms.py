"""What a person enters of an identity provider."""

from __future__ import annotations

from typing import Any, Final

from django.http import QueryDict

from apps.accounts.models import SsoConnection
from apps.accounts.sso.schemas import ACCESS, Rules
from apps.accounts.sso.selectors import access_shown
from apps.common.errors import Problem
from apps.console.schemaforms import SchemaForm

ROOTS: Final = ("access", "rules")


class ConnectionForm:
    """A connection while it is entered: how the provider is reached, and whom it lets in."""

    def __init__(self, kind: str, access: SchemaForm, rules: SchemaForm, *, name: str = "", seen: int = 0) -> None:
        self.kind, self.access, self.rules, self.name, self.seen = kind, access, rules, name, seen
        self.problem: Problem | None = None
        self.wrong: dict[str, str] = {}
        """What is wrong with its name."""

    @classmethod
    def new(cls, kind: str) -> ConnectionForm:
        return cls(kind, SchemaForm(ACCESS[kind], {}, root="access"), SchemaForm(Rules, {}, root="rules"))

    @classmethod
    def of(cls, row: SsoConnection) -> ConnectionForm:
        """The form on what holds now."""
        access = SchemaForm(ACCESS[row.kind], {}, root="access", base=access_shown(row), held=row.access)
        rules = SchemaForm(Rules, {}, root="rules", base=row.rules)
        return cls(row.kind, access, rules, name=row.name, seen=row.seq)

    @classmethod
    def posted(cls, data: QueryDict, kind: str, row: SsoConnection | None = None) -> ConnectionForm:
        """The form as a person sent it. A secret that they left empty is the one that holds."""
        sent = {root: {name: str(data[name]) for name in data if name.startswith(f"{root}.")} for root in ROOTS}
        access = SchemaForm(ACCESS[kind], sent["access"], root="access", held=row.access if row else None)
        rules = SchemaForm(Rules, sent["rules"], root="rules")
        seen = data.get("seen", "")
        known = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        return cls(kind, access, rules, name=data.get("name", ""), seen=known)

    def edit(self, wanted: str) -> None:
        """Change the rows of a list, as a button of it says."""
        for form in (self.access, self.rules):
            if wanted.partition(" ")[2].startswith(f"{form.root}."):
                form.edit(wanted)

    def values(self) -> dict[str, Any]:
        """What services take. Raises `InvalidInput` for what cannot be read."""
        return {"name": self.name, "access": self.access.data(), "rules": self.rules.data()}

    @property
    def other_issues(self) -> list[Any]:
        return [*self.access.other_issues, *self.rules.other_issues]

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        for form in (self.access, self.rules):
            form.refused(issue for issue in problem.issues if issue.path.startswith(form.root))
        self.wrong = {issue.path: issue.message for issue in problem.issues if issue.path == "name"}

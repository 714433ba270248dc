"""`manage.py workflow TENANT`: workflows in files, blueprints, runs and approvals."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.errors import Problem
from apps.tenants.context import tenant_by_host, tenant_context
from apps.tenants.names import host_of
from apps.workflows.management.definitions import DefinitionVerbs
from apps.workflows.management.runs import RunVerbs


class Command(DefinitionVerbs, RunVerbs, BaseCommand):
    help = (
        "Keep workflows of a tenant in files, make them of blueprints, start and follow their runs. `workflow TENANT "
        "VERB --help` tells what a verb takes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", metavar="TENANT", help="the part of its address before the first dot")
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        self._add_definitions(verbs)
        self._add_runs(verbs)

    def handle(self, *args: Any, tenant: str, verb: str, **options: Any) -> None:
        found = tenant_by_host(host_of(tenant))
        if found is None or not found.is_ready:
            raise CommandError(f"There is no tenant {tenant!r} that is ready: see `manage.py tenant list`.")
        with tenant_context(found):
            try:
                getattr(self, f"_{verb}")(**options)
            except Problem as problem:
                told = [f"{problem.detail} {problem.remedy}".strip()]
                told += [f"  {issue.path}: {issue.message}" for issue in problem.issues]
                raise CommandError("\n".join(told)) from problem

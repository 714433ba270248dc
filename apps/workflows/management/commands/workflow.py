"""`manage.py workflow list|export|diff|apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.errors import NotFound, Problem
from apps.common.permissions import Platform
from apps.tenants.context import tenant_by_host, tenant_context
from apps.tenants.names import host_of
from apps.workflows import selectors, services
from apps.workflows.checking import definition_check
from apps.workflows.definition import Definition, definition_load, definition_yaml
from apps.workflows.differences import definition_difference
from apps.workflows.models import Workflow


class Command(BaseCommand):
    help = "Show workflows of a tenant, and keep them in files: what a file says is applied, compared and published."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", metavar="TENANT", help="the part of its address before the first dot")
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="show the workflows with what is published of them")
        export = verbs.add_parser("export", help="write a workflow as YAML to the screen")
        export.add_argument("name")
        export.add_argument("--version", type=int, help="a published version; the draft, or the latest, if not given")
        for verb, text in (
            ("diff", "say in words what a file would change; exits with 1 when it would change something"),
            ("apply", "check a file and store it as the draft"),
        ):
            each = verbs.add_parser(verb, help=text)
            each.add_argument("-f", "--file", required=True, help="YAML or JSON; - for standard input")
            if verb == "apply":
                each.add_argument("--publish", action="store_true", help="let new runs follow it at once")
                each.add_argument("--note", default="", help="what changed, in a sentence")

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

    def _list(self, **_: Any) -> None:
        found = selectors.workflows_list(who=Platform())
        width = max((len(each.name) for each in found), default=4)
        for each in found:
            self.stdout.write(f"{each.name:{width}}  {each.published or 'not published'}  {each.title}")

    def _export(self, *, name: str, version: int | None, **_: Any) -> None:
        workflow = selectors.workflow_get(who=Platform(), name=name)
        found = selectors.version_get(who=Platform(), workflow=workflow, number=version)
        self.stdout.write(definition_yaml(found.definition), ending="")

    def _diff(self, *, file: str, **_: Any) -> None:
        wanted = self._read(file)
        definition_check(wanted, selectors.TenantCatalogue())
        changes = self._changes(wanted)
        for change in changes:
            self.stdout.write(change)
        if changes:
            sys.exit(1)
        self.stdout.write("Nothing would change.")

    def _apply(self, *, file: str, publish: bool, note: str, **_: Any) -> None:
        wanted = self._read(file)
        changes = self._changes(wanted)
        if not changes:
            self.stdout.write(f"{wanted.name} is as the file says; nothing was changed.")
            return
        workflow = services.workflow_save(who=Platform(), user=None, definition=wanted)
        for change in changes:
            self.stdout.write(change)
        if publish:
            version = services.workflow_publish(who=Platform(), user=None, workflow=workflow, note=note)
            self.stdout.write(f"{wanted.name} is published as {version}.")
        else:
            self.stdout.write(f"{wanted.name} is stored as a draft; publish it with --publish or in the console.")

    def _read(self, file: str) -> Definition:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}.") from error
        return definition_load(text)

    def _changes(self, wanted: Definition) -> list[str]:
        try:
            workflow: Workflow = selectors.workflow_get(who=Platform(), name=wanted.name)
        except NotFound:
            return [f"The workflow {wanted.name} is new."]
        return definition_difference(
            selectors.version_get(who=Platform(), workflow=workflow, number=None).definition, wanted
        )

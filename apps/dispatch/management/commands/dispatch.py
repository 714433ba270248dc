"""`manage.py dispatch status|dead|requeue|rebuild`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common import work
from apps.common.work import KINDS
from apps.dispatch import rows, services
from apps.dispatch.models import DeadLetter
from apps.tenants.context import PUBLIC, each_tenant, public_context, tenant_by_schema, tenant_context


class Command(BaseCommand):
    help = "Look at background work, requeue what was given up, rebuild the index of it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="count the rows by queue and state")
        verbs.add_parser("dead", help="list what was given up, newest first")
        requeue = verbs.add_parser("requeue", help="give something that was given up another try")
        requeue.add_argument("kind")
        requeue.add_argument("id", type=UUID)
        requeue.add_argument("--schema", default=PUBLIC, help="of its tenant; left out for work of the platform")
        verbs.add_parser("rebuild", help="make the rows that every tenant's tables say should exist; after a restore")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _status(self, **_: Any) -> None:
        with public_context():
            counted = sorted(rows.counts())
        for queue, state, number in counted:
            self.stdout.write(f"{queue:<6} {state:<6} {number}")
        if not counted:
            self.stdout.write("There is no work.")

    def _dead(self, **_: Any) -> None:
        with public_context():
            letters = list(DeadLetter.objects.order_by("-died_at")[:200])
        for letter in letters:
            self.stdout.write(
                f"{letter.died_at:%Y-%m-%d %H:%M} {letter.tenant} {letter.kind} {letter.id} {letter.cause}"
            )
        if not letters:
            self.stdout.write("Nothing was given up.")

    def _requeue(self, *, kind: str, id: UUID, schema: str, **_: Any) -> None:
        if kind not in KINDS:
            raise CommandError(f"There is no kind of work {kind!r}. The kinds are: {', '.join(KINDS.keys())}.")
        tenant = None if schema == PUBLIC else tenant_by_schema(schema)
        if schema != PUBLIC and tenant is None:
            raise CommandError(f"There is no tenant with the schema {schema!r}. See `manage.py tenant list`.")
        with public_context() if tenant is None else tenant_context(tenant):
            if not work.requeue(kind, id):
                raise CommandError("Nothing of this kind and id was given up there. See `manage.py dispatch dead`.")
        self.stdout.write("It is queued again.")

    def _rebuild(self, **_: Any) -> None:
        with public_context():
            made = sum(services.work_rebuild().values())
        for _tenant in each_tenant():
            made += sum(services.work_rebuild().values())
        self.stdout.write(f"{made} rows were made.")

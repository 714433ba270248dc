"""`manage.py audit status|export|verify|epoch`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from apps.audit import epochs, selectors, selfcheck
from apps.audit.exports import export_lines
from apps.audit.selectors import Integrity
from apps.audit.verify_audit import Unreadable
from apps.common.errors import Problem
from apps.common.permissions import Platform
from apps.tenants.context import each_tenant, public_context, tenant_context
from apps.tenants.models import Tenant


class Command(BaseCommand):
    help = "The audit logs: how far they are covered, export one, verify one, begin a new epoch after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="show how far the log of each organisation is covered by checkpoints outside")
        export = verbs.add_parser("export", help="write a log as JSON lines, for verify_audit.py")
        export.add_argument("slug")
        export.add_argument("--out", type=Path, metavar="FILE", help="a new file; else standard output")
        export.add_argument("--since", type=_moment, metavar="TIME", help="from then on: 2026-01-31, or with a time")
        export.add_argument("--until", type=_moment, metavar="TIME", help="before then")
        verify = verbs.add_parser("verify", help="compute a log anew and compare it with its checkpoints")
        verify.add_argument("slug")
        verify.add_argument("--last", type=int, metavar="N", help="only the newest entries")
        verify.add_argument(
            "--checkpoints", type=Path, metavar="FOLDER", help="the folder outside; else what the database has signed"
        )
        verify.add_argument(
            "--restored", type=int, action="append", metavar="EPOCH", help="known to have begun with a restore"
        )
        epoch = verbs.add_parser("epoch", help="begin a new epoch of a log whose database was restored")
        epoch.add_argument("slug")
        epoch.add_argument(
            "--reason", required=True, help="what was restored, and when: it is the new epoch's first entry"
        )

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**options)
        except Problem as problem:
            raise CommandError(f"{problem.detail} {problem.remedy}".strip()) from problem
        except Unreadable as error:
            raise CommandError(str(error)) from error

    def _status(self, **_: Any) -> None:
        for tenant in each_tenant():
            self.stdout.write(f"{tenant.slug}: {_words(selectors.integrity())}")

    def _export(self, *, slug: str, out: Path | None, since: Any, until: Any, **_: Any) -> None:
        with tenant_context(_tenant(slug)), _written(out, self.stdout) as file:
            for line in export_lines(since=since, until=until):
                file.write(line)

    def _verify(self, *, slug: str, last: int | None, checkpoints: Path | None, restored: Any, **_: Any) -> None:
        with tenant_context(_tenant(slug)):
            found = selfcheck.self_check(last=last, folder=checkpoints, restored=restored)
        for text in found.findings:
            self.stdout.write(f"WRONG  {text}")
        for text in found.notes:
            self.stdout.write(f"note   {text}")
        self.stdout.write(f"{found.entries:,} entries, {found.covered:,} covered, {found.shredded:,} shredded parts.")
        if found.findings:
            raise CommandError(f"{len(found.findings)} findings: the log is not as it was.")

    def _epoch(self, *, slug: str, reason: str, **_: Any) -> None:
        with tenant_context(_tenant(slug)):
            number = epochs.epoch_begin(who=Platform(), reason=reason)
        self.stdout.write(f"Epoch {number} of the log of {slug} has begun.")


def _words(state: Integrity) -> str:
    said = f"epoch {state.epoch}, {state.covered:,} of {state.size + state.pending:,} entries are covered"
    if state.since:
        said += f" since {state.since:%Y-%m-%d}"
    if state.published_at:
        said += f", the last checkpoint is of {state.published_at:%Y-%m-%d %H:%M:%S} UTC in {state.place}"
    return f"{said}. {state.problem}".strip()


def _tenant(slug: str) -> Tenant:
    with public_context():
        tenant: Tenant | None = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"There is no tenant {slug!r}. See `manage.py tenant list`.")
    return tenant


@contextmanager
def _written(path: Path | None, otherwise: Any) -> Iterator[TextIO]:
    """A file that is whole or not there, or what is given for none."""
    if path is None:
        yield otherwise
        return
    if path.exists():
        raise CommandError(f"{path} exists already; nothing was written.")
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            yield file
        fresh.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None and (day := parse_date(text)):
        found = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # in UTC below
    if found is None:
        raise ValueError(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""`manage.py tenant create|list|suspend|resume|hold|release|delete`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.errors import Problem
from apps.common.permissions import Platform
from apps.tenants import services
from apps.tenants.context import public_context
from apps.tenants.models import Tenant
from apps.tenants.names import host_of


class Command(BaseCommand):
    help = "Create, list, suspend, resume, hold, release and delete tenants."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a tenant with its schema, host and first owner")
        create.add_argument("slug", help="its address: <slug>.<base host>")
        create.add_argument("--name", help="what people read; the slug where it is not given")
        create.add_argument("--industry", required=True)
        create.add_argument("--also", action="append", default=[], metavar="INDUSTRY", help="enable this pack as well")
        create.add_argument("--plan", default="standard")
        create.add_argument("--owner", default="", metavar="EMAIL", help="invite this person as the first owner")
        verbs.add_parser("list", help="show every tenant with its status")
        for verb, text in (
            ("suspend", "close its host, sockets and work; the data stays"),
            ("resume", "open a suspended tenant again"),
        ):
            verbs.add_parser(verb, help=text).add_argument("slug")
        hold = verbs.add_parser("hold", help="let its work wait until its owner releases it; after a restore")
        hold.add_argument("slug", nargs="?", default="", help="left out with --all")
        hold.add_argument("--all", action="store_true", help="every tenant that is not held")
        verbs.add_parser("release", help="let the work of a held tenant go on").add_argument("slug")
        delete = verbs.add_parser("delete", help="delete a tenant and everything it holds; this cannot be undone")
        delete.add_argument("slug")
        delete.add_argument("--confirm", default="", metavar="SLUG", help="the slug again, instead of typing it")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**options)
        except Problem as problem:
            raise CommandError(f"{problem.detail} {problem.remedy}".strip()) from problem

    def _create(self, *, slug: str, name: str | None, industry: str, also: list[str], **options: Any) -> None:
        services.tenant_create(
            slug=slug,
            name=name or slug,
            industry=industry,
            industries=list(dict.fromkeys([industry, *also])),
            plan=options["plan"],
            owner_email=options["owner"],
            now=True,
        )
        self.stdout.write(f"{slug} is ready at {host_of(slug)}.")

    def _list(self, **_: Any) -> None:
        with public_context():
            tenants = list(Tenant.objects.all())
        width = max((len(tenant.slug) for tenant in tenants), default=4)
        for tenant in tenants:
            held = "  held" if tenant.held_at else ""
            self.stdout.write(f"{tenant.slug:<{width}}  {tenant.status:<9}  {tenant.industry:<13}  {tenant.name}{held}")

    def _suspend(self, *, slug: str, **_: Any) -> None:
        services.tenant_suspend(tenant=self._tenant(slug))
        self.stdout.write(f"{slug} is suspended; its data is kept.")

    def _resume(self, *, slug: str, **_: Any) -> None:
        services.tenant_resume(tenant=self._tenant(slug))
        self.stdout.write(f"{slug} is open again.")

    def _hold(self, *, slug: str, all: bool, **_: Any) -> None:
        if bool(slug) == all:
            raise CommandError("Give the slug of a tenant, or --all.")
        with public_context():
            free = list(Tenant.objects.filter(held_at=None, status__in=["ready", "suspended"]))
        held = [each for each in free if each.slug != services.OPERATORS] if all else [self._tenant(slug)]
        for tenant in held:
            services.tenant_hold(tenant=tenant)
            self.stdout.write(f"{tenant.slug} is held: nothing of it runs until its owner releases it.")
        if not held:
            self.stdout.write("No tenant was there to be held.")

    def _release(self, *, slug: str, **_: Any) -> None:
        services.tenant_release(who=Platform(), tenant=self._tenant(slug))
        self.stdout.write(f"{slug} is released; its work goes on.")

    def _delete(self, *, slug: str, confirm: str, **_: Any) -> None:
        tenant = self._tenant(slug)
        if not confirm:
            self.stdout.write(f"This deletes {tenant.name} with all its users, data and runs. It cannot be undone.")
            confirm = input(f"Type {slug} to go on: ")
        if confirm != slug:
            raise CommandError(f"{confirm!r} is not {slug!r}: nothing was deleted.")
        services.tenant_delete(tenant=tenant, now=True)
        self.stdout.write(f"{slug} is deleted.")

    def _tenant(self, slug: str) -> Tenant:
        with public_context():
            tenant: Tenant | None = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {slug!r}. See `manage.py tenant list`.")
        return tenant

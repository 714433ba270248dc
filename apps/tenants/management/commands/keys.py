"""`manage.py keys status|rotate|seal|erase`."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.errors import Problem
from apps.tenants import rotation, services
from apps.tenants.context import public_context
from apps.tenants.models import Tenant

_ROTATE = """\
Change the master key:
  1. Make one: `openssl rand -base64 32`. Put it into ORCHESTRALL_MASTER_KEY and the present one into
     ORCHESTRALL_FORMER_MASTER_KEYS, and restart every process. Both keys open from then on.
  2. Run `manage.py keys rotate`. It wraps each tenant's data key by the new one; nothing else is touched.
  3. Take the old one out of ORCHESTRALL_FORMER_MASTER_KEYS, and restart once more when it suits.
It may be stopped and run again, while the installation is at work."""


class Command(BaseCommand):
    help = "The keys that tenants' data is encrypted with: how it stands, change them, encrypt what is plain, erase."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="show which master key wraps what, what does not open, and what is still plain")
        rotate = verbs.add_parser(
            "rotate",
            help="change the master key, or with --signing the keys that tokens are signed with",
            epilog=_ROTATE,
        )
        rotate.formatter_class = RawDescriptionHelpFormatter
        rotate.add_argument(
            "--signing",
            nargs="?",
            const="",
            metavar="SLUG",
            help="make new signing keys instead, for this tenant or for all; tokens stay good until they expire",
        )
        rotate.add_argument(
            "--at-once", action="store_true", help="with --signing: refuse the tokens signed before, within seconds"
        )
        verbs.add_parser("seal", help="encrypt what was stored before there was encryption; run it after that upgrade")
        erase = verbs.add_parser(
            "erase", help="delete a tenant's key: nothing it stored opens again, in no backup; this cannot be undone"
        )
        erase.add_argument("slug")
        erase.add_argument("--confirm", default="", metavar="SLUG", help="the slug again, instead of typing it")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**options)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except Problem as problem:
            raise CommandError(f"{problem.detail} {problem.remedy}".strip()) from problem

    def _status(self, **_: Any) -> None:
        found = rotation.custody()
        self._tell(f"New data keys are wrapped by the master key {found.current}.")
        wide = max((len(each.slug) for each in found.tenants), default=4)
        for each in found.tenants:
            state = each.flaw or (f"wrapped by {each.master}" if each.master else "no data key yet")
            if each.master and each.master != found.current:
                state += ", to be rotated"
            if each.plain_rows or each.plain_files:
                state += (
                    f"; {each.plain_rows:,} rows and {each.plain_files:,} files are plain: run `manage.py keys seal`"
                )
            self._tell(f"{each.slug:<{wide}}  {state}")
        for id in found.strays:
            self._tell(f"The key of the tenant {id} is in the store, the tenant is not in the database.")

    def _rotate(self, *, signing: str | None, at_once: bool, **_: Any) -> None:
        if signing is None:
            if at_once:
                raise CommandError("--at-once goes with --signing. No key was changed.")
            count = rotation.data_keys_rewrap(tell=self._tell)
            self._tell(f"{count} data keys were wrapped anew; the current master key opens every one.")
            return
        for tenant in [self._tenant(signing)] if signing else self._tenants():
            services.signing_key_rotate(tenant=tenant, at_once=at_once)
            self._tell(f"{tenant.slug} signs with a new key.")

    def _seal(self, **_: Any) -> None:
        rotation.everything_seal(tell=self._tell)
        self._tell("Everything that is stored is sealed.")

    def _erase(self, *, slug: str, confirm: str, **_: Any) -> None:
        tenant = self._tenant(slug)
        if not confirm:
            self._tell(
                f"This deletes the key of {tenant.name}. Nothing it stored opens again, here or in a backup of the "
                "database and files. Backups of the key store are yours to delete. It cannot be undone."
            )
            confirm = input(f"Type {slug} to go on: ")
        if confirm != slug:
            raise CommandError(f"{confirm!r} is not {slug!r}: nothing was erased.")
        services.tenant_key_delete(tenant=tenant)
        self._tell(f"The key of {slug} is deleted, and {slug} is closed. Delete the key from backups of the store too.")

    def _tenant(self, slug: str) -> Tenant:
        found = [tenant for tenant in self._tenants() if tenant.slug == slug]
        if not found:
            raise CommandError(f"There is no tenant {slug!r}. See `manage.py tenant list`.")
        return found[0]

    def _tenants(self) -> list[Tenant]:
        with public_context():
            return list(Tenant.objects.exclude(status=Tenant.Status.DELETING))

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

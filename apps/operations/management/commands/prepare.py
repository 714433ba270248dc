"""`manage.py prepare`: what has to be done before the processes of an installation start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.common.demo import PASSWORD
from apps.operations import services


class Command(BaseCommand):
    help = (
        "Migrate every schema and make the operators' tenant; run it before each start. It may be stopped and repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also make and fill the demo tenants")
        parser.add_argument(
            "--operator", metavar="EMAIL", help="make this person an operator and print their first link"
        )

    def handle(self, *args: Any, demo: bool, operator: str | None, **_: Any) -> None:
        services.installation_prepare(tell=self._tell)
        if operator and (link := services.operator_ensure(email=operator)):
            self._tell(f"{operator} is an operator. Choose a password within 24 hours at {link}")
        if demo:
            from apps.operations import demo as demonstration  # here: it loads every generator

            services.operator_ensure(email=services.OPERATOR, password=PASSWORD)
            demonstration.seed(tell=self._tell)
        self._tell("The database is ready")

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

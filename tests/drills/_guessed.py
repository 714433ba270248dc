"""Inside an installation, for the drill of guesses: make a tenant with accounts of every sort."""

from __future__ import annotations

import json
from typing import Any

import django

from tests.drills.bruteforce import PASSWORD, SLUG, TIMED


def prepare() -> dict[str, Any]:
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create

    tenant = tenant_create(slug=SLUG, name="Guessed", industry="retail", quotas={"max_members": 200}, now=True)
    with tenant_context(tenant):
        return people(TIMED)


def people(timed: int) -> dict[str, Any]:
    """The addresses of accounts of every sort in the current tenant. Their password is `PASSWORD`."""
    from tests.accounts.factors import SECRET, app_of
    from tests.factories import make_member

    def some(number: int, **fields: Any) -> list[str]:
        return [make_member("owner", password=PASSWORD, **fields).email for _ in range(number)]

    guessed, replayed, sprayed = (make_member("owner", password=PASSWORD) for _ in range(3))
    app_of(guessed), app_of(replayed)
    invited = [make_member("owner", password=None) for _ in range(timed)]  # type: ignore[arg-type]
    return {
        "fresh": some(3),
        "app": guessed.email,
        "replayed": replayed.email,
        "secret": SECRET,
        "sprayed": sprayed.email,
        "timed": some(timed),
        "gone": some(timed, is_active=False),
        "invited": [each.email for each in invited],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(prepare()))

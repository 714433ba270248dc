"""Inside an installation, for the drill of limits: `python -m tests.drills._limited prepare|ask`."""

from __future__ import annotations

import json
import sys
from typing import Any

import django

from tests.drills.limits import LIMIT, PROCESSES, READ, SLUG

PASSWORD = "a password for the drill"


def prepare() -> dict[str, Any]:
    """Make the tenant, with a caller for each round."""
    from apps.gateway.tokens import token_issue
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create
    from tests.factories import make_member

    quotas = {"max_caller_requests": LIMIT}
    tenant = tenant_create(slug=SLUG, name="Limited", industry="retail", quotas=quotas, now=True)
    with tenant_context(tenant):
        people = [make_member("owner", password=PASSWORD) for _ in PROCESSES]
        return {"tokens": [token_issue(user=each) for each in people], "email": people[0].email}


def ask(people: dict[str, Any]) -> dict[str, Any]:
    """What this process answers, without a network: it has no Redis, and a database."""
    from django.test import Client

    from apps.gateway.limits import OPEN

    client = Client(headers={"host": f"{SLUG}.localhost"})
    bearer = {"authorization": f"Bearer {people['tokens'][0]}"}
    statuses = [client.get(READ, headers=bearer).status_code for _ in range(LIMIT + 50)]
    told = OPEN._value.get()

    def sign_in(password: str) -> int:
        body = {"email": people["email"], "password": password}
        return client.post("/api/v1/tokens", body, content_type="application/json").status_code

    tries = [sign_in("not the password") for _ in range(10)]
    return {
        "passed": statuses.count(200),
        "metric": told,
        "sign_ins": tries.count(401),
        "right_password_after": sign_in(PASSWORD),
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(prepare() if sys.argv[1] == "prepare" else ask(json.loads(sys.argv[2]))))

"""Inside an installation, for drills on workflows: `python -m tests.drills._grounds WANTED`.

WANTED is JSON: by the slug of each tenant to be made, the definitions of its workflows. Prints the owners' addresses.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

PASSWORD = "a password for the drill"
PLENTY = 1_000_000
APPROVERS = tuple(f"approver{n}@drill.example" for n in range(5))
"""Who may answer in a tenant whose workflows ask people."""


def prepare(wanted: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    from apps.common.permissions import Platform
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create
    from apps.workflows import defining
    from apps.workflows.definition import definition_parse
    from tests.factories import make_member

    owners = {}
    quotas = {"max_running_runs": 100, "max_requests": PLENTY, "max_caller_requests": PLENTY, "max_starts": PLENTY}
    for slug, definitions in wanted.items():
        tenant = tenant_create(
            slug=slug, name=slug.title(), industry="dummy", industries=["dummy"], quotas=quotas, now=True
        )
        with tenant_context(tenant):
            owners[slug] = make_member("owner", password=PASSWORD).email
            asks = any(step["kind"] == "approval" for each in definitions for step in each["steps"].values())
            for address in APPROVERS if asks else ():
                make_member("approver", password=PASSWORD, email=address)
            for each in definitions:
                made = defining.workflow_save(who=Platform(), user=None, definition=definition_parse(each))
                defining.workflow_publish(who=Platform(), user=None, workflow=made)
    return owners


if __name__ == "__main__":
    django.setup()
    print(json.dumps(prepare(json.loads(sys.argv[1]))))

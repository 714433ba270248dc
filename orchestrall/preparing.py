"""Prepares an installation in a process of its own, so that the supervisor of `orchestrall.start` stays small.

`python -m orchestrall.preparing FILE [--demo]` runs `manage.py prepare` and leaves in FILE, as JSON, where to sign in.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import django


def main(file: Path, *, demo: bool) -> None:
    django.setup()
    from django.core.management import call_command

    from apps.common.demo import PASSWORD
    from apps.tenants.rotation import everything_seal

    call_command("prepare", demo=demo, skip_checks=False)  # a start is the moment to hear of what is wrong
    everything_seal(tell=lambda text: print(text, flush=True))  # of a release before: none of its processes runs now
    file.write_text(json.dumps({"password": PASSWORD if demo else "", "tenants": tenants(demo=demo)}))


def tenants(*, demo: bool) -> list[dict[str, str]]:
    """Every tenant that is open, the operators' last, with a demo person to begin with (empty where there is none)."""
    from apps.operations.services import OPERATOR
    from apps.tenants.context import public_context
    from apps.tenants.models import Tenant
    from apps.tenants.services import OPERATORS

    with public_context():
        ready = list(Tenant.objects.filter(status=Tenant.Status.READY).order_by("created_at"))
    found = []
    for tenant in ready:
        operators = tenant.slug == OPERATORS
        person = OPERATOR if operators else f"analyst@{tenant.slug}.example" if tenant.is_demo else ""
        path = "/admin/" if operators else "/"
        found.append({"slug": tenant.slug, "name": tenant.name, "path": path, "person": person if demo else ""})
    return sorted(found, key=lambda each: each["slug"] == OPERATORS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--demo", action="store_true")
    asked = parser.parse_args()
    main(asked.file, demo=asked.demo)

"""For the drill sso, inside an installation: `python -m tests.drills._signing_in FOLDER` prints a line for a case."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import django
from django.test.utils import setup_test_environment


def main(folder: Path) -> None:
    from apps.tenants.services import tenant_create
    from tests.accounts.sso.cases import CASES
    from tests.accounts.sso.ground import Ground, connect, peers

    slugs = ("left", "right")
    tenants = [
        tenant_create(slug=slug, name=slug.title(), industry="tech", industries=["tech"], now=True) for slug in slugs
    ]
    with peers(folder / "saml", slugs) as found:
        for tenant in tenants:
            connect(found, tenant)
        ground = Ground(found, *tenants)
        for tried in CASES:
            try:
                outcome = tried.does(ground)
            except Exception:  # noqa: BLE001  # told, and the others go on
                traceback.print_exc()
                outcome = "broke"
            said = {name: value for name, value in asdict(tried).items() if name != "does"}
            print(json.dumps({**said, "outcome": outcome, "holds": tried.holds(outcome)}), flush=True)


if __name__ == "__main__":
    django.setup()
    setup_test_environment()
    main(Path(sys.argv[1]))

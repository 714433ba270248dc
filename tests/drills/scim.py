"""Provisioning: an independent client of SCIM checks the whole service, over the network."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from tests.measuring import Case
from tests.running import ROOT, Installation, installation

_TOKEN = """
from apps.accounts.models import User
from apps.accounts.scim.directory import token_create
from apps.tenants.context import tenant_by_host, tenant_context
from apps.tenants.models import Tenant
from apps.tenants.context import public_context
with public_context():
    tenant = Tenant.objects.exclude(slug="operators").order_by("slug").first()
with tenant_context(tenant):
    print(tenant.slug, token_create(actor=User.objects.filter(role="owner").first(), name="Drill", days=1)[1])
"""


def measure() -> Iterator[Case]:
    import httpx2
    from scim2_client.engines.httpx2 import SyncSCIMClient

    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        host, token = _token(program)
        base = f"http://127.0.0.1:{program.port}/scim/v2"
        headers = {"Authorization": f"Bearer {token}", "Host": f"{host}.localhost:{program.port}"}
        with httpx2.Client(base_url=base, headers=headers, timeout=60) as client:
            found = check(SyncSCIMClient(client))
        yield from cases(found)


def cases(found: list[Any]) -> Iterator[Case]:
    """What was found, by what was checked; then all faults together."""
    for title in sorted({result.title for result in found}):
        of = [result for result in found if result.title == title]
        counts = Counter(result.status.name for result in of)
        told = ", ".join(f"{number} {name.lower()}" for name, number in sorted(counts.items()))
        yield Case(title, "checks", told, holds=not faults(of))
    wrong = faults(found)
    yield Case("everything", "faults", len(wrong), bar="0", holds=not wrong)
    for result in wrong:
        yield Case(result.title, "fault", str(result.reason)[:200], holds=False)


def faults(found: list[Any]) -> list[Any]:
    """What is not as the standard has it. What the service says that it does not have is skipped, and is no fault."""
    return [result for result in found if result.status.name not in {"SUCCESS", "SKIPPED", "ACCEPTABLE", "COMPLIANT"}]


def check(client: Any, **only: Any) -> list[Any]:
    """All that the checker finds of the service behind `client`, one of scim2-client's."""
    from scim2_models import ScimProvider, ServiceProviderConfig
    from scim2_tester import check_server

    config = client.query(ServiceProviderConfig)
    client.provider = ScimProvider(_models(), config=config)
    return list(check_server(client, **only))


def _models() -> list[Any]:
    """What the service keeps of people and groups. That a user's name is an e-mail address is told by examples, as no
    schema can say it: a new one each time."""
    from pydantic import Field
    from scim2_models import Required, Uniqueness

    from apps.accounts.scim import documents

    class Addresses(list[str]):
        def __getitem__(self, place: Any) -> Any:
            return f"{uuid4()}@example.org"

    class User(documents.User):
        user_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(None, examples=Addresses([""]))

    return [User, documents.Group]


def _token(program: Installation) -> tuple[str, str]:
    """The name of a tenant, and a token of its directory."""
    argv = [sys.executable, "manage.py", "shell", "--no-imports", "-c", _TOKEN]
    made = subprocess.run(argv, cwd=ROOT, env=program.environment, capture_output=True, text=True, check=True)
    slug, token = made.stdout.split()[-2:]
    return slug, token

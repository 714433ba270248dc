"""`manage.py tenant`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.tenants.models import Tenant


def tenant(*arguments: str) -> str:
    out = StringIO()
    call_command("tenant", *arguments, stdout=out)
    return out.getvalue()


def test_a_tenant_is_created_listed_suspended_resumed_and_deleted(acme: Tenant) -> None:
    assert "ready at initech.localhost" in tenant("create", "initech", "--industry", "dummy", "--name", "Initech")
    assert tenant("list").split("\n")[2].split() == ["initech", "ready", "dummy", "Initech"]
    assert "its data is kept" in tenant("suspend", "initech")
    assert Tenant.objects.get(slug="initech").status == "suspended"
    tenant("resume", "initech")
    assert "deleted" in tenant("delete", "initech", "--confirm", "initech")
    assert "initech" not in tenant("list")


def test_a_tenant_is_deleted_only_when_its_address_is_typed(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    with pytest.raises(CommandError, match="nothing was deleted"):
        tenant("delete", "acme")
    assert Tenant.objects.get(slug="acme").is_ready


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("suspend", "nobody"), "no tenant 'nobody'"),
        (("resume", "acme"), "is ready: only a suspended tenant can be resumed"),
        (("create", "acme", "--industry", "dummy"), "already"),
        (("create", "initech", "--industry", "alchemy"), "no industry 'alchemy'"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(acme: Tenant, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        tenant(*arguments)

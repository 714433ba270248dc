"""Files of a tenant."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.tenants.context import NoTenant, tenant_context
from apps.tenants.models import Tenant
from apps.tenants.storage import files_remove, tenant_path


def test_a_path_lies_in_the_tenants_folder_and_can_be_written(acme: Tenant, tmp_path: Path) -> None:
    path = tenant_path("datasets", "a.parquet")
    path.write_bytes(b"rows")
    assert path == tmp_path / "files" / "t_acme" / "datasets" / "a.parquet"


@pytest.mark.parametrize(
    "parts",
    [("..",), ("..", "t_globex", "x"), ("a", "..", "..", "x"), ("/etc/passwd",), ("a", "/etc/passwd"), ("a\x00b",)],
)
def test_a_path_that_leads_out_is_refused(acme: Tenant, parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"leads out|null"):
        tenant_path(*parts)


def test_a_link_that_leads_out_is_refused(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(globex):
        theirs = tenant_path("secret.txt")
        theirs.write_text("theirs")
    tenant_path("link").symlink_to(theirs.parent)
    with pytest.raises(ValueError, match="leads out"):
        tenant_path("link", "secret.txt")


def test_a_folder_whose_name_begins_like_the_tenants_is_another(acme: Tenant) -> None:
    with pytest.raises(ValueError, match="leads out"):
        tenant_path("..", "t_acme2", "x")


def test_outside_a_tenant_there_are_no_files() -> None:
    with pytest.raises(NoTenant):
        tenant_path("x")


def test_removing_the_files_of_one_leaves_those_of_the_other(acme: Tenant, globex: Tenant) -> None:
    ours = tenant_path("a.txt")
    ours.write_text("ours")
    with tenant_context(globex):
        theirs = tenant_path("a.txt")
        theirs.write_text("theirs")
    files_remove("t_acme")
    files_remove("t_acme")
    assert (ours.exists(), theirs.read_text()) == (False, "theirs")

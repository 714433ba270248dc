"""The cache of content types."""

from __future__ import annotations

import threading

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from apps.accounts.models import User
from apps.tenants.contenttypes import PerSchema
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant


def test_two_threads_in_two_tenants_never_see_each_others_content_types(
    committed_db: str, acme: Tenant, globex: Tenant
) -> None:
    with tenant_context(globex):  # as a tenant that missed a release: the same model under another id
        Permission.objects.all().delete()
        ContentType.objects.filter(app_label="accounts", model="user").update(id=9000)
    step = threading.Barrier(2)
    seen: dict[str, list[int]] = {"t_acme": [], "t_globex": []}

    def look(tenant: Tenant, first: bool) -> None:
        try:
            with tenant_context(tenant):
                for turn in range(50):
                    step.wait(30)
                    # One fills the cache, then the other reads: the interleaving that a shared cache gets wrong.
                    if first == (turn % 2 == 0):
                        seen[tenant.schema_name].append(ContentType.objects.get_for_model(User).pk)
                    step.wait(30)
                    if first != (turn % 2 == 0):
                        seen[tenant.schema_name].append(ContentType.objects.get_for_model(User).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=look, args=args) for args in ((acme, True), (globex, False))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen["t_globex"]) == {9000}
    assert len(set(seen["t_acme"])) == 1
    assert 9000 not in seen["t_acme"]
    assert len(seen["t_acme"]) == len(seen["t_globex"]) == 50


def test_a_model_that_is_registered_late_does_not_bring_the_shared_cache_back() -> None:
    ContentType._meta._expire_cache()  # type: ignore[attr-defined]  # what registering a model does to every other
    assert isinstance(ContentType.objects._cache, PerSchema)  # type: ignore[attr-defined]

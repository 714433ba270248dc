"""Every kind of work, times every attack: its rows, its claims and its ids mean nothing in the other tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import transaction

from apps.common import work
from apps.common.work import WorkKind
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from apps.tenants.storage import tenant_path
from tests.isolation.attacks import LEAST
from tests.isolation.operations import PLATFORM_WORK, WORK, kinds
from tests.isolation.rows import Watched
from tests.isolation.scene import Scene
from tests.isolation.work_attacks import applicable
from tests.isolation.work_tries import Place

every_kind = pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)


def test_no_kind_of_work_is_left_out() -> None:
    assert {kind.name for kind in kinds()} == set(WORK) | PLATFORM_WORK


@pytest.fixture
def equal(scene: Scene, acme: Tenant, globex: Tenant) -> Scene:
    """Both tenants have a due row of every kind, under the same id; the platform has one of each on the other."""
    with transaction.atomic():
        for tenant, side in ((acme, scene.ours), (globex, scene.theirs)):
            with tenant_context(tenant):
                for kind in kinds():
                    if kind.scope == "tenant":
                        work.schedule(kind.name, WORK[kind.name](side.shared))
        with public_context():
            for kind in kinds():
                if kind.scope == "platform":
                    work.schedule(kind.name, globex.pk)
    return scene


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()  # wake-ups that are outstanding are noted there


@every_kind
def test_at_least_twelve_attacks_make_sense_for_every_kind_of_work(kind: WorkKind) -> None:
    assert len(applicable(kind)) >= LEAST


@every_kind
def test_no_attack_on_work_comes_to_anything(
    kind: WorkKind, equal: Scene, acme: Tenant, globex: Tenant, watch: Callable[..., Watched]
) -> None:
    place, findings = Place(kind, acme, globex, equal), []
    rows = watch([globex.schema_name])
    for attack in applicable(kind):
        with undone():
            with tenant_context(acme):
                if wrong := attack.act(place):
                    findings.append(f"{attack.name}: {wrong}")
            if not attack.is_theirs and rows.now() != rows.at_first:
                findings.append(f"{attack.name}: it changed rows of theirs")
    assert findings == []


def test_a_cache_key_of_one_is_nothing_in_the_other(scene: Scene, acme: Tenant, globex: Tenant) -> None:
    for tenant, side in ((acme, scene.ours), (globex, scene.theirs)):
        with tenant_context(tenant):
            cache.set("the-same-key", side.marker)
    for tenant, side in ((acme, scene.ours), (globex, scene.theirs)):
        with tenant_context(tenant):
            assert cache.get("the-same-key") == side.marker
            assert cache.get(f"{scene.theirs.schema}:orchestrall:1:the-same-key") is None
            assert cache.get("../the-same-key") is None


def test_a_file_of_one_is_not_reached_from_the_other(scene: Scene, acme: Tenant, globex: Tenant) -> None:
    with tenant_context(globex):
        theirs = tenant_path("datasets", f"{scene.theirs.own.dataset}.parquet")
        assert theirs.exists()
    with tenant_context(acme):
        assert not tenant_path("datasets", theirs.name).exists()
        for way in (str(theirs), f"../{scene.theirs.schema}/datasets/{theirs.name}"):
            with pytest.raises(ValueError, match="leads out"):
                tenant_path(way)

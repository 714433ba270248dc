"""Every kind of work: its rows, its claims and its ids mean nothing in the other tenant."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from apps.common import work
from apps.common.work import Claim, FenceLost, WorkKind
from apps.dispatch import rows
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from apps.tenants.storage import tenant_path
from tests.isolation.ground import digests
from tests.isolation.operations import PLATFORM_WORK, WORK, kinds
from tests.isolation.scene import Scene

TENANT_KINDS = [kind for kind in kinds() if kind.scope == "tenant"]
PLATFORM_KINDS = [kind for kind in kinds() if kind.scope == "platform"]

every_kind = pytest.mark.parametrize("kind", TENANT_KINDS, ids=lambda kind: kind.name)


def test_no_kind_of_work_is_left_out() -> None:
    assert {kind.name for kind in kinds()} == set(WORK) | PLATFORM_WORK


@pytest.fixture
def equal(scene: Scene, acme: Tenant, globex: Tenant) -> Scene:
    """Both tenants have a due row of every kind, under the same id."""
    with transaction.atomic():
        for tenant, side in ((acme, scene.ours), (globex, scene.theirs)):
            with tenant_context(tenant):
                for kind in TENANT_KINDS:
                    work.schedule(kind.name, WORK[kind.name](side.shared))
    return scene


def stored(kind: WorkKind, id: UUID, schema: str) -> tuple[object, ...] | None:
    """The work row as it stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select fence, signal, deaths, due_at, lease_until from public.dispatch_work "
            "where id = %s and kind = %s and tenant = %s",
            [id, kind.name, schema],
        )
        found: tuple[object, ...] | None = cursor.fetchone()
        return found


def claimed(kind: WorkKind, schema: str) -> Claim:
    found = rows.claim(tenant=schema, queue=kind.queue, limit=64, slots=64).claims
    assert {claim.tenant for claim in found} == {schema}
    return next(claim for claim in found if claim.kind == kind.name)


@every_kind
def test_a_claim_takes_rows_of_its_tenant_alone(kind: WorkKind, equal: Scene) -> None:
    id = WORK[kind.name](equal.theirs.shared)
    before = stored(kind, id, equal.theirs.schema)
    assert claimed(kind, equal.ours.schema).id == id
    assert stored(kind, id, equal.theirs.schema) == before


@every_kind
def test_work_that_is_done_here_changes_nothing_there(kind: WorkKind, equal: Scene) -> None:
    id = WORK[kind.name](equal.theirs.shared)
    before = digests(connection, [equal.theirs.schema]), stored(kind, id, equal.theirs.schema)
    kind.perform(claimed(kind, equal.ours.schema))
    assert stored(kind, id, equal.ours.schema) is None
    assert (digests(connection, [equal.theirs.schema]), stored(kind, id, equal.theirs.schema)) == before


@every_kind
def test_the_claim_of_one_tenant_is_lost_in_the_other(kind: WorkKind, equal: Scene, acme: Tenant) -> None:
    """Whoever carries a claim across by mistake writes in neither."""
    claim = claimed(kind, equal.theirs.schema)
    schemas = [equal.ours.schema, equal.theirs.schema]
    before = digests(connection, schemas)
    for stolen in (claim, replace(claim, tenant=equal.ours.schema)):
        with tenant_context(acme), pytest.raises(FenceLost), work.fenced(stolen):
            pytest.fail("it was let in")
    with tenant_context(acme), pytest.raises(FenceLost):
        kind.perform(claim)
    assert digests(connection, schemas) == before


@every_kind
def test_a_guessed_fence_opens_nothing(kind: WorkKind, equal: Scene, globex: Tenant) -> None:
    claim = claimed(kind, equal.theirs.schema)
    guess = random.Random(1)
    with tenant_context(globex):
        for fence in (0, 1, claim.fence - 1, claim.fence + 1, *(guess.getrandbits(62) for _ in range(20))):
            with pytest.raises(FenceLost), work.fenced(replace(claim, fence=fence)):
                pytest.fail("it was let in")


@every_kind
def test_an_id_of_the_other_tenant_is_no_id_here(kind: WorkKind, scene: Scene, acme: Tenant, globex: Tenant) -> None:
    id = WORK[kind.name](scene.theirs.own)
    with tenant_context(globex), transaction.atomic():
        work.schedule(kind.name, id)
    before = stored(kind, id, scene.theirs.schema)
    assert before is not None
    with tenant_context(acme):
        assert work.signal(kind.name, id) is False
        assert work.requeue(kind.name, id) is False
        assert id not in set(kind.pending())
    assert stored(kind, id, scene.theirs.schema) == before


@pytest.mark.parametrize("kind", PLATFORM_KINDS, ids=lambda kind: kind.name)
def test_work_on_tenants_leaves_alone_what_is_not_being_worked_on(kind: WorkKind, scene: Scene, globex: Tenant) -> None:
    schemas = [scene.ours.schema, scene.theirs.schema]
    before = digests(connection, schemas)
    with public_context():
        with transaction.atomic():
            work.schedule(kind.name, globex.pk)
        kind.perform(claimed(kind, "public"))
        assert Tenant.objects.get(pk=globex.pk).is_ready
    assert digests(connection, schemas) == before


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

"""Changing keys, sealing what was plain, and telling how it stands."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import polars
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import CommandError, call_command
from django.db import connection

from apps.agents.models import AgentResult, AgentRun
from apps.common.errors import Conflict, Problem
from apps.datasets import selectors, services
from apps.datasets.models import Dataset
from apps.tenants import context, keys, keystore, masterkeys, rotation
from apps.tenants.context import public_context, tenant_by_schema, tenant_context
from apps.tenants.models import Tenant
from apps.tenants.sealing import KeyGone, SealBroken
from apps.tenants.services import signing_key_rotate, tenant_key_delete, tenant_resume

OTHER = "b3RoZXIga2V5OiAzMiBieXRlcyBvZiBhIGtleSEhISE="
MARK = "Zurich 4711"


def manage(*arguments: str) -> str:
    out = StringIO()
    call_command("keys", *arguments, stdout=out)
    return out.getvalue()


def make_run(number: int = 1) -> AgentRun:
    run = AgentRun.objects.create(
        agent_key="dummy.counter", agent_version="1.0", input={"n": number, "note": MARK}, origin="api"
    )
    AgentResult.objects.create(run=run, output={"told": MARK})
    return run


def make_dataset() -> Dataset:
    frame = polars.DataFrame({"item": [MARK], "sold": [3]})
    return services.dataset_from_frame(frame=frame, name="Sales", filename="sales.parquet", user=None)


def fresh(tenant: Tenant) -> Tenant:
    context.forget()
    found = tenant_by_schema(tenant.schema_name)
    assert found is not None
    return found


def everything_of(tenant: Tenant, folder: Path) -> bytes:
    """All that the database and the files hold of a tenant's payloads."""
    with connection.cursor() as cursor:
        cursor.execute("select input from agents_agentrun")
        found = [bytes(value) for (value,) in cursor.fetchall()]
        cursor.execute("select output from agents_agentresult")
        found += [bytes(value) for (value,) in cursor.fetchall()]
        cursor.execute("select columns || preview from datasets_dataset")
        found += [bytes(value) for (value,) in cursor.fetchall()]
    found += [path.read_bytes() for path in (folder / "files" / tenant.schema_name).rglob("*") if path.is_file()]
    return b"|".join(found)


def before_sealing(tenant: Tenant) -> Tenant:
    """The tenant as a release without data keys had made it."""
    private = keys.signing_key(tenant).private_bytes_raw()
    context_of = f"tenant:{tenant.pk}:signing_key"
    master = next(iter(masterkeys.local_keys()._keys.values()))
    sealed = b"\x01" + b"n" * 12 + AESGCM(master).encrypt(b"n" * 12, private, context_of.encode())
    keys.data_key_delete(tenant)
    with public_context():
        Tenant.objects.filter(pk=tenant.pk).update(data_key_id="", sealed_at=None, signing_key=sealed)
    return fresh(tenant)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("apps.tenants.rotation.time.sleep", waited.append)
    return waited


def test_what_an_older_release_stored_is_sealed_and_reads_as_before(
    acme: Tenant, no_waiting: list[float], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = keys.signing_key(acme).public_key()
    old = before_sealing(acme)
    monkeypatch.setattr(rotation, "BATCH", 2)
    with tenant_context(old):
        runs, dataset = [make_run(n) for n in range(5)], make_dataset()
        assert everything_of(old, settings.VAR).count(b"PAR1") == 2
        assert "no data key yet; 12 rows and 1 files are plain" in manage("status")
        assert AgentRun.objects.get(pk=runs[0].pk).input["note"] == MARK
        assert keys.signing_key(old).public_key() == public
    assert "Sealing what acme has stored (1 of 1)" in manage("seal")
    assert no_waiting == [keys.LOOK_AGAIN + 1]
    now = fresh(acme)
    assert now.sealed_at is not None
    with tenant_context(now):
        assert b"PAR1" not in everything_of(now, settings.VAR)
        assert not rotation._plain_keys(AgentRun)
        assert sorted(run.input["n"] for run in AgentRun.objects.all()) == [0, 1, 2, 3, 4]
        assert {result.output["told"] for result in AgentResult.objects.all()} == {MARK}
        assert selectors.dataset_by_id(dataset.pk).preview == [[MARK, "3"]]
        assert selectors.dataset_frame(dataset)["item"].to_list() == [MARK]
        assert keys.signing_key(now).public_key() == public
        assert bytes(now.signing_key)[:1] == b"\x02"
    assert manage("seal") == "Everything that is stored is sealed.\n"


def test_sealing_goes_on_where_it_was_stopped(acme: Tenant, no_waiting: list[float], monkeypatch: Any) -> None:
    old = before_sealing(acme)
    with tenant_context(old):
        make_run()
        make_dataset()
    with monkeypatch.context() as broken:
        broken.setattr("apps.tenants.storage.file_reseal", lambda path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rotation.everything_seal(tell=print)
    half = fresh(acme)
    assert half.data_key_id
    assert half.sealed_at is None
    with tenant_context(half):
        assert AgentRun.objects.get().input["note"] == MARK
        assert selectors.dataset_frame(Dataset.objects.get()).height == 1
    rotation.everything_seal(tell=print)
    with tenant_context(fresh(acme)):
        assert selectors.dataset_frame(Dataset.objects.get()).height == 1
    assert no_waiting == [keys.LOOK_AGAIN + 1] * 2


def test_a_sealed_dataset_shows_nothing(acme: Tenant, settings: Any) -> None:
    make_run()
    make_dataset()
    assert MARK.encode() not in everything_of(acme, settings.VAR)


def test_the_master_key_is_changed_and_the_old_one_opens_nothing(
    acme: Tenant, globex: Tenant, operators: Tenant, settings: Any
) -> None:
    run = make_run()
    old = settings.MASTER_KEY
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = OTHER, [old]
    keys.forget()
    assert AgentRun.objects.get().input["note"] == MARK  # processes that hold both keys go on
    assert "to be rotated" in manage("status")
    assert manage("rotate") == "3 data keys were wrapped anew; the current master key opens every one.\n"
    assert manage("rotate").startswith("0 data keys")
    settings.FORMER_MASTER_KEYS = []
    keys.forget()
    assert AgentRun.objects.get(pk=run.pk).input["note"] == MARK
    assert "to be rotated" not in manage("status")
    settings.MASTER_KEY = old
    keys.forget()
    with pytest.raises(SealBroken):
        AgentRun.objects.get(pk=run.pk).input  # noqa: B018
    assert "which this process was not given" in manage("status")


def test_a_rotation_that_was_stopped_is_finished_by_the_next(
    acme: Tenant, globex: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = OTHER, [settings.MASTER_KEY]
    real = keystore.replace
    with monkeypatch.context() as broken:
        broken.setattr(keystore, "replace", lambda id, *args: real(id, *args) if id == acme.pk else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rotation.data_keys_rewrap(tell=print)
    rotation.data_keys_rewrap(tell=print)
    settings.FORMER_MASTER_KEYS = []
    keys.forget()
    assert keys.data_key(acme)
    assert keys.data_key(globex)


def test_keys_that_do_not_open_are_named_and_the_others_are_changed(
    acme: Tenant, globex: Tenant, settings: Any
) -> None:
    stored = keystore.get(globex.pk)
    assert stored is not None
    keystore.replace(globex.pk, stored, keystore.WrappedKey(stored.id, stored.master, b"changed" * 9))
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = OTHER, [settings.MASTER_KEY]
    with pytest.raises(Conflict, match=r"2 keys were wrapped anew; 1 do not open\. globex"):
        rotation.data_keys_rewrap(tell=print)


def test_the_master_key_stays_while_it_seals_something_itself(acme: Tenant) -> None:
    before_sealing(acme)
    with pytest.raises(CommandError, match=r"Run `manage\.py keys seal` first"):
        manage("rotate")
    with pytest.raises(CommandError, match=r"Run `manage\.py keys seal` first"):
        manage("rotate", "--signing", "acme")


def test_signing_keys_are_changed_for_one_or_for_all(acme: Tenant, globex: Tenant) -> None:
    before = [keys.signing_key(tenant).private_bytes_raw() for tenant in (acme, globex)]
    assert manage("rotate", "--signing", "acme") == "acme signs with a new key.\n"
    after = [keys.signing_key(fresh(tenant)).private_bytes_raw() for tenant in (acme, globex)]
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)
    assert len(keys.verification_keys(fresh(acme))) == 2
    assert manage("rotate", "--signing", "--at-once").count("signs with a new key") == 3
    assert len(keys.verification_keys(fresh(acme))) == 1
    with pytest.raises(CommandError, match="goes with --signing"):
        manage("rotate", "--at-once")


def test_erasing_closes_the_tenant_for_good_and_leaves_the_others(acme: Tenant, globex: Tenant) -> None:
    make_run()
    with tenant_context(globex):
        make_run()
    assert "is deleted" in manage("erase", "acme", "--confirm", "acme")
    erased = fresh(acme)
    assert erased.status == "suspended"
    with pytest.raises(KeyGone):
        AgentRun.objects.get().input  # noqa: B018
    with tenant_context(erased), pytest.raises(KeyGone):
        tenant_resume(tenant=erased)
    with tenant_context(globex):
        assert AgentRun.objects.get().input["note"] == MARK
    assert "deleted" in manage("status").splitlines()[1]


def test_erasing_asks_for_the_address(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    with pytest.raises(CommandError, match="nothing was erased"):
        manage("erase", "acme")
    assert keys.data_key(acme)
    assert fresh(acme).is_ready


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("erase", "nobody", "--confirm", "nobody"), "no tenant 'nobody'"),
        (("erase", "operators", "--confirm", "operators"), "cannot be erased"),
        (("rotate", "--signing", "nobody"), "no tenant 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(acme: Tenant, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        manage(*arguments)


def test_what_was_never_sealed_cannot_be_erased_by_its_key(acme: Tenant) -> None:
    old = before_sealing(acme)
    with pytest.raises(Conflict, match="not sealed yet"):
        tenant_key_delete(tenant=old)
    assert fresh(acme).is_ready


def test_a_master_key_that_is_none_is_told_by_the_command(acme: Tenant, settings: Any) -> None:
    settings.MASTER_KEY = "short"
    with pytest.raises(CommandError, match="openssl rand"):
        manage("status")


def test_a_key_of_nobody_is_told(acme: Tenant) -> None:
    keystore.add(UUID(int=5), keystore.WrappedKey("a", "b", b"c"))
    assert "the tenant is not in the database" in manage("status")


def test_a_signing_key_is_not_changed_without_the_data_key(acme: Tenant) -> None:
    keys.data_key_delete(acme)
    with pytest.raises(Problem, match="was deleted"):
        signing_key_rotate(tenant=acme)

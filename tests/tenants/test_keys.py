"""Keys of tenants: where they are, what opens them, and when they are gone."""

from __future__ import annotations

import base64
import json
import pickle
import stat
import sys
import time
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.conf import settings

from apps.tenants import keys, keystore, masterkeys
from apps.tenants.context import tenant_by_schema
from apps.tenants.keystore import WrappedKey
from apps.tenants.models import Tenant
from apps.tenants.sealing import KeyGone, KeysUnavailable, SealBroken
from apps.tenants.services import signing_key_rotate

OTHER = "b3RoZXIga2V5OiAzMiBieXRlcyBvZiBhIGtleSEhISE="


def _file(tenant: Tenant) -> Path:
    return Path(settings.KEYS) / str(tenant.pk)


def test_a_data_key_shows_itself_nowhere(acme: Tenant) -> None:
    key = keys.require_data_key(acme)
    assert repr(key) == f"<DataKey {acme.data_key_id}>"
    with pytest.raises(TypeError, match="stays in the memory"):
        pickle.dumps(key)


def test_the_store_holds_no_key_that_opens_anything(acme: Tenant) -> None:
    secret = keys.require_data_key(acme)._secret
    stored = _file(acme).read_bytes()
    assert secret not in stored
    assert base64.b64encode(secret) not in stored
    assert secret not in base64.b64decode(json.loads(stored)["wrapped"])


def test_only_the_user_of_the_process_reads_the_store(acme: Tenant) -> None:
    keystore.replace(acme.pk, got(acme), got(acme))
    assert stat.S_IMODE(_file(acme).stat().st_mode) == 0o600


def test_a_new_store_is_closed_to_others(settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "deep" / "keys"
    keystore.add(UUID(int=1), WrappedKey("a", "b", b"c"))
    assert stat.S_IMODE(settings.KEYS.stat().st_mode) == 0o700
    assert keystore.tenants() == {UUID(int=1)}
    assert keystore.get(UUID(int=1)) == WrappedKey("a", "b", b"c")


def test_of_two_keys_made_at_once_the_first_one_stays(acme: Tenant) -> None:
    first = got(acme)
    assert keystore.add(acme.pk, WrappedKey("second", "b", b"c")) == first
    assert got(acme) == first


def got(tenant: Tenant) -> WrappedKey:
    stored = keystore.get(tenant.pk)
    assert stored is not None
    return stored


def test_the_key_of_another_tenant_does_not_open(acme: Tenant, globex: Tenant) -> None:
    _file(acme).write_text(_file(globex).read_text())
    keys.forget()
    with pytest.raises(SealBroken):
        keys.data_key(acme)


def test_another_master_key_opens_nothing(acme: Tenant, settings: Any) -> None:
    settings.MASTER_KEY = OTHER
    keys.forget()
    with pytest.raises(SealBroken, match="which this process was not given") as told:
        keys.data_key(acme)
    assert "ORCHESTRALL_FORMER_MASTER_KEYS" in told.value.remedy


def test_a_master_key_opens_after_another_has_taken_its_place(acme: Tenant, settings: Any) -> None:
    before = keys.require_data_key(acme)._secret
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = OTHER, [settings.MASTER_KEY]
    keys.forget()
    assert keys.require_data_key(acme)._secret == before


def test_a_key_wrapped_anew_is_the_same_key_and_needs_the_new_master_key_only(acme: Tenant, settings: Any) -> None:
    before = keys.require_data_key(acme)._secret
    old, settings.MASTER_KEY = settings.MASTER_KEY, OTHER
    settings.FORMER_MASTER_KEYS = [old]
    assert keys.data_key_rewrap(acme.pk)
    assert not keys.data_key_rewrap(acme.pk)
    settings.FORMER_MASTER_KEYS = []
    keys.forget()
    assert keys.require_data_key(acme)._secret == before
    settings.MASTER_KEY = old
    keys.forget()
    with pytest.raises(SealBroken):
        keys.data_key(acme)


def test_a_key_that_was_deleted_meanwhile_does_not_come_back(acme: Tenant) -> None:
    stored = got(acme)
    assert keystore.remove(acme.pk)
    assert not keystore.replace(acme.pk, stored, stored)
    assert keystore.get(acme.pk) is None
    assert not keystore.remove(acme.pk)


def test_a_deleted_key_is_overwritten_before_its_place_is_given_back(acme: Tenant) -> None:
    with _file(acme).open("rb") as before:
        keys.data_key_delete(acme)
        assert set(before.read()) == {0}


def test_another_process_deletes_a_key_and_this_one_forgets_it(acme: Tenant, monkeypatch: Any) -> None:
    keys.require_data_key(acme)
    _file(acme).unlink()
    now = time.monotonic()
    monkeypatch.setattr("apps.tenants.keys.time.monotonic", lambda: now + keys.LOOK_AGAIN + 0.1)
    with pytest.raises(KeyGone):
        keys.data_key(acme)


def test_a_store_that_is_not_mounted_is_no_erasure(acme: Tenant, settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "not mounted"
    keys.forget()
    with pytest.raises(KeysUnavailable):
        keys.data_key(acme)


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"version": 2}', '{"version": 1, "id": "a"}'])
def test_a_damaged_key_file_is_no_erasure(acme: Tenant, text: str) -> None:
    _file(acme).write_text(text)
    keys.forget()
    with pytest.raises(KeysUnavailable, match="cannot be read"):
        keys.data_key(acme)


def test_a_key_store_of_another_time_is_told_apart(acme: Tenant) -> None:
    keys.data_key_delete(acme)
    keys.data_key_make(copy(acme))
    with pytest.raises(KeysUnavailable, match="whose data is sealed with"):
        keys.data_key(acme)


class CountingService:
    """A key management service: it holds the master key, counts what it is asked, and checks the context."""

    asked: ClassVar[list[str]] = []
    away: ClassVar[bool] = False
    _keys: ClassVar[dict[bytes, tuple[bytes, str]]] = {}

    current = "service/1"

    def wrap(self, key: bytes, *, context: str) -> bytes:
        name = f"blob {len(self._keys)}".encode()
        self._keys[name] = (key, context)
        return name

    def unwrap(self, wrapped: bytes, *, master: str, context: str) -> bytes:
        if self.away:
            raise KeysUnavailable
        self.asked.append(context)
        key, bound = self._keys[wrapped]
        if bound != context or master != self.current:
            raise SealBroken
        return key


@pytest.fixture
def service(acme: Tenant, settings: Any) -> Iterator[type[CountingService]]:
    settings.KEY_WRAPPER = f"{__name__}.CountingService"
    sys.modules.setdefault(__name__, sys.modules[CountingService.__module__])
    keys.forget()
    CountingService.asked.clear()
    yield CountingService
    CountingService.away = False


def test_keys_move_from_a_master_key_to_a_service(acme: Tenant, service: type[CountingService], settings: Any) -> None:
    before = keys.require_data_key(acme)._secret  # by the local key, which the settings still hold
    assert keys.data_key_rewrap(acme.pk)
    settings.MASTER_KEY = ""
    keys.forget()
    assert keys.require_data_key(acme)._secret == before
    assert got(acme).master == "service/1"


def test_a_service_is_asked_once_and_not_for_each_value(
    acme: Tenant, service: type[CountingService], monkeypatch: Any
) -> None:
    keys.data_key_rewrap(acme.pk)
    keys.forget()
    key = keys.require_data_key(acme)
    for _ in range(100):
        key.open(key.seal(b"x", purpose="p", context="c"), purpose="p", context="c")
    now = time.monotonic()
    for minute in range(10):
        monkeypatch.setattr("apps.tenants.keys.time.monotonic", lambda later=minute: now + 60 * later)
        keys.require_data_key(acme)
    assert len(service.asked) == 1


def test_a_service_that_is_away_is_no_erasure(acme: Tenant, service: type[CountingService]) -> None:
    keys.data_key_rewrap(acme.pk)
    keys.forget()
    service.away = True
    with pytest.raises(KeysUnavailable):
        keys.data_key(acme)


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "not base64 at all!"])
def test_a_key_that_is_none_is_refused_with_what_to_do(settings: Any, key: str) -> None:
    settings.MASTER_KEY = key
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        masterkeys.wrapper()
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = OTHER, [key]
    with pytest.raises(ValueError, match="FORMER_MASTER_KEYS must be 32 bytes"):
        masterkeys.wrapper()


def test_a_wrapper_that_is_not_there_is_refused(settings: Any) -> None:
    settings.KEY_WRAPPER = "no.such.Wrapper"
    with pytest.raises(ValueError, match=r"ORCHESTRALL_KEY_WRAPPER is 'no.such.Wrapper'"):
        masterkeys.wrapper()


def test_each_tenant_signs_with_a_key_of_its_own_which_the_other_cannot_open(acme: Tenant, globex: Tenant) -> None:
    ours, theirs = keys.signing_key(acme), keys.signing_key(globex)
    assert ours.public_key().public_bytes_raw() != theirs.public_key().public_bytes_raw()
    acme.signing_key = globex.signing_key
    with pytest.raises(SealBroken):
        keys.signing_key(acme)


def _verifies_with(tenant: Tenant) -> list[bytes]:
    return [key.public_bytes_raw() for key in keys.verification_keys(tenant)]


def test_the_former_signing_key_verifies_until_its_last_token_has_expired(acme: Tenant) -> None:
    before = keys.signing_key(acme).public_key().public_bytes_raw()
    assert _verifies_with(acme) == [before]
    signing_key_rotate(tenant=acme)
    fresh = tenant_by_schema(acme.schema_name)
    assert fresh is not None
    now = keys.signing_key(fresh).public_key().public_bytes_raw()
    assert now != before
    assert _verifies_with(fresh) == [now, before]
    assert fresh.signing_key_changed_at is not None
    fresh.signing_key_changed_at -= timedelta(minutes=10)
    assert _verifies_with(fresh) == [now, before]
    fresh.signing_key_changed_at -= timedelta(minutes=1)
    assert _verifies_with(fresh) == [now]


def test_a_signing_key_that_was_seen_is_refused_at_once(acme: Tenant) -> None:
    before = keys.signing_key(acme).public_key().public_bytes_raw()
    signing_key_rotate(tenant=acme, at_once=True)
    assert before not in _verifies_with(acme)
    assert len(_verifies_with(acme)) == 1

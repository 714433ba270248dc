"""What becomes of keys and tokens is recorded, and no secret of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import NotAuthenticated
from apps.gateway import refresh, services
from apps.gateway.principals import Caller
from tests.gateway.conftest import MakeKey


@pytest.fixture
def owner(member: Callable[..., User]) -> User:
    return member("owner")


def entries() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def everything() -> str:
    payloads = [each.payload for each in AuditEntry.objects.select_related("payload")]
    return str([(each.facts, each.personal) for each in payloads])


def test_a_key_is_recorded_from_its_making_to_its_end_without_its_text(owner: User, make_key: MakeKey) -> None:
    key, text = make_key(owner, "keys.view")
    made, following = services.key_rotate(who=Caller(owner), key=key, overlap="1d")
    services.key_revoke(who=Caller(owner), key=made)
    services.key_revoke(who=Caller(owner), key=made)  # it has ended: nothing to record
    assert entries() == ["gateway.key_made", "gateway.key_rotated", "gateway.key_revoked"]
    assert not [secret for secret in (text, following) if secret.rpartition("_")[2] in everything()]


def test_a_key_says_what_it_may_and_for_whom(owner: User, make_key: MakeKey) -> None:
    key, _ = make_key(owner, "keys.view")
    entry = AuditEntry.objects.select_related("payload").get()
    assert (entry.subject_kind, entry.subject_id) == ("gateway.apikey", str(key.pk))
    facts: dict[str, Any] = entry.payload.facts["content"]
    assert facts["after"]["scopes"] == ["keys.view"]
    assert facts["account"] == str(owner.pk)


def test_a_refresh_token_that_comes_twice_is_recorded_once(owner: User) -> None:
    text = refresh.refresh_issue(user=owner)
    refresh.refresh_trade(text=text)
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            refresh.refresh_trade(text=text)
    assert entries() == ["gateway.token_issued", "gateway.token_refreshed", "gateway.token_used_twice"]
    assert text not in everything()


def test_a_token_that_is_revoked_again_is_recorded_once(owner: User) -> None:
    text = refresh.refresh_issue(user=owner)
    refresh.refresh_revoke(text=text)
    refresh.refresh_revoke(text=text)
    assert entries() == ["gateway.token_issued", "gateway.token_revoked"]

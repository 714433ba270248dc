"""What opens /scim/v2/, and what it does not open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ScimToken, User
from apps.accounts.scim import directory
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.gateway import limits
from apps.gateway.marks import mint
from apps.gateway.models import ApiKey
from apps.tenants.models import Tenant
from tests.accounts.scim.conftest import Speaker

MakeMember = Callable[..., User]


def test_only_the_digest_of_a_token_is_stored_and_its_use_is_noted(scim: Speaker) -> None:
    assert scim("GET", "Users").status_code == 200

    token = ScimToken.objects.get()
    assert token.last_used_at is not None
    assert all(scim.token not in str(value) for value in vars(token).values())


@pytest.mark.parametrize("token", ["", "nonsense", "ors_00000000_" + "x" * 49, "é"])
def test_a_wrong_token_opens_nothing(scim: Speaker, token: str) -> None:
    answer = Speaker(scim.host, token)("GET", "Users")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="scim"'
    assert answer.document["status"] == "401"


def test_the_token_of_another_tenant_opens_nothing_even_with_its_row(scim: Speaker, other_scim: Speaker) -> None:
    stranger = Speaker(scim.host, other_scim.token)
    assert stranger("GET", "Users").status_code == 401

    from apps.tenants.context import tenant_context

    with tenant_context(Tenant.objects.get(slug="globex")):
        row = ScimToken.objects.get()
    row.created_by = None
    row.save(force_insert=True)  # as by a careless restore

    assert stranger("GET", "Users").status_code == 401


def test_a_token_that_is_at_its_end_opens_nothing(scim: Speaker, owner: User) -> None:
    token = ScimToken.objects.get()
    directory.token_revoke(actor=owner, token=token)
    assert scim("GET", "Users").status_code == 401

    ScimToken.objects.update(revoked_at=None, expires_at=timezone.now() - timedelta(seconds=1))
    assert scim("GET", "Users").status_code == 401


def test_a_rotated_token_goes_on_for_the_overlap_beside_the_new_one(scim: Speaker, owner: User) -> None:
    old = ScimToken.objects.get()
    _, text = directory.token_rotate(actor=owner, token=old, overlap="1h")
    with pytest.raises(Conflict):
        directory.token_rotate(actor=owner, token=old, overlap="1h")

    assert {each("GET", "Users").status_code for each in (scim, Speaker(scim.host, text))} == {200}
    ScimToken.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    assert scim("GET", "Users").status_code == 401


def test_the_token_opens_nothing_but_scim(scim: Speaker) -> None:
    client = Client(headers={"host": scim.host, "Authorization": f"Bearer {scim.token}"})

    for address in ("/api/v1/runs", "/api/v1/service-accounts", "/mcp"):
        assert client.get(address).status_code in {401, 405}
    assert "/accounts/login/" in client.get("/members/")["Location"]


def test_no_key_token_or_session_opens_scim(
    scim: Speaker, owner: User, client_for: Callable[..., Client], api_key: Callable[..., str]
) -> None:
    assert client_for(owner).get("/scim/v2/Users").status_code == 401
    assert Speaker(scim.host, api_key(owner))("GET", "Users").status_code == 401


@pytest.fixture
def api_key() -> Callable[..., str]:
    from apps.gateway.principals import Caller
    from apps.gateway.services import key_create

    return lambda user: key_create(who=Caller(user), name="k", scopes=["members.view"], days=7)[1]


def test_bad_tokens_are_counted_for_the_address_and_good_ones_for_the_token(
    scim: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    real = limits.take

    def noted(buckets: Sequence[limits.Bucket], number: int = 1) -> limits.Allowance | None:
        taken.extend(bucket.name for bucket in buckets)
        return real(buckets, number)

    monkeypatch.setattr(limits, "take", noted)

    Speaker(scim.host, "ors_wrong")("GET", "Users")
    assert taken == ["address"]
    scim("GET", "Users")
    assert taken == ["address", "tenant", "caller"]


def test_a_directory_that_asks_too_much_is_told_when_to_come_again(scim: Speaker, acme: Tenant) -> None:
    from apps.tenants.context import forget, public_context

    with public_context():
        Tenant.objects.filter(pk=acme.pk).update(max_caller_requests=2)
    forget()

    answers = [scim("GET", "Users") for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


@pytest.mark.parametrize(("name", "days"), [("", 30), ("x" * 101, 30), ("a\nb", 30), ("Entra", 0), ("Entra", 367)])
def test_a_token_has_a_name_and_an_end(owner: User, name: str, days: int) -> None:
    with pytest.raises(InvalidInput):
        directory.token_create(actor=owner, name=name, days=days)


def test_who_may_not_say_how_members_sign_in_makes_no_token(member: MakeMember) -> None:
    for role in ("builder", "auditor"):
        with pytest.raises(PermissionDenied):
            directory.token_create(actor=member(role), name="Entra", days=30)


def test_a_token_is_no_key(scim: Speaker) -> None:
    from apps.gateway.credentials import bearer_verify
    from apps.gateway.tokens import TokenRefused

    with pytest.raises(TokenRefused, match="of a directory"):
        bearer_verify(mint("ors_00000000_"))
    assert not ApiKey.objects.exists()

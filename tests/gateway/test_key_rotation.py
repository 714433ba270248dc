"""A key that takes over from another, and keys of programs' own accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.gateway import selectors, services
from apps.gateway.marks import PATTERN, is_whole
from apps.gateway.models import ApiKey
from apps.gateway.principals import Caller
from apps.tenants.models import Tenant
from tests.gateway.conftest import MakeKey, Program

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE = "/keys/"

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", name="Olga Owner")


@pytest.fixture
def robot(member: Make) -> User:
    return member("auditor", name="Warehouse", is_service=True, password=None)


def rotated(owner: User, key: ApiKey, overlap: str = "1d") -> tuple[ApiKey, str]:
    return services.key_rotate(who=Caller(owner), key=key, overlap=overlap)


def test_the_new_key_is_alike_and_both_work_while_they_overlap(
    owner: User, make_key: MakeKey, program: Program
) -> None:
    old, old_text = make_key(owner, "keys.view", "runs.view", days=90)
    new, new_text = rotated(owner, old)
    assert (new.name, new.scopes, new.user, new.replaces) == (old.name, old.scopes, old.user, old)
    assert new_text != old_text
    assert is_whole(new_text, f"ork_{new.prefix}_")
    assert abs((new.expires_at - timezone.now()) - timedelta(days=90)) < timedelta(hours=1)
    old.refresh_from_db()
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(days=1)
    assert {program(text).get("/api/v1/sample").status_code for text in (old_text, new_text)} == {200}
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())  # as it is when the overlap is over
    assert program(old_text).get("/api/v1/sample").status_code == 401
    assert program(new_text).get("/api/v1/sample").status_code == 200


def test_without_an_overlap_the_old_key_ends_at_once(owner: User, make_key: MakeKey, program: Program) -> None:
    old, old_text = make_key(owner)
    _, new_text = rotated(owner, old, "0")
    assert program(old_text).get("/api/v1/sample").status_code == 401
    assert program(new_text).get("/api/v1/sample").status_code == 200


def test_an_overlap_lengthens_no_life(owner: User, make_key: MakeKey) -> None:
    old, _ = make_key(owner, days=2)
    rotated(owner, old, "7d")
    old.refresh_from_db()
    assert old.expires_at - old.created_at < timedelta(days=2, hours=1)


def test_a_key_is_rotated_once_unless_its_successor_was_lost(owner: User, make_key: MakeKey) -> None:
    old, _ = make_key(owner, days=30)
    lost, _ = rotated(owner, old)
    with pytest.raises(Conflict, match="takes over from this key already"):
        rotated(owner, old)
    services.key_revoke(who=Caller(owner), key=lost)
    again, _ = rotated(owner, old)
    assert again.expires_at - timezone.now() > timedelta(days=29)  # the lifetime of before, not what is left of it
    assert ApiKey.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}],
    ids=lambda change: next(iter(change)),
)
def test_a_key_that_has_ended_is_not_rotated(owner: User, make_key: MakeKey, change: dict[str, Any]) -> None:
    old, _ = make_key(owner)
    ApiKey.objects.update(**change)
    with pytest.raises(Conflict, match="has ended"):
        rotated(owner, old)
    assert ApiKey.objects.count() == 1


def test_an_overlap_that_is_not_offered_is_refused(owner: User, make_key: MakeKey) -> None:
    old, _ = make_key(owner)
    with pytest.raises(InvalidInput) as refused:
        rotated(owner, old, "999d")
    assert [issue.path for issue in refused.value.issues] == ["overlap"]


def test_nobody_gets_the_key_of_another_person_by_rotating_it(
    owner: User, member: Make, make_key: MakeKey, client_for: Browser
) -> None:
    key, _ = make_key(owner, "runs.view")
    administrator = member("administrator")
    with pytest.raises(PermissionDenied, match="speaks for Olga Owner"):
        rotated(administrator, key)
    assert client_for(administrator).post(f"{PAGE}{key.pk}/rotate/", {"overlap": "0"}).status_code == 403
    assert "Rotate" not in client_for(administrator).get(PAGE).content.decode()
    assert "Rotate" in client_for(owner).get(PAGE).content.decode()
    key.refresh_from_db()
    assert key.state == "active"


def test_a_key_rotates_no_key_not_even_itself(owner: User, make_key: MakeKey, program: Program) -> None:
    key, text = make_key(owner, "keys.manage", "keys.view")
    answer = program(text).post(f"/api/v1/keys/{key.pk}/rotate", {}, content_type="application/json")
    assert answer.status_code == 403
    assert "cannot make keys" in answer.json()["detail"]
    assert ApiKey.objects.count() == 1


def test_a_key_from_before_there_were_checksums_still_works(owner: User, make_key: MakeKey, program: Program) -> None:
    from apps.gateway.marks import digest_of

    _, text = make_key(owner)
    older = text[:-6]
    ApiKey.objects.update(digest=digest_of(older))
    assert program(older).get("/api/v1/sample").status_code == 200
    assert program(text).get("/api/v1/sample").status_code == 401


def test_a_text_with_a_wrong_checksum_costs_no_look_into_the_database(
    owner: User, make_key: MakeKey, program: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    _, text = make_key(owner)
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    program(text).get("/api/v1/sample")
    with django_assert_num_queries(0):
        assert selectors.key_verify(wrong) is None


def test_a_key_is_rotated_on_the_page_and_shown_once(
    owner: User, make_key: MakeKey, client_for: Browser, program: Program
) -> None:
    import re

    key, _ = make_key(owner)
    browser = client_for(owner)
    assert "goes on for as long as you choose" in browser.get(f"{PAGE}{key.pk}/rotate/").content.decode()
    assert ApiKey.objects.count() == 1
    answer = browser.post(f"{PAGE}{key.pk}/rotate/", {"overlap": "1h"})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    (text,) = set(re.findall(PATTERN, answer.content.decode()))
    assert program(text).get("/api/v1/sample").status_code == 200
    page = browser.get(PAGE).content.decode()
    assert text not in page
    assert f"ork_{text.split('_')[1]}_…</code> takes over" in page


def test_keys_are_found_by_name_prefix_and_state(owner: User, make_key: MakeKey) -> None:
    first, _ = make_key(owner)
    second, _ = make_key(owner)
    ApiKey.objects.filter(pk=second.pk).update(name="Nightly export")
    services.key_revoke(who=Caller(owner), key=first)

    def found(**narrow: str) -> list[ApiKey]:
        return selectors.keys_list(who=owner, **narrow)

    assert found() == [second, first]
    assert found(search="nightly") == [second]
    assert found(search=f"ork_{first.prefix}") == [first]
    assert found(state="active") == [second]
    assert found(state="ended") == [first]
    assert found(search="' or 1=1 --\x00") == []


def test_a_key_of_a_service_account_speaks_for_it(owner: User, robot: User, program: Program) -> None:
    key, text = services.key_create(who=Caller(owner), name="x", scopes=["keys.view"], days=1, account=robot)
    assert key.user == robot
    assert program(text).get("/api/v1/sample").json()["user"] == str(robot.pk)
    User.objects.filter(pk=robot.pk).update(is_active=False)
    assert program(text).get("/api/v1/sample").status_code == 401


def test_a_key_of_a_service_account_holds_what_both_its_maker_and_the_account_do(
    owner: User, member: Make, robot: User
) -> None:
    def make(who: User, *scopes: str) -> None:
        services.key_create(who=Caller(who), name="x", scopes=scopes, days=1, account=robot)

    make(owner, "keys.view")
    with pytest.raises(InvalidInput) as refused:
        make(owner, "keys.manage")  # the owner holds it, an auditor does not
    assert "Warehouse does not hold" in refused.value.issues[0].message
    robot.role = "owner"
    narrow = Caller(owner, frozenset({"keys.manage", "keys.view"}))
    with pytest.raises(InvalidInput) as refused:  # the account holds it, the maker does not
        services.key_create(who=narrow, name="x", scopes=["runs.view"], days=1, account=robot)
    assert "You cannot give what you do not hold" in refused.value.issues[0].message
    with pytest.raises(PermissionDenied):
        make(member("builder"), "runs.view")


def test_the_role_of_an_account_must_allow_the_api(owner: User, member: Make) -> None:
    viewer = member("viewer", name="Reader", is_service=True, password=None)
    with pytest.raises(InvalidInput) as refused:
        services.key_create(who=Caller(owner), name="x", scopes=["runs.view"], days=1, account=viewer)
    assert "The role of Reader may not call the API" in refused.value.issues[0].message


def test_who_holds_all_of_it_rotates_the_key_of_a_service_account(owner: User, member: Make, robot: User) -> None:
    key, _ = services.key_create(who=Caller(owner), name="x", scopes=["keys.view"], days=1, account=robot)
    made, _ = rotated(member("administrator"), key)
    assert made.user == robot


def test_who_does_not_hold_all_of_it_does_not(owner: User, member: Make, robot: User) -> None:
    key, _ = services.key_create(who=Caller(owner), name="x", scopes=["keys.view"], days=1, account=robot)
    narrow = Caller(member("administrator"), frozenset({"keys.manage"}))
    with pytest.raises(PermissionDenied, match="what you do not hold"):
        services.key_rotate(who=narrow, key=key, overlap="0")


def test_only_an_active_service_account_is_one_that_keys_are_made_for(
    owner: User, member: Make, robot: User, client_for: Browser
) -> None:
    person = member("analyst")
    assert selectors.accounts_list(who=owner) == [robot]
    assert selectors.account_get(who=owner, id=robot.pk) == robot
    User.objects.filter(pk=robot.pk).update(is_active=False)
    for other in (person, robot):
        with pytest.raises(NotFound):
            selectors.account_get(who=owner, id=other.pk)
        answer = client_for(owner).post(
            f"{PAGE}new/", {"name": "x", "days": "7", "scopes": ["runs.view"], "account": str(other.pk)}
        )
        assert answer.status_code == 404
    assert not ApiKey.objects.exists()


def test_the_form_offers_the_accounts_and_makes_a_key_for_the_chosen_one(
    owner: User, robot: User, client_for: Browser
) -> None:
    browser = client_for(owner)
    form = browser.get(f"{PAGE}new/?account={robot.pk}").content.decode()
    assert f'value="{robot.pk}" selected' in form
    wanted = {"name": "x", "days": "7", "scopes": ["keys.view"], "account": str(robot.pk)}
    assert browser.post(f"{PAGE}new/", wanted).status_code == 201
    assert ApiKey.objects.get().user == robot
    assert browser.post(f"{PAGE}new/", {**wanted, "account": "nonsense"}).status_code == 422
    assert "Service account" in browser.get(PAGE).content.decode()


def test_a_key_of_the_other_tenant_is_not_rotated(
    owner: User, member: Make, globex: Tenant, make_key: MakeKey, client_for: Browser
) -> None:
    member(tenant=globex)
    key, _ = make_key(member("owner", tenant=globex), tenant=globex)
    assert client_for(owner).get(f"{PAGE}{key.pk}/rotate/").status_code == 404
    assert client_for(owner).post(f"{PAGE}{key.pk}/rotate/", {"overlap": "0"}).status_code == 404

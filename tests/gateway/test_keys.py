"""API keys: what their text opens, for whom, and until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.gateway import marks, selectors, services
from apps.gateway.models import ApiKey
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.gateway.conftest import MakeKey, Program

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE = "/keys/"

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", name="Olga Owner")


def test_a_key_speaks_for_its_maker_within_its_scopes(owner: User, make_key: MakeKey, program: Program) -> None:
    _, text = make_key(owner, "keys.view")
    caller = program(text)
    assert caller.get("/api/v1/sample").json() == {"user": str(owner.pk), "schema": "t_acme"}
    refused = caller.post("/api/v1/sample", {"name": "x"}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"


def test_the_text_of_a_key_is_stored_nowhere(owner: User, make_key: MakeKey) -> None:
    key, text = make_key(owner)
    secret = text.split("_", 2)[2]
    assert len(secret) == 49  # 32 random bytes, and a checksum
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(k)::text from gateway_apikey k")
        stored = cursor.fetchone()[0]
    assert secret not in stored
    assert text not in stored
    assert bytes(ApiKey.objects.get().digest) == marks.digest_of(text)
    assert key.prefix in text


def test_two_keys_are_never_alike(owner: User, make_key: MakeKey) -> None:
    assert len({make_key(owner)[1] for _ in range(20)}) == 20


def test_a_key_of_the_other_tenant_is_refused_even_where_its_row_is_copied(
    owner: User, member: Make, globex: Tenant, make_key: MakeKey, program: Program
) -> None:
    twin = member("owner", tenant=globex)
    key, text = make_key(twin, tenant=globex)
    assert program(text, tenant=globex).get("/api/v1/sample").status_code == 200
    assert program(text).get("/api/v1/sample").status_code == 401
    key.save(force_insert=True)  # into acme, as a restore does: the maker has the same id there
    assert ApiKey.objects.get().user == owner
    assert program(text).get("/api/v1/sample").status_code == 401


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + "A", str.upper, str.swapcase])
def test_a_text_that_is_almost_a_key_is_refused(
    owner: User, make_key: MakeKey, program: Program, change: Callable[[str], str]
) -> None:
    _, text = make_key(owner)
    assert program(change(text)).get("/api/v1/sample").status_code == 401


def test_a_key_ends_when_it_expires(owner: User, make_key: MakeKey, program: Program) -> None:
    key, text = make_key(owner)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert program(text).get("/api/v1/sample").status_code == 401
    key.refresh_from_db()
    assert key.state == "expired"


def test_a_revoked_key_ends_at_once_and_for_good(owner: User, make_key: MakeKey, program: Program) -> None:
    key, text = make_key(owner)
    revoked = services.key_revoke(who=Caller(owner), key=key)
    assert program(text).get("/api/v1/sample").status_code == 401
    assert services.key_revoke(who=Caller(owner), key=key).revoked_at == revoked.revoked_at


def test_a_key_ends_with_its_maker(owner: User, make_key: MakeKey, program: Program) -> None:
    _, text = make_key(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert program(text).get("/api/v1/sample").status_code == 401


def test_a_key_can_never_do_more_than_its_maker_can_now(member: Make, make_key: MakeKey, program: Program) -> None:
    user = member("administrator")
    _, text = make_key(user, "keys.view", "keys.manage")
    User.objects.filter(pk=user.pk).update(role="auditor")
    assert program(text).get("/api/v1/sample").status_code == 200
    assert program(text).post("/api/v1/sample", {"name": "x"}, content_type="application/json").status_code == 403
    User.objects.filter(pk=user.pk).update(role="viewer")
    assert program(text).get("/api/v1/sample").status_code == 403


def test_the_use_of_a_key_is_noted_once_a_minute(
    owner: User, make_key: MakeKey, program: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    _, text = make_key(owner)
    assert ApiKey.objects.filter(last_used_at=None).exists()
    program(text).get("/api/v1/sample")
    used_at = ApiKey.objects.get().last_used_at
    assert used_at is not None
    assert (used_at.second, used_at.microsecond) == (0, 0)
    ApiKey.objects.update(last_used_at=timezone.now() + timedelta(minutes=1))  # so that no minute begins meanwhile
    with django_assert_num_queries(2):  # the way into the schema, and the key with its maker
        program(text).get("/api/v1/sample")


def test_a_refused_key_is_not_noted_as_used(owner: User, make_key: MakeKey, program: Program) -> None:
    key, text = make_key(owner)
    services.key_revoke(who=Caller(owner), key=key)
    program(text).get("/api/v1/sample")
    key.refresh_from_db()
    assert key.last_used_at is None


def test_a_key_makes_no_keys(owner: User, make_key: MakeKey) -> None:
    key, _ = make_key(owner, "keys.manage")
    with pytest.raises(PermissionDenied, match="cannot make keys"):
        services.key_create(who=Caller(owner, frozenset(key.scopes), key), name="x", scopes=["keys.view"], days=1)


def test_nobody_gives_a_key_what_they_do_not_hold(member: Make) -> None:
    member("owner")
    administrator = member("administrator")
    with pytest.raises(InvalidInput) as refused:
        services.key_create(who=Caller(administrator), name="x", scopes=["keys.view", "no.such"], days=1)
    assert [(issue.path, "no.such" in issue.message) for issue in refused.value.issues] == [("scopes", True)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
    ],
    ids=str,
)
def test_a_key_that_makes_no_sense_names_the_field_and_is_not_made(
    owner: User, change: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.key_create(who=Caller(owner), **{"name": "x", "scopes": ["keys.view"], "days": 1, **change})
    assert [issue.path for issue in refused.value.issues] == [path]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("role", ["builder", "analyst", "approver", "auditor", "viewer"])
def test_only_owners_and_administrators_make_and_revoke_keys(
    owner: User, member: Make, make_key: MakeKey, role: str
) -> None:
    key, _ = make_key(owner)
    who = Caller(member(role))
    with pytest.raises(PermissionDenied):
        services.key_create(who=who, name="x", scopes=["runs.view"], days=1)
    with pytest.raises(PermissionDenied):
        services.key_revoke(who=who, key=key)


def test_a_key_of_the_other_tenant_is_not_found(owner: User, member: Make, globex: Tenant, make_key: MakeKey) -> None:
    member(tenant=globex)
    key, _ = make_key(member("owner", tenant=globex), tenant=globex)
    with pytest.raises(NotFound):
        selectors.key_get(who=Caller(owner), id=key.pk)


def test_a_key_that_is_made_on_the_page_is_shown_once(owner: User, client_for: Browser, program: Program) -> None:
    browser = client_for(owner)
    made = browser.post(f"{PAGE}new/", {"name": "Nightly", "days": "30", "scopes": ["keys.view", "runs.view"]})
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    text = made.context["text"]
    assert text in made.content.decode()
    assert program(text).get("/api/v1/sample").status_code == 200
    page = browser.get(PAGE).content.decode()
    assert "Nightly" in page
    assert text.split("_", 2)[2] not in page
    assert text.split("_")[1] in page


def test_the_form_keeps_what_was_typed_and_names_what_is_wrong(owner: User, client_for: Browser) -> None:
    answer = client_for(owner).post(f"{PAGE}new/", {"name": "", "days": "90", "scopes": ["runs.view"]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="name-error"' in page
    assert 'value="runs.view" checked' in page
    assert "api.use" not in page  # it goes without saying


def test_a_key_is_revoked_after_a_question(owner: User, client_for: Browser, make_key: MakeKey) -> None:
    key, _ = make_key(owner)
    browser = client_for(owner)
    assert "cannot be undone" in browser.get(f"{PAGE}{key.pk}/revoke/").content.decode()
    key.refresh_from_db()
    assert key.state == "active"
    answer = browser.post(f"{PAGE}{key.pk}/revoke/", follow=True)
    assert "is revoked" in answer.content.decode()
    key.refresh_from_db()
    assert key.state == "revoked"


def test_an_auditor_sees_keys_and_changes_none(
    owner: User, member: Make, make_key: MakeKey, client_for: Browser
) -> None:
    key, _ = make_key(owner)
    browser = client_for(member("auditor"))
    page = browser.get(PAGE).content.decode()
    assert "A program" in page
    assert "Revoke" not in page
    assert browser.post(f"{PAGE}{key.pk}/revoke/").status_code == 403
    assert browser.get(f"{PAGE}new/").status_code == 403


@pytest.mark.parametrize("role", ["builder", "analyst", "approver", "viewer"])
def test_who_may_not_see_keys_finds_no_entry_and_no_page(member: Make, client_for: Browser, role: str) -> None:
    browser = client_for(member(role))
    assert browser.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in browser.get("/help/").content.decode()


def test_the_navigation_leads_to_the_keys(owner: User, client_for: Browser) -> None:
    assert f'href="{PAGE}"' in client_for(owner).get("/help/").content.decode()


def test_the_page_of_the_other_tenants_key_is_not_found(
    owner: User, member: Make, globex: Tenant, make_key: MakeKey, client_for: Browser
) -> None:
    member(tenant=globex)
    key, _ = make_key(member("owner", tenant=globex), tenant=globex)
    assert client_for(owner).get(f"{PAGE}{key.pk}/revoke/").status_code == 404
    assert client_for(owner).post(f"{PAGE}{key.pk}/revoke/").status_code == 404
    with tenant_context(globex):
        assert ApiKey.objects.get().state == "active"


def test_the_list_costs_the_same_for_any_number_of_keys(owner: User, make_key: MakeKey, client_for: Browser) -> None:
    from django.test.utils import CaptureQueriesContext

    browser = client_for(owner)
    browser.get(PAGE)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(PAGE).status_code == 200
        return len(captured)

    make_key(owner)
    few = statements()
    for _ in range(30):
        make_key(owner)
    assert statements() == few


def test_nobody_who_is_not_signed_in_sees_a_key(acme: Tenant, client_for: Browser) -> None:
    for path in (PAGE, f"{PAGE}new/", f"{PAGE}{UUID(int=1)}/revoke/"):
        assert client_for().get(path)["Location"].startswith("/accounts/login/")

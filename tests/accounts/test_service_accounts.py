"""Service accounts: the accounts of programs, which have a role and keys, and never sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from apps.accounts import selectors, services
from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.gateway import services as gateway
from apps.gateway.principals import Caller
from apps.gateway.tokens import token_issue
from apps.tenants import services as tenants
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE, API = "/members/service-accounts/", "/api/v1/service-accounts"


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", name="Olga Owner")


@pytest.fixture
def robot(owner: User) -> User:
    return services.service_account_create(actor=owner, name=" Warehouse ", role="analyst")


@pytest.fixture
def caller(owner: User) -> Client:
    """The owner's program."""
    return Client(headers={"host": "acme.localhost", "authorization": f"Bearer {token_issue(user=owner)}"})


def stored(account: User) -> User:
    return User.objects.get(pk=account.pk)


def test_an_account_has_a_role_and_a_name_and_nothing_to_sign_in_with(robot: User) -> None:
    assert (str(robot), robot.role, robot.is_service, robot.is_invited) == ("Warehouse", "analyst", True, False)
    assert not robot.has_usable_password()
    assert robot.can("runs.view")
    assert not robot.can("members.manage")
    assert robot.email.endswith(".invalid")


@pytest.mark.parametrize(
    "change",
    [{"password": make_password(PASSWORD)}, {"role": "owner"}, {"is_staff": True}],
    ids=lambda change: next(iter(change)),
)
def test_the_database_itself_keeps_an_account_from_signing_in_and_from_owning(
    robot: User, change: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=robot.pk).update(**change)


def test_every_door_answers_as_for_an_address_that_is_nobodys(robot: User, client_for: Browser) -> None:
    nobody = f"{UUID(int=9)}@service.invalid"

    def tried(email: str) -> list[tuple[int, str]]:
        page = client_for().post("/accounts/login/", {"login": email, "password": PASSWORD})
        token = client_for().post(
            "/api/v1/tokens", {"email": email, "password": PASSWORD}, content_type="application/json"
        )
        reset = client_for().post("/accounts/password/reset/", {"email": email})
        return [
            (page.status_code, page.context["form"].errors.as_json()),
            (token.status_code, token.json()["detail"]),
            (reset.status_code, reset["Location"]),
        ]

    assert tried(robot.email) == tried(nobody)
    assert mail.outbox == []


def test_a_link_that_sets_a_password_does_not_work_for_an_account(robot: User, client_for: Browser) -> None:
    link = services.password_link(robot)
    page = client_for().get(link.partition("localhost")[2].lstrip("0123456789:"), follow=True)
    assert "This link no longer works" in page.content.decode()


def test_no_page_of_members_knows_an_account(owner: User, robot: User, client_for: Browser) -> None:
    assert robot not in selectors.members_page(who=owner).members
    with pytest.raises(NotFound):
        selectors.member_get(who=owner, id=robot.pk)
    browser = client_for(owner)
    for action in ("role", "deactivate", "reactivate", "invite-again"):
        assert browser.post(f"/members/{robot.pk}/{action}/", {"role": "viewer"}).status_code == 404
    with pytest.raises(Conflict, match="needs no invitation"):
        services.member_invite_again(actor=owner, member=robot)
    assert mail.outbox == []


def test_no_page_of_accounts_knows_a_member(owner: User, member: Make, client_for: Browser) -> None:
    person = member("viewer")
    with pytest.raises(NotFound):
        selectors.service_account_get(who=owner, id=person.pk)
    assert client_for(owner).post(f"{PAGE}{person.pk}/deactivate/").status_code == 404
    assert person.is_active


def test_an_account_takes_a_place_of_the_plan(owner: User, acme: Tenant) -> None:
    tenants.tenant_change(tenant=acme, max_members=2)
    with tenant_context(acme):
        first = services.service_account_create(actor=owner, name="One", role="auditor")
        with pytest.raises(Conflict, match="as many as its plan allows"):
            services.service_account_create(actor=owner, name="Two", role="auditor")
        services.service_account_change(actor=owner, account=first, is_active=False)
        services.service_account_create(actor=owner, name="Two", role="auditor")
        with pytest.raises(Conflict, match="as many as its plan allows"):
            services.service_account_change(actor=owner, account=first, is_active=True)
    assert selectors.members_page(who=owner).active == 2


@pytest.mark.parametrize("role", ["owner", "viewer", "king", ""])
def test_an_account_is_no_owner_and_may_call_the_api(owner: User, robot: User, role: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.service_account_create(actor=owner, name="x", role=role)
    assert [issue.path for issue in refused.value.issues] == ["role"]
    with pytest.raises(InvalidInput):
        services.service_account_change(actor=owner, account=robot, role=role)


@pytest.mark.parametrize("name", ["", "  ", "n" * 151, "a\x00b"])
def test_an_account_has_a_name_that_can_be_shown(owner: User, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.service_account_create(actor=owner, name=name, role="analyst")
    assert [issue.path for issue in refused.value.issues] == ["name"]


@pytest.mark.parametrize("role", ["builder", "analyst", "approver", "auditor", "viewer"])
def test_only_owners_and_administrators_deal_with_accounts(member: Make, robot: User, role: str) -> None:
    actor = member(role)
    with pytest.raises(PermissionDenied):
        services.service_account_create(actor=actor, name="x", role="analyst")
    with pytest.raises(PermissionDenied):
        services.service_account_change(actor=actor, account=robot, is_active=False)


def test_nobody_makes_an_account_that_reaches_further_than_they_do(
    owner: User, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    strong = services.service_account_create(actor=owner, name="x", role="administrator")
    services.service_account_change(actor=member("administrator"), account=strong, is_active=False)
    monkeypatch.setattr(services, "demand", lambda who, code: None)
    builder = member("builder")
    with pytest.raises(PermissionDenied, match="is below administrator"):
        services.service_account_create(actor=builder, name="x", role="administrator")
    with pytest.raises(PermissionDenied, match="is below administrator"):
        services.service_account_change(actor=builder, account=strong, role="analyst")


def test_a_tenant_with_accounts_still_needs_an_owner_of_flesh_and_blood(owner: User, robot: User) -> None:
    with pytest.raises(Conflict, match="last active owner"):
        services._require_other_owner(owner)


def test_the_keys_of_an_account_follow_its_role_and_its_state(owner: User, robot: User, acme: Tenant) -> None:
    _, text = gateway.key_create(who=Caller(owner), name="x", scopes=["datasets.view"], days=1, account=robot)
    program = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {text}"})

    def status() -> int:
        return program.get("/api/v1/datasets").status_code

    assert status() == 200
    services.service_account_change(actor=owner, account=robot, is_active=False)
    assert status() == 401
    services.service_account_change(actor=owner, account=robot, is_active=True)
    assert status() == 200


def test_the_keys_of_an_account_outlive_who_made_them(owner: User, member: Make, robot: User) -> None:
    administrator = member("administrator")
    _, text = gateway.key_create(who=Caller(administrator), name="x", scopes=["runs.view"], days=1, account=robot)
    services.member_deactivate(actor=owner, member=administrator)
    program = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {text}"})
    assert program.get("/api/v1/runs").status_code == 200


def test_an_account_is_made_changed_and_ended_on_its_page(owner: User, client_for: Browser) -> None:
    browser = client_for(owner)
    assert "No service account yet" in browser.get(PAGE).content.decode()
    made = browser.post(f"{PAGE}new/", {"name": "Warehouse <b>", "role": "analyst"}, follow=True).content.decode()
    assert "Now make a key for it" in made
    assert "Warehouse &lt;b&gt;" in made
    robot = User.objects.get(is_service=True)
    assert f'href="/keys/new/?account={robot.pk}"' in made
    assert robot.email not in made
    browser.post(f"{PAGE}{robot.pk}/role/", {"role": "auditor"})
    assert stored(robot).role == "auditor"
    told = browser.post(f"{PAGE}{robot.pk}/role/", {"role": "owner"}, follow=True).content.decode()
    assert "Nothing was changed" in told
    assert "is deactivated" in browser.post(f"{PAGE}{robot.pk}/deactivate/", follow=True).content.decode()
    assert not stored(robot).is_active
    browser.post(f"{PAGE}{robot.pk}/reactivate/")
    assert stored(robot).is_active
    wrong = browser.post(f"{PAGE}new/", {"name": "", "role": "owner"})
    assert wrong.status_code == 422
    assert 'id="name-error"' in wrong.content.decode()


def test_an_auditor_sees_accounts_and_changes_none(member: Make, robot: User, client_for: Browser) -> None:
    browser = client_for(member("auditor"))
    page = browser.get(PAGE).content.decode()
    assert "Warehouse" in page
    assert "Deactivate<" not in page
    assert browser.post(f"{PAGE}{robot.pk}/deactivate/").status_code == 403
    assert browser.get(f"{PAGE}new/").status_code == 403
    assert client_for(member("analyst")).get(PAGE).status_code == 403


def test_the_page_costs_the_same_for_any_number_of_accounts(owner: User, client_for: Browser) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = client_for(owner)
    browser.get(PAGE)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(PAGE).status_code == 200
        return len(captured)

    services.service_account_create(actor=owner, name="One", role="analyst")
    few = statements()
    for number in range(20):
        services.service_account_create(actor=owner, name=f"Other {number}", role="analyst")
    assert statements() == few


def test_the_api_makes_reads_and_changes_accounts(caller: Client) -> None:
    made = caller.post(API, {"name": "Warehouse", "role": "analyst"}, content_type="application/json")
    assert made.status_code == 201
    body = made.json()
    assert made["Location"] == f"{API}/{body['id']}"
    assert set(body) == {"id", "name", "role", "is_active", "created_at"}
    read = caller.get(made["Location"])
    assert read.json() == body
    assert caller.get(API).json()["items"] == [body]
    changed = caller.patch(made["Location"], {"role": "auditor"}, content_type="application/json")
    assert changed.json() == {**body, "role": "auditor"}
    ended = caller.patch(made["Location"], {"is_active": False}, content_type="application/json")
    assert ended.json() == {**body, "role": "auditor", "is_active": False}


def test_a_change_to_a_state_that_is_gone_is_refused(caller: Client, robot: User) -> None:
    place = f"{API}/{robot.pk}"
    tag = caller.get(place)["ETag"]

    def renamed(name: str) -> Any:
        return caller.patch(place, {"name": name}, content_type="application/json", headers={"If-Match": tag})

    assert renamed("Store").status_code == 200
    answer = renamed("Shop")
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    robot.refresh_from_db()
    assert robot.name == "Store"


@pytest.mark.parametrize("body", [{"role": "owner"}, {"name": ""}, {"is_active": "perhaps"}, {"email": "a@b.cc"}])
def test_a_change_that_makes_no_sense_changes_nothing(caller: Client, robot: User, body: dict[str, Any]) -> None:
    answer = caller.patch(f"{API}/{robot.pk}", body, content_type="application/json")
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == list(body)
    assert User.objects.get(pk=robot.pk).name == "Warehouse"


def test_a_key_with_the_scope_makes_accounts_but_no_keys_for_them(owner: User) -> None:
    scopes = ["members.view", "members.manage", "keys.manage"]
    _, text = gateway.key_create(who=Caller(owner), name="x", scopes=scopes, days=1)
    program = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {text}"})
    made = program.post(API, {"name": "Warehouse", "role": "analyst"}, content_type="application/json")
    assert made.status_code == 201
    wanted = {"name": "x", "scopes": ["runs.view"], "service_account": made.json()["id"]}
    assert program.post("/api/v1/keys", wanted, content_type="application/json").status_code == 403
    _, narrow = gateway.key_create(who=Caller(owner), name="x", scopes=["members.view"], days=1)
    program = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {narrow}"})
    again = program.post(API, {"name": "Other", "role": "analyst"}, content_type="application/json")
    assert again.status_code == 403


def test_an_account_of_the_other_tenant_is_not_found(
    owner: User, member: Make, globex: Tenant, caller: Client, client_for: Browser
) -> None:
    theirs = member("analyst", tenant=globex, id=UUID(int=77), is_service=True, password=None)
    assert caller.get(f"{API}/{theirs.pk}").status_code == 404
    change = caller.patch(f"{API}/{theirs.pk}", {"is_active": False}, content_type="application/json")
    assert change.status_code == 404
    assert client_for(owner).post(f"{PAGE}{theirs.pk}/deactivate/").status_code == 404
    with tenant_context(globex):
        assert User.objects.get(pk=theirs.pk).is_active

"""The rules about members."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.accounts import selectors, services
from apps.accounts.models import User
from apps.accounts.selectors import rank
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Problem
from apps.common.permissions import ROLES
from apps.tenants import services as tenants
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

Make = Callable[..., User]
Commit = Callable[..., Any]
ANY_ROLE = st.sampled_from(list(ROLES))


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_an_invited_member_gets_a_link_and_has_no_password_until_it_is_used(
    member: Make, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        new = services.member_invite(actor=member("owner"), email=" Ana@Example.org ", name="Ana Diaz", role="analyst")
    assert (new.email, new.role, new.is_invited, new.initials) == ("ana@example.org", "analyst", True, "AD")
    assert "as analyst" in mail.outbox[0].body
    assert "http://acme.localhost/accounts/password/reset/key/" in mail.outbox[0].body


def test_an_invitation_that_is_rolled_back_sends_nothing(member: Make) -> None:
    with pytest.raises(Conflict):
        services.member_invite(actor=member("owner"), email=member().email, name="", role="viewer")
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a" * 250 + "@b.cc"}, "email"),
        ({"role": "king"}, "role"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "n" * 151}, "name"),
    ],
)
def test_an_invitation_that_cannot_be_sent_names_the_field(member: Make, change: dict[str, str], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.member_invite(actor=member("owner"), **{"email": "a@b.cc", "name": "", "role": "viewer", **change})
    assert path in {issue.path for issue in refused.value.issues}


def test_a_mail_server_that_is_away_leaves_the_member_to_be_invited_again(
    member: Make, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Commit
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("no mail server")

    owner = member("owner")
    with monkeypatch.context() as away, django_capture_on_commit_callbacks(execute=True):
        away.setattr(services, "send_mail", refused)
        new = services.member_invite(actor=owner, email="ana@example.org", name="", role="viewer")
    assert stored(new).is_invited
    with django_capture_on_commit_callbacks(execute=True):
        services.member_invite_again(actor=owner, member=new)
    assert len(mail.outbox) == 1


def test_who_has_a_password_is_not_invited_again(member: Make) -> None:
    with pytest.raises(Conflict, match="needs no invitation"):
        services.member_invite_again(actor=member("owner"), member=member())


def test_the_quota_counts_active_members_and_frees_a_place_for_who_leaves(member: Make, acme: Tenant) -> None:
    owner, other = member("owner"), member()
    tenants.tenant_change(tenant=acme, max_members=2)
    with tenant_context(acme), pytest.raises(Conflict, match="as many as its plan allows"):
        services.member_invite(actor=owner, email="a@b.cc", name="", role="viewer")
    services.member_deactivate(actor=owner, member=other)
    services.member_invite(actor=owner, email="a@b.cc", name="", role="viewer")
    with pytest.raises(Conflict, match="as many as its plan allows"):
        services.member_reactivate(actor=owner, member=other)


def test_who_was_demoted_meanwhile_acts_no_more(member: Make) -> None:
    first, second = member("owner"), member("owner")
    services.role_set(actor=first, member=second, role="viewer")
    assert second.role == "owner"  # as a request knows it that began before
    with pytest.raises(PermissionDenied):
        services.role_set(actor=second, member=first, role="viewer")
    assert stored(first).role == "owner"


def test_the_last_owner_stays(member: Make) -> None:
    only = member("owner")
    with pytest.raises(Conflict, match="last active owner"):
        services._require_other_owner(only)


def test_an_owner_who_was_deactivated_does_not_count_as_one(member: Make) -> None:
    first, second, third = member("owner"), member("owner"), member("owner", is_active=False)
    services.member_deactivate(actor=first, member=second)
    with pytest.raises(Conflict, match="own membership"):
        services.member_deactivate(actor=first, member=first)
    services.member_reactivate(actor=first, member=third)
    services.member_deactivate(actor=third, member=first)
    assert [owner.pk for owner in User.objects.filter(role="owner", is_active=True)] == [third.pk]


def test_two_owners_who_deactivate_each_other_at_once_leave_one(committed_db: str, acme: Tenant, member: Make) -> None:
    owners = [member("owner"), member("owner")]
    start = threading.Barrier(2)
    problems: list[Problem] = []

    def deactivate(actor: User, other: User) -> None:
        try:
            with tenant_context(acme):
                start.wait(30)
                services.member_deactivate(actor=actor, member=other)
        except Problem as problem:
            problems.append(problem)
        finally:
            connection.close()

    pairs = [(owners[0], owners[1]), (owners[1], owners[0])]
    threads = [threading.Thread(target=deactivate, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(role="owner", is_active=True).count() == 1
    assert len(problems) == 1


@pytest.mark.parametrize("role", [role for role in ROLES if role not in {"owner", "administrator"}])
def test_only_owners_and_administrators_deal_with_members(member: Make, role: str) -> None:
    actor, other = member(role), member("viewer")
    for attempt in (
        lambda: services.member_invite(actor=actor, email="a@b.cc", name="", role="viewer"),
        lambda: services.member_invite_again(actor=actor, member=other),
        lambda: services.role_set(actor=actor, member=other, role="viewer"),
        lambda: services.member_deactivate(actor=actor, member=other),
        lambda: services.member_reactivate(actor=actor, member=other),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


@given(st.sampled_from(["owner", "administrator"]), ANY_ROLE, ANY_ROLE)
@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_touches_or_grants_a_role_above_their_own(
    member: Make, actor_role: str, before: str, after: str
) -> None:
    User.objects.all().delete()
    member("owner")  # so that the last owner is never in question
    actor, target = member(actor_role), member(before)
    allowed = rank(actor_role) <= min(rank(before), rank(after))
    try:
        services.role_set(actor=actor, member=target, role=after)
    except PermissionDenied:
        assert not allowed
        assert stored(target).role == before
    else:
        assert allowed
        assert stored(target).role == after
    assert User.objects.filter(role="owner", is_active=True).exists()


def test_nobody_changes_their_own_role(member: Make) -> None:
    member("owner")
    administrator = member("administrator")
    with pytest.raises(Conflict, match="own membership"):
        services.role_set(actor=administrator, member=administrator, role="viewer")


def test_a_role_that_does_not_exist_is_refused(member: Make) -> None:
    with pytest.raises(InvalidInput, match="no role 'king'"):
        services.role_set(actor=member("owner"), member=member(), role="king")


def test_a_role_decides_what_a_member_can_and_a_deactivated_one_can_nothing(member: Make) -> None:
    assert member("administrator").can("members.manage")
    assert not member("analyst").can("members.manage")
    assert member("auditor").can("members.view")
    assert not member("owner", is_active=False).can("members.view")


def test_members_are_found_narrowed_and_paged(member: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = member("owner", name="Zoe", email="zoe@example.org")
    member("viewer", name="Ana", email="ana@example.org")
    gone = member("builder", name="Bob", email="bob@example.org", is_active=False)
    services.member_invite(actor=owner, email="new@example.org", name="", role="viewer")

    def found(**narrow: Any) -> list[str]:
        return [each.email.partition("@")[0] for each in selectors.members_page(who=owner, **narrow).members]

    assert found() == ["zoe", "ana", "new", "bob"]
    assert found(search="AN") == ["ana"]
    assert found(role="builder") == ["bob"]
    assert [found(state=state) for state in ("active", "invited", "inactive")] == [["zoe", "ana"], ["new"], ["bob"]]
    assert found(search="' or 1=1 --") == []
    monkeypatch.setattr(selectors, "PAGE", 3)
    page = selectors.members_page(who=owner, page=99)
    assert (page.page, page.pages, page.found, page.active) == (2, 2, 4, 3)
    assert page.members == [gone]


def test_a_member_of_the_other_tenant_is_not_found(acme: Tenant, globex: Tenant, member: Make) -> None:
    owner = member("owner")
    member(tenant=globex)
    stranger = member(tenant=globex)
    with pytest.raises(NotFound):
        selectors.member_get(who=owner, id=stranger.pk)


def test_who_may_not_see_members_is_refused(member: Make) -> None:
    with pytest.raises(PermissionDenied):
        selectors.members_page(who=member("viewer"))

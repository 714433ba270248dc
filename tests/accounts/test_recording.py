"""What becomes of members and of their ways in is recorded, and what changes nothing is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from tests.factories import PASSWORD

Make = Callable[..., User]
Browse = Callable[..., Client]


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", email="owner@example.org", name="Olga")


def entries() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def said(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = AuditEntry.objects.select_related("payload").get(kind=kind).payload
    return payload.facts["content"], payload.personal["content"]


def test_an_invitation_names_its_guest_among_what_can_be_erased(owner: User) -> None:
    services.member_invite(actor=owner, email="grace@example.org", name="Grace", role="analyst")
    facts, personal = said("accounts.member_invited")
    assert facts["after"] == {"role": "analyst"}
    assert (personal["subject"], personal["after"]) == ("Grace", {"email": "grace@example.org"})
    assert (personal["actor"], personal["email"]) == ("Olga", "owner@example.org")


def test_what_changes_nothing_is_not_recorded(owner: User, member: Make) -> None:
    other = member("viewer")
    services.role_set(actor=owner, member=other, role="viewer")
    services.member_reactivate(actor=owner, member=other)
    program = services.service_account_create(actor=owner, name="Import", role="analyst")
    services.service_account_change(actor=owner, account=program, name="Import")
    assert entries() == ["accounts.service_account_made"]


def test_a_member_who_goes_and_comes_back_is_recorded_each_time(owner: User, member: Make) -> None:
    other = member("viewer")
    services.member_deactivate(actor=owner, member=other)
    services.member_reactivate(actor=owner, member=other)
    assert entries() == ["accounts.member_deactivated", "accounts.member_reactivated"]


def test_a_service_account_says_what_was_changed_of_it(owner: User) -> None:
    program = services.service_account_create(actor=owner, name="Import", role="analyst")
    services.service_account_change(actor=owner, account=program, role="auditor")
    facts, _ = said("accounts.service_account_changed")
    assert (facts["before"], facts["after"]) == ({"role": "analyst"}, {"role": "auditor"})


def test_who_signs_in_and_out_is_recorded_with_how(owner: User, client_for: Browse) -> None:
    browser = client_for()
    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    browser.post("/accounts/logout/")
    assert entries() == ["accounts.signed_in", "accounts.signed_out"]
    facts, personal = said("accounts.signed_in")
    assert facts["by"] == "password"
    assert personal["address"] == "127.0.0.1"


def test_a_link_for_a_new_password_is_recorded_of_members_alone(owner: User, client_for: Browse) -> None:
    for address in (owner.email, "nobody@example.org"):
        client_for().post("/accounts/password/reset/", {"email": address})
    (entry,) = AuditEntry.objects.all()
    assert (entry.kind, entry.actor_kind, entry.subject_id) == (
        "accounts.password_reset_asked",
        "nobody",
        str(owner.pk),
    )


def test_a_new_password_is_recorded_and_no_word_of_it(owner: User, client_for: Browse) -> None:
    link = services.password_link(owner)
    browser = client_for()
    form = browser.get(link, follow=True)
    fresh = "quite another pass phrase"
    browser.post(form.request["PATH_INFO"], {"password1": fresh, "password2": fresh})
    assert "accounts.password_reset" in entries()
    assert fresh not in str([said(kind) for kind in entries()])

"""The page on which members let others stand in for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.workflows.models import Delegation
from tests.agents.test_pages import statements, text_of

Make = Callable[..., User]
Browse = Callable[..., Client]
PAGE = "/approvals/delegations/"


@pytest.fixture
def page(client_for: Browse, approver: User) -> Client:
    return client_for(approver)


@pytest.fixture
def boss(member: Make) -> User:
    return member("administrator", name="Bo Boss", email="bo@example.org")


def day(offset: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def lend(giver: User, taker: User, *, begins: int = -1, ends: int = 1, reason: str = "") -> Delegation:
    now = timezone.now()
    times = {"begins_at": now + timedelta(days=begins), "ends_at": now + timedelta(days=ends)}
    return Delegation.objects.create(giver=giver, taker=taker, reason=reason, **times)


def test_one_lets_somebody_stand_in_for_whole_days(page: Client, approver: User, boss: User) -> None:
    sent = {"taker": boss.email, "begins": day(3), "ends": day(5), "reason": "Holidays"}
    words = text_of(page.post(PAGE, sent, follow=True))
    assert "Bo Boss may answer what you are asked." in words
    assert "Holidays" in words
    made = Delegation.objects.get()
    assert (made.giver, made.taker) == (approver, boss)
    assert (made.begins_at.date().isoformat(), made.ends_at.date().isoformat()) == (day(3), day(6))
    assert made.ends_at.time().isoformat() == "00:00:00"


def test_without_a_first_day_it_holds_at_once(page: Client, boss: User) -> None:
    page.post(PAGE, {"taker": boss.email, "begins": "", "ends": day(0)})
    made = Delegation.objects.get()
    assert made.begins_at <= timezone.now() < made.ends_at
    assert "holds until" in text_of(page.get(PAGE))


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"taker": "", "ends": ""}, 422, ["Choose who stands in for you.", "Choose the last day."]),
        ({"ends": "2026-02-31"}, 422, ["Choose the last day."]),
        ({"begins": "soon"}, 422, ["This is not a day. Leave it empty to begin now."]),
        ({"begins": "2999-01-02", "ends": "2999-01-01"}, 422, ["It ends after it begins"]),
        ({"ends": "9999-12-31"}, 422, ["Choose the last day."]),
        ({"ends": "2999-01-01"}, 422, ["It lasts 92 days at most."]),
        ({"taker": "nobody@example.org"}, 404, ["There is no such member here"]),
        ({"taker": "viewer@example.org"}, 404, ["There is no such member here"]),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_entered_stays(
    sent: dict[str, str], status: int, said: list[str], page: Client, boss: User, member: Make
) -> None:
    member("viewer", email="viewer@example.org")
    answer = page.post(PAGE, {"taker": boss.email, "ends": day(2), "reason": "Away", **sent})
    assert answer.status_code == status
    words = text_of(answer)
    assert "The delegation was not made" in words
    assert all(each in words for each in said)
    assert 'value="Away"' in answer.content.decode()
    assert not Delegation.objects.exists()


def test_the_same_again_is_refused_with_what_helps(page: Client, boss: User) -> None:
    sent = {"taker": boss.email, "ends": day(2)}
    page.post(PAGE, sent)
    again = page.post(PAGE, sent)
    assert again.status_code == 409
    assert "Bo Boss stands in for you in that time already" in text_of(again)


def test_what_one_gave_and_was_given_stands_apart_with_how_long_it_holds(
    page: Client, approver: User, boss: User, member: Make
) -> None:
    lend(approver, boss, begins=2, ends=4)
    lend(boss, approver, reason="Parental leave")
    lend(member("approver", name="Cy Past"), approver, begins=-5, ends=-2)
    words = text_of(page.get(PAGE))
    given, taken = words.index("Who stands in for you"), words.index("For whom you stand in")
    assert "Bo Boss from" in words[given:taken]
    assert "Bo Boss holds until" in words[taken:]
    assert "Parental leave" in words[taken:]
    assert "Cy Past" in words[words.index("Over 1") :]
    assert "Everybody's" not in words


def test_taking_one_back_is_asked_first_and_then_done(page: Client, approver: User, boss: User) -> None:
    made = lend(approver, boss)
    asks = text_of(page.get(f"{PAGE}{made.pk}/revoke/"))
    assert "Take the delegation back from Bo Boss?" in asks
    assert "This cannot be undone" in asks
    assert "Bo Boss no longer answers what you are asked." in text_of(
        page.post(f"{PAGE}{made.pk}/revoke/", follow=True)
    )
    made.refresh_from_db()
    assert made.revoked_at is not None
    assert "It is over already" in text_of(page.get(f"{PAGE}{made.pk}/revoke/"))
    assert "is over already" in text_of(page.post(f"{PAGE}{made.pk}/revoke/", follow=True))


def test_the_delegation_of_others_is_not_found(page: Client, boss: User, member: Make) -> None:
    made = lend(boss, member("approver"))
    assert page.get(f"{PAGE}{made.pk}/revoke/").status_code == 404
    assert page.post(f"{PAGE}{made.pk}/revoke/").status_code == 404
    made.refresh_from_db()
    assert made.revoked_at is None


def test_who_looks_after_members_sees_everybodys(client_for: Browse, approver: User, boss: User, member: Make) -> None:
    lend(approver, member("approver", name="Cy Chief"))
    for user in (boss, member("auditor")):
        words = text_of(client_for(user).get(PAGE))
        assert "Cy Chief for Ada Approver" in words[words.index("Everybody's") :]
    viewer = text_of(client_for(member("viewer")).get(PAGE))
    assert "Your role answers no questions" in viewer
    assert "Cy Chief" not in viewer
    assert client_for(member("viewer")).post(PAGE, {}).status_code == 403


def test_the_page_costs_the_same_statements_however_many_there_are(
    client_for: Browse, approver: User, boss: User, member: Make
) -> None:
    page = client_for(boss)
    lend(boss, approver)
    few = min(statements(page, PAGE) for _ in range(3))  # which tenant it is is kept for a moment
    for n in range(4):
        lend(member("approver"), boss, ends=n + 1)
        lend(boss, member("approver"))
    assert min(statements(page, PAGE) for _ in range(3)) == few

"""Members who stand in for each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import service_account_create
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.workflows.approvals.assigning import delegations_to
from apps.workflows.approvals.delegating import (
    LONGEST,
    delegation_get,
    delegation_revoke,
    delegations_list,
    takers_for,
)
from apps.workflows.models import Delegation
from tests.recorded import last
from tests.workflows.approvals.conftest import lend

Make = Callable[..., User]
DAY = timedelta(days=1)


@pytest.fixture
def ana(member: Make) -> User:
    return member("approver", name="Ana")


@pytest.fixture
def ben(member: Make, ana: User) -> User:
    return member("approver", name="Ben")


def test_a_delegation_holds_from_its_beginning_to_its_end_and_is_recorded(ana: User, ben: User) -> None:
    now = timezone.now()
    made = lend(ana, ben, begins_at=now + DAY, ends_at=now + 2 * DAY, reason=" Holidays ")
    assert made.reason == "Holidays"
    held = [delegations_to(ben, now + days * DAY) for days in (0.5, 1.5, 2.5)]
    assert held == [[], [made], []]
    entry, said = last("workflows.delegated")
    assert entry.payload.personal["content"]["reason"] == "Holidays"
    assert said.facts["delegation"] == str(made.pk)
    assert delegations_list(who=ana, user=ana) == delegations_list(who=ben, user=ben) == [made]


def test_one_that_begins_in_the_past_begins_now(ana: User, ben: User) -> None:
    before = timezone.now()
    assert lend(ana, ben, begins_at=before - 10 * DAY).begins_at >= before


@pytest.mark.parametrize(
    ("times", "path"),
    [
        ({"ends_at": -DAY}, "ends_at"),
        ({"ends_at": LONGEST + DAY}, "ends_at"),
        ({"begins_at": 3 * DAY, "ends_at": 2 * DAY}, "ends_at"),
    ],
)
def test_times_that_make_no_sense_are_refused(times: dict[str, timedelta], path: str, ana: User, ben: User) -> None:
    moments = {name: timezone.now() + away for name, away in times.items()}
    with pytest.raises(InvalidInput) as refused:
        lend(ana, ben, **moments)
    assert [issue.path for issue in refused.value.issues] == [path]
    assert not Delegation.objects.exists()


def test_a_right_is_lent_only_to_another_active_member_who_may_decide(ana: User, ben: User, member: Make) -> None:
    program = service_account_create(actor=member("owner"), name="A program", role="administrator")
    gone = member("approver", is_active=False)
    for taker in (ana, member("viewer"), gone, program):
        with pytest.raises(InvalidInput) as refused:
            lend(ana, taker)
        assert [issue.path for issue in refused.value.issues] == ["taker"]
    assert ben in takers_for(who=ana, user=ana)
    assert not {ana, gone, program} & set(takers_for(who=ana, user=ana))
    with pytest.raises(PermissionDenied):
        lend(member("viewer"), ben)


def test_nobody_stands_in_for_the_same_member_twice_at_a_time(ana: User, ben: User) -> None:
    first = lend(ana, ben)
    with pytest.raises(Conflict, match="stands in for you in that time already"):
        lend(ana, ben, begins_at=first.ends_at - DAY / 2, ends_at=first.ends_at + DAY)
    lend(ana, ben, begins_at=first.ends_at, ends_at=first.ends_at + DAY)
    lend(ben, ana)
    delegation_revoke(who=ana, user=ana, delegation=first)
    lend(ana, ben, ends_at=first.ends_at)


@pytest.mark.parametrize("who", ["giver", "taker"])
def test_either_of_the_two_ends_it_and_nobody_else(who: str, ana: User, ben: User, member: Make) -> None:
    made = lend(ana, ben)
    stranger = member("owner")
    for ask in (delegation_get, _revoke):
        with pytest.raises(NotFound):
            ask(who=stranger, user=stranger, id=made.pk)
    person = ana if who == "giver" else ben
    _revoke(who=person, user=person, id=made.pk)
    assert delegations_to(ben, timezone.now()) == []
    assert last("workflows.delegation_revoked")[1].facts["delegation"] == str(made.pk)
    with pytest.raises(Conflict, match="over already"):
        _revoke(who=person, user=person, id=made.pk)


def _revoke(*, who: Any, user: User, id: Any) -> Any:
    return delegation_revoke(who=who, user=user, delegation=Delegation.objects.get(pk=id))

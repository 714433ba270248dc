"""Links that bring one person to one question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import NotFound, PermissionDenied
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.approvals.links import link_address, link_holds, link_open, link_token
from apps.workflows.models import Approval
from tests.workflows.approvals.conftest import Asked, decide

Make = Callable[..., User]


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana")


def test_a_link_brings_its_person_to_its_question_however_that_stands(asked: Asked, ana: User) -> None:
    question = asked()
    token = link_token(approval=question, user=ana)
    assert link_open(who=ana, user=ana, token=token) == (question, "open")
    assert link_address(approval=question, user=ana).startswith("http")
    Approval.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert link_open(who=ana, user=ana, token=token)[1] == "expired"
    Approval.objects.update(due_at=timezone.now() + timedelta(days=9))
    decide(question, ana)
    assert link_open(who=ana, user=ana, token=token)[1] == "decided"
    Approval.objects.update(decided_at=None, withdrawn_at=timezone.now())
    assert link_open(who=ana, user=ana, token=token)[1] == "withdrawn"


def test_a_link_is_no_longer_good_than_it_says_when_the_question_is_given_more_time(asked: Asked, ana: User) -> None:
    question = asked()
    question.due_at = timezone.now() - timedelta(seconds=1)
    token = link_token(approval=question, user=ana)
    assert link_open(who=ana, user=ana, token=token)[1] == "expired"


def test_another_person_is_refused_and_told_nothing_of_the_question(asked: Asked, ana: User, member: Make) -> None:
    token = link_token(approval=asked(), user=ana)
    other = member("owner")
    with pytest.raises(PermissionDenied, match="sent to another member") as refused:
        link_open(who=other, user=other, token=token)
    assert "Ana" not in refused.value.detail
    assert "Ship" not in refused.value.detail


def test_a_link_that_was_changed_or_is_of_another_organisation_leads_nowhere(
    asked: Asked, ana: User, acme: Tenant, globex: Tenant, member: Make
) -> None:
    question = asked()
    token = link_token(approval=question, user=ana)
    for wrong in (token[:-1], token + "x", "x" + token, "", "x" * 10_000):
        with pytest.raises(NotFound):
            link_open(who=ana, user=ana, token=wrong)
    twin = member("approver", tenant=globex, id=ana.pk)
    with tenant_context(globex), pytest.raises(NotFound):
        link_open(who=twin, user=twin, token=token)


def test_a_form_came_by_a_link_only_with_that_persons_link_to_that_question(
    asked: Asked, ana: User, member: Make
) -> None:
    question, other = asked(), asked(name="other")
    token = link_token(approval=question, user=ana)
    assert link_holds(token=token, approval=question, user=ana)
    assert not link_holds(token=token, approval=other, user=ana)
    assert not link_holds(token=token, approval=question, user=member("approver"))
    assert not link_holds(token="x", approval=question, user=ana)

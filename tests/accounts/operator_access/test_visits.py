"""An operator comes in by leave of an owner, for a while, and is thrown out at its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.accounts import services as members
from apps.accounts.models import OperatorGrant, OperatorVisit, User
from apps.accounts.models.grants import VISITOR_ROLES
from apps.accounts.operator_access import services
from apps.accounts.operator_access.services import Operator
from apps.accounts.selectors import members_page
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.permissions import PERMISSIONS
from apps.console.attention import attention_of
from apps.gateway.credentials import session_user
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.accounts.sessions import long_ago

MakeMember = Callable[..., User]
ClientFor = Callable[..., Client]
WANTED: dict[str, Any] = {"role": "auditor", "hours": 4, "reason": "Look at a run", "ticket": "OPS-1"}


@pytest.fixture
def owner(member: MakeMember) -> User:
    return member("owner")


@pytest.fixture
def staff(operators: Tenant, member: MakeMember) -> User:
    return member("administrator", tenant=operators, email="ops@example.org", name="Olga Ops", is_staff=True)


@pytest.fixture
def operator(staff: User) -> Operator:
    return Operator.of(staff)


@pytest.fixture
def grant(owner: User) -> OperatorGrant:
    return services.access_grant(actor=owner, operator_email="ops@example.org", **WANTED)


@pytest.fixture
def visit(acme: Tenant, grant: OperatorGrant, operator: Operator, client_for: ClientFor) -> Client:
    """A browser of an operator who has just come in."""
    client = client_for()
    came = client.post("/visit/", {"ticket": services.entry_open(operator=operator, grant=grant.pk)})
    assert came.status_code == 302, came.content
    return client


def is_out(client: Client) -> bool:
    answer = client.get("/runs/")
    return answer.status_code == 302 and "/accounts/login/" in answer["Location"]


def test_an_operator_asks_is_let_in_and_comes_in_from_their_own_host(
    acme: Tenant, operators: Tenant, owner: User, staff: User, client_for: ClientFor
) -> None:
    office, theirs = client_for(staff, tenant=operators), client_for(owner)
    asked = office.post("/admin/access/acme/", {**WANTED, "role": "viewer"})
    assert asked.status_code == 302, asked.content
    assert "ops@example.org asks to be let in" in theirs.get("/identity/operators/").content.decode()
    grant = OperatorGrant.objects.get()

    theirs.post(f"/identity/operators/{grant.pk}/approve/", {"role": "auditor", "hours": "8"})
    gone = office.post(f"/admin/access/acme/{grant.pk}/")

    assert gone.status_code == 200  # a link: no form leads to another host
    place = urlsplit(re.findall(r'href="(http[^"]+/visit/[^"]+)"', gone.content.decode())[0])
    assert (place.hostname, place.path) == ("acme.localhost", "/visit/")
    client = client_for()
    assert client.get(f"{place.path}?{place.query}").status_code == 200  # looking at it spends nothing
    came = client.post("/visit/", {"ticket": parse_qs(place.query)["ticket"][0]}, follow=True)
    page = came.content.decode()
    assert "You visit Acme as an operator" in page
    assert "Operator Olga Ops" in page


def test_owners_and_administrators_see_on_their_dashboard_who_asks_and_who_may_enter(
    owner: User, member: MakeMember, operator: Operator, rf: RequestFactory
) -> None:
    services.access_ask(operator=operator, **WANTED)
    services.access_grant(actor=owner, operator_email="", **WANTED)

    def seen(user: User) -> list[str]:
        request = rf.get("/")
        request.user = user
        return [each.title for each in attention_of(request)]

    told = ["An operator has access", "An operator asks for access"]
    assert [each for each in seen(owner) if "operator" in each] == told
    assert [each for each in seen(member("administrator")) if "operator" in each] == told
    assert not [each for each in seen(member("analyst")) if "operator" in each]


def test_without_a_grant_nobody_is_let_in(operator: Operator, owner: User, client_for: ClientFor) -> None:
    other = services.access_grant(actor=owner, operator_email="somebody@example.org", **WANTED)
    asked = services.access_ask(operator=operator, **WANTED)

    for id in (uuid4(), other.pk, asked.pk):
        with pytest.raises(NotFound):
            services.entry_open(operator=operator, grant=id)
    for ticket in ("", "nonsense", "ort_" + "x" * 49):
        assert client_for().post("/visit/", {"ticket": ticket}).status_code == 404
    assert not OperatorVisit.objects.exists()


def test_a_ticket_is_good_once_and_in_one_tenant(
    grant: OperatorGrant, operator: Operator, globex: Tenant, client_for: ClientFor
) -> None:
    ticket = services.entry_open(operator=operator, grant=grant.pk)
    assert client_for(tenant=globex).post("/visit/", {"ticket": ticket}).status_code == 404
    assert client_for().post("/visit/", {"ticket": ticket}).status_code == 302
    assert client_for().post("/visit/", {"ticket": ticket}).status_code == 404


def test_a_ticket_is_worth_nothing_once_its_grant_has_ended(
    grant: OperatorGrant, operator: Operator, owner: User, client_for: ClientFor
) -> None:
    ticket = services.entry_open(operator=operator, grant=grant.pk)
    services.access_revoke(actor=owner, grant=grant)

    assert client_for().post("/visit/", {"ticket": ticket}).status_code == 404


def test_a_grant_for_any_operator_asks_for_the_ticket(owner: User, operator: Operator) -> None:
    grant = services.access_grant(actor=owner, operator_email="", **{**WANTED, "ticket": ""})
    with pytest.raises(InvalidInput):
        services.entry_open(operator=operator, grant=grant.pk)

    services.visit_begin(ticket=services.entry_open(operator=operator, grant=grant.pk, reference="OPS-7"))

    assert OperatorVisit.objects.get().ticket == "OPS-7"


def test_a_visit_ends_by_the_clock_for_pages_the_api_and_sockets(visit: Client) -> None:
    key = visit.session.session_key
    assert not is_out(visit)
    assert visit.get("/api/v1/runs").status_code == 200
    assert session_user(str(key)) is not None

    User.objects.exclude(valid_until=None).update(valid_until=timezone.now())

    assert is_out(visit)
    assert visit.get("/api/v1/runs").status_code in {401, 403}
    assert session_user(str(key)) is None


def test_the_session_itself_ends_with_the_grant(visit: Client, grant: OperatorGrant) -> None:
    assert grant.ends_at is not None
    assert abs(visit.session.get_expiry_date() - grant.ends_at) < timedelta(seconds=2)


def test_whoever_is_revoked_is_thrown_out_in_the_middle(visit: Client, owner: User, grant: OperatorGrant) -> None:
    assert not is_out(visit)

    services.access_revoke(actor=owner, grant=grant)

    assert is_out(visit)
    assert OperatorVisit.objects.get().left_at is not None


def test_open_sockets_of_a_visit_look_again_as_soon_as_it_is_revoked(
    visit: Client, owner: User, grant: OperatorGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(services, "sockets_recheck", looked.extend)

    services.access_revoke(actor=owner, grant=grant)

    assert looked == [OperatorVisit.objects.get().visitor_id]


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_is_no_operator_any_more_is_out_whatever_the_grant_says(
    visit: Client, staff: User, operators: Tenant, change: dict[str, bool]
) -> None:
    key = str(visit.session.session_key)
    assert session_user(key) is not None

    with tenant_context(operators):
        User.objects.filter(pk=staff.pk).update(**change)

    assert is_out(visit)
    assert session_user(key) is None


def test_a_request_is_approved_by_an_owner_who_has_just_proved_who_they_are(
    owner: User, operator: Operator, client_for: ClientFor
) -> None:
    asked = services.access_ask(operator=operator, **WANTED)
    theirs = client_for(owner)
    long_ago(theirs)

    answer = theirs.post(f"/identity/operators/{asked.pk}/approve/", {"role": "auditor", "hours": "8"})

    assert answer.status_code == 403
    asked.refresh_from_db()
    assert asked.state == "asked"


def test_an_operator_who_goes_in_has_just_proved_who_they_are(
    operators: Tenant, staff: User, grant: OperatorGrant, client_for: ClientFor
) -> None:
    office = client_for(staff, tenant=operators)
    with tenant_context(operators):
        long_ago(office)

    answer = office.post(f"/admin/access/acme/{grant.pk}/")

    assert answer.status_code == 403
    assert "/visit/?ticket=" not in answer.content.decode()


def test_who_leaves_is_out_and_may_come_again(visit: Client, grant: OperatorGrant, operator: Operator) -> None:
    assert "You have left" in visit.post("/visit/leave/").content.decode()
    assert is_out(visit)

    assert visit.post("/visit/", {"ticket": services.entry_open(operator=operator, grant=grant.pk)}).status_code == 302
    assert not is_out(visit)


def test_a_member_has_no_visit_to_leave(owner: User, client_for: ClientFor) -> None:
    assert client_for(owner).post("/visit/leave/").status_code == 404


@pytest.mark.parametrize("role", list(VISITOR_ROLES))
def test_a_visitor_holds_nothing_that_outlasts_the_visit(role: str) -> None:
    visitor = User(role=role, valid_until=timezone.now() + timedelta(hours=1))
    beyond = {item.code for item in PERMISSIONS if item.people_only or item.members_only}
    assert {"keys.manage", "members.manage", "identity.manage", "operators.admit", "api.use"} <= beyond

    assert not any(visitor.can(code) for code in beyond)
    assert visitor.can("runs.view")


def test_even_an_administrator_on_a_visit_makes_no_key_member_grant_or_factor(
    owner: User, operator: Operator, client_for: ClientFor
) -> None:
    grant = services.access_grant(actor=owner, operator_email=operator.email, **{**WANTED, "role": "administrator"})
    visit = client_for()
    visit.post("/visit/", {"ticket": services.entry_open(operator=operator, grant=grant.pk)})
    before = User.objects.count()

    for address in ("/keys/new/", "/members/invite/", "/identity/", "/identity/operators/", "/identity/provisioning/"):
        assert visit.get(address).status_code == 403, address
        assert visit.post(address).status_code == 403, address
    for address in ("/accounts/password/set/", "/accounts/email/", "/accounts/2fa/"):
        assert visit.get(address).status_code == 403, address
    assert visit.post("/api/v1/tickets").status_code == 403
    assert User.objects.count() == before


def test_a_visitor_is_counted_and_listed_nowhere(visit: Client, owner: User, acme: Tenant) -> None:
    page = members_page(who=owner)
    assert [each.pk for each in page.members] == [owner.pk]
    assert page.active == 1
    acme.max_members = 2
    members.member_invite(actor=owner, email="ana@example.org", name="Ana", role="viewer")
    assert OperatorVisit.objects.get().visitor.email.endswith("@visitor.invalid")


def test_a_visitor_never_has_a_password_an_owners_role_or_keys(visit: Client) -> None:
    visitor = OperatorVisit.objects.get().visitor
    for change in ({"password": "argon2$x"}, {"role": "owner"}, {"is_staff": True}, {"is_service": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=visitor.pk).update(**change)


def test_all_of_it_is_recorded_in_both_tenants_and_names_no_member_in_the_operators(
    visit: Client, owner: User, operator: Operator, operators: Tenant, grant: OperatorGrant
) -> None:
    services.access_decline(actor=owner, grant=services.access_ask(operator=operator, **WANTED))
    services.access_revoke(actor=owner, grant=grant)

    mine = list(AuditEntry.objects.filter(kind__startswith="accounts.access_").order_by("id"))
    with tenant_context(operators):
        theirs = list(AuditEntry.objects.filter(kind__startswith="accounts.access_").order_by("id"))
        told = str([vars(each) for each in theirs])
    kinds = ["granted", "entered", "asked", "declined", "left", "revoked"]
    assert [each.kind.removeprefix("accounts.access_") for each in mine] == kinds
    assert [(each.kind, each.actor_kind) for each in theirs] == [(each.kind, each.actor_kind) for each in mine]
    assert {each.actor_kind for each in mine} == {"person", "operator"}
    assert owner.email not in told


def test_what_a_visitor_does_is_recorded_as_an_operators(owner: User, operator: Operator) -> None:
    from apps.accounts.auditing import MANAGEMENT_SET
    from apps.audit.services import record

    grant = services.access_grant(actor=owner, operator_email=operator.email, **WANTED)
    visitor = services.visit_begin(ticket=services.entry_open(operator=operator, grant=grant.pk))
    record(MANAGEMENT_SET, who=visitor, subject=owner)

    entry = AuditEntry.objects.get(kind="accounts.management_set")
    assert (entry.actor_kind, entry.actor_id) == ("operator", visitor.pk)


def test_the_end_of_a_visit_is_noted_when_its_time_is_up(visit: Client, grant: OperatorGrant) -> None:
    assert services.grant_run_out(id=grant.pk) == grant.ends_at
    past = timezone.now() - timedelta(hours=1)
    OperatorGrant.objects.filter(pk=grant.pk).update(granted_at=past - timedelta(hours=1), ends_at=past)

    assert services.grant_run_out(id=grant.pk) is None

    assert OperatorVisit.objects.get().left_at == past
    assert AuditEntry.objects.filter(kind="accounts.access_left").count() == 1
    assert services.grant_run_out(id=UUID(int=9)) is None


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"role": "owner"}, "role"),
        ({"role": "builder"}, "role"),
        ({"hours": 0}, "hours"),
        ({"hours": 73}, "hours"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"ticket": "x" * 101}, "ticket"),
        ({"operator_email": "nobody"}, "operator_email"),
    ],
)
def test_a_grant_that_says_what_none_may_is_refused(owner: User, wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.access_grant(actor=owner, **{"operator_email": "", **WANTED, **wrong})

    assert [issue.path for issue in refused.value.issues] == [path]
    assert not OperatorGrant.objects.exists()


def test_only_an_owner_lets_anybody_in(member: MakeMember, operator: Operator, owner: User) -> None:
    asked = services.access_ask(operator=operator, **WANTED)
    administrator = member("administrator")
    for act in (services.access_approve, services.access_decline, services.access_revoke):
        with pytest.raises(PermissionDenied):
            act(actor=administrator, grant=asked)
    services.access_decline(actor=owner, grant=asked)
    with pytest.raises(Conflict):
        services.access_approve(actor=owner, grant=asked)


def test_the_operators_pages_are_there_for_operators_alone(
    owner: User, operators: Tenant, member: MakeMember, client_for: ClientFor, staff: User
) -> None:
    plain = member("owner", tenant=operators, email="plain@example.org")
    for address in ("/admin/access/", "/admin/access/acme/"):
        assert client_for(staff, tenant=operators).get(address).status_code == 200
        assert client_for(plain, tenant=operators).get(address).status_code == 404
        assert client_for(owner).get(address).status_code == 404
    assert client_for(staff, tenant=operators).get("/admin/access/operators/").status_code == 404


def test_the_page_of_grants_takes_as_many_statements_whatever_stands_on_it(
    visit: Client, owner: User, grant: OperatorGrant, client_for: ClientFor, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_for(owner)
    client.get("/identity/operators/")
    with CaptureQueriesContext(connection) as few:
        client.get("/identity/operators/")
    before = len(few)
    for _ in range(5):
        services.access_grant(actor=owner, operator_email="", **WANTED)

    with django_assert_num_queries(before):
        assert client.get("/identity/operators/").status_code == 200

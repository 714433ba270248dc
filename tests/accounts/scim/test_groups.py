"""Groups as a directory sends them, and the roles that they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from apps.accounts import services as members
from apps.accounts.models import DirectoryGroup, User
from apps.accounts.scim.services import group_map
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from tests.accounts.scim.conftest import GROUP, Speaker

MakeMember = Callable[..., User]


def role_of(document: dict[str, Any]) -> str:
    return User.objects.get(pk=document["id"]).role


def mapped(scim: Speaker, owner: User, role: str, *people: dict[str, Any]) -> str:
    """A group of these people that gives a role; its id."""
    id = scim.group(role.title(), [each["id"] for each in people])["id"]
    group_map(actor=owner, group=DirectoryGroup.objects.get(pk=id), role=role)
    return str(id)


def test_a_group_is_kept_with_its_members_and_gives_no_role_by_itself(scim: Speaker) -> None:
    ana = scim.user(displayName="Ana")
    group = scim.group("Administrators", [ana["id"]])

    assert [(each["value"], each["type"]) for each in group["members"]] == [(ana["id"], "User")]
    assert scim("GET", f"Users/{ana['id']}").document["groups"][0]["display"] == "Administrators"
    assert role_of(ana) == "viewer"


def test_the_most_powerful_of_the_mapped_groups_is_the_role(scim: Speaker, owner: User) -> None:
    ana = scim.user()
    analysts = mapped(scim, owner, "analyst", ana)
    assert role_of(ana) == "analyst"
    builders = mapped(scim, owner, "builder", ana)
    assert role_of(ana) == "builder"

    scim.patch(f"Groups/{builders}", {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'})
    assert role_of(ana) == "analyst"
    scim("DELETE", f"Groups/{analysts}")
    assert role_of(ana) == "viewer"
    assert AuditEntry.objects.filter(kind="accounts.role_set", subject_id=ana["id"]).count() == 4


def test_what_a_group_gives_is_changed_for_all_in_it_in_as_many_statements(
    scim: Speaker, owner: User, django_assert_max_num_queries: Any
) -> None:
    people = [scim.user(f"p{number}@example.org") for number in range(12)]
    group = DirectoryGroup.objects.get(pk=scim.group("All", [each["id"] for each in people])["id"])

    with django_assert_max_num_queries(14):
        group_map(actor=owner, group=group, role="approver")

    assert {role_of(each) for each in people} == {"approver"}


def test_no_group_makes_an_owner_nor_touches_one(scim: Speaker, owner: User) -> None:
    group = DirectoryGroup.objects.get(pk=scim.group("All", [str(owner.pk)])["id"])

    with pytest.raises(InvalidInput):
        group_map(actor=owner, group=group, role="owner")
    group_map(actor=owner, group=group, role="viewer")

    owner.refresh_from_db()
    assert owner.role == "owner"


def test_nobody_has_a_group_give_more_than_they_have(scim: Speaker, owner: User, member: MakeMember) -> None:
    group = DirectoryGroup.objects.get(pk=scim.group("All")["id"])
    with pytest.raises(PermissionDenied):
        group_map(actor=member("builder"), group=group, role="administrator")


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "Add", "path": "members", "value": [{"value": "b"}]}, "ab"),
        ({"op": "Remove", "path": "members", "value": [{"value": "a"}]}, ""),
        ({"op": "remove", "path": "members"}, ""),
        ({"op": "replace", "path": "members", "value": [{"value": "b"}]}, "b"),
        ({"op": "replace", "value": {"members": [{"value": "a"}, {"value": "b"}, {"value": "b"}]}}, "ab"),
    ],
)
def test_members_come_and_go_as_directories_say_it(scim: Speaker, operation: dict[str, Any], left: str) -> None:
    people = {name: scim.user(f"{name}@example.org")["id"] for name in "ab"}
    group = scim.group("All", [people["a"]])
    text = repr(operation)
    for name, id in people.items():
        text = text.replace(f"'value': '{name}'", f"'value': '{id}'")

    answer = scim.patch(f"Groups/{group['id']}", eval(text))  # noqa: S307  # of a literal above

    assert answer.status_code == 200, answer.content
    assert {each["value"] for each in answer.document.get("members", [])} == {people[name] for name in left}


def test_a_member_who_is_nobody_here_is_refused_and_nothing_is_changed(scim: Speaker, other_scim: Speaker) -> None:
    foreign = other_scim.user("eve@example.org")["id"]
    group = scim.group("All")

    for id in (foreign, str(uuid4()), "nonsense"):
        answer = scim.patch(f"Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": id}]})
        assert (answer.status_code, answer.document["scimType"]) == (400, "invalidValue")
    assert scim("GET", f"Groups/{group['id']}").document == group


def test_groups_are_found_and_replaced(scim: Speaker) -> None:
    ana = scim.user()
    group = scim.group("Engineers", [ana["id"]])
    scim.group("Others")
    for narrowing in (
        'displayName eq "engineers"',
        f'members.value eq "{ana["id"]}"',
        f'members[value eq "{ana["id"]}"]',
    ):
        found = scim("GET", f"Groups?filter={quote(narrowing)}&excludedAttributes=members").document["Resources"]
        assert [each["id"] for each in found] == [group["id"]]
        assert "members" not in found[0]

    answer = scim("PUT", f"Groups/{group['id']}", {"schemas": [GROUP], "displayName": "Builders", "externalId": "g"})

    assert (answer.document["displayName"], answer.document["externalId"]) == ("Builders", "g")
    assert "members" not in answer.document


def test_who_is_managed_by_the_directory_is_changed_by_hand_only_after_being_taken_over(
    scim: Speaker, owner: User
) -> None:
    ana = scim.user()
    builders = mapped(scim, owner, "builder", ana)
    account = User.objects.get(pk=ana["id"])
    for change in (members.member_deactivate, lambda **who: members.role_set(role="analyst", **who)):
        with pytest.raises(Conflict, match="Your directory manages"):
            change(actor=owner, member=account)

    members.member_management_set(actor=owner, member=account, managed=False)
    members.role_set(actor=owner, member=account, role="analyst")

    assert scim.patch(f"Users/{ana['id']}", {"op": "replace", "path": "active", "value": False}).status_code == 403
    scim("DELETE", f"Groups/{builders}")
    assert role_of(ana) == "analyst"
    members.member_management_set(actor=owner, member=account, managed=True)
    assert scim.patch(f"Users/{ana['id']}", {"op": "replace", "path": "active", "value": False}).status_code == 200

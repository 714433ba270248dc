"""What a directory reads: members as people, and the groups that it has sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from scim2_models import SearchRequest

from apps.accounts.models import DirectoryGroup
from apps.accounts.models import User as Account
from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_VIEW
from apps.accounts.scim.documents import (
    DEFAULT_PAGE,
    LARGEST_PAGE,
    Group,
    User,
    group_document,
    user_document,
)
from apps.accounts.scim.filters import condition_of, order_of
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand

__all__ = ["Found", "group_document", "group_get", "groups_find", "people", "user_document", "user_get", "users_find"]

Kind = TypeVar("Kind", User, Group)
FARTHEST = 2**31
"""The farthest that a page may begin: the database counts no farther than it has numbers for."""


@dataclass(frozen=True)
class Found(Generic[Kind]):
    """A page of a list."""

    documents: list[Kind]
    start: int
    """The place of the first of them in the whole list, from 1."""
    total: int


def people() -> QuerySet[Account]:
    """Whom a directory may see: members who are people, but for those whom it has removed."""
    return Account.objects.filter(Q(directory=None) | Q(directory__deleted_at=None), is_service=False, valid_until=None)


def user_get(*, who: Principal, id: str, lock: bool = False) -> Account:
    """One person with what the directory has sent of them. Raises `NotFound`."""
    demand(who, MEMBERS_VIEW)
    found = people().select_related("directory").prefetch_related("directory_groups")
    found = found.select_for_update(of=("self",)) if lock else found
    key = _uuid(id)
    account = found.filter(pk=key).first() if key else None
    if account is None:
        raise NotFound("There is no such user here.", remedy="Ask for the list of Users.")
    return account


def group_get(*, who: Principal, id: str, lock: bool = False) -> DirectoryGroup:
    """One group with its members. Raises `NotFound`."""
    demand(who, MEMBERS_VIEW)
    found = DirectoryGroup.objects.prefetch_related("members")
    key, found = _uuid(id), found.select_for_update(of=("self",)) if lock else found
    group = found.filter(pk=key).first() if key else None
    if group is None:
        raise NotFound("There is no such group here.", remedy="Ask for the list of Groups.")
    return group


def users_find(*, who: Principal, asked: SearchRequest[User], base: str) -> Found[User]:
    """A page of people, in three statements. Raises `SCIMException` for a filter that is not understood."""
    demand(who, MEMBERS_VIEW)
    rows, start, total = _page(people(), User, asked)
    rows = rows.select_related("directory").prefetch_related("directory_groups")
    return Found([user_document(row, base=base) for row in rows], start, total)


def groups_find(*, who: Principal, asked: SearchRequest[Group], base: str) -> Found[Group]:
    """A page of groups, in three statements; in two where their members are not asked for."""
    demand(who, MEMBERS_VIEW)
    rows, start, total = _page(DirectoryGroup.objects.all(), Group, asked)
    whole = _wants_members(asked)
    rows = rows.prefetch_related("members") if whole else rows
    return Found([group_document(row, base=base, with_members=whole) for row in rows], start, total)


def groups_list(*, who: Principal) -> list[DirectoryGroup]:
    """All groups with the number of their members, `size`, for the page of provisioning."""
    demand(who, IDENTITY_MANAGE)
    return list(DirectoryGroup.objects.annotate(size=Count("memberships")))


def provisioned_count(*, who: Principal) -> dict[str, int]:
    """How many members a directory manages, and how many have been taken over from it."""
    demand(who, IDENTITY_MANAGE)
    return people().aggregate(
        managed=Count("pk", filter=Q(directory__is_managed=True)),
        taken_over=Count("pk", filter=Q(directory__is_managed=False)),
    )


def group_of(*, who: Principal, id: UUID) -> DirectoryGroup:
    """One group, for the page of provisioning. Raises `NotFound`."""
    demand(who, IDENTITY_MANAGE)
    group = DirectoryGroup.objects.filter(pk=id).first()
    if group is None:
        raise NotFound("There is no such group here.", remedy="See the list of groups.")
    return group


def _page(rows: QuerySet[Any], model: type[Kind], asked: SearchRequest[Kind]) -> tuple[QuerySet[Any], int, int]:
    """The rows of the page that is asked for, the place of its first, and how many there are in all."""
    narrowed = rows if asked.filter is None else rows.filter(condition_of(model, asked.filter))
    start = min(asked.start_index or 1, FARTHEST)
    count = DEFAULT_PAGE if asked.count is None else min(asked.count, LARGEST_PAGE)
    return narrowed.order_by(*order_of(model, asked))[start - 1 : start - 1 + count], start, narrowed.count()


def _wants_members(asked: SearchRequest[Group]) -> bool:
    """Whether the members of groups are among what is asked for: who lists groups often leaves them out."""
    if asked.attributes:
        return any(str(path).lower().rpartition(":")[2].startswith("members") for path in asked.attributes)
    return not any(str(path).lower().rpartition(":")[2] == "members" for path in asked.excluded_attributes or [])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

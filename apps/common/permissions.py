"""Permission codes and the roles that hold them. Each app declares its codes in its `permissions.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

from apps.common.errors import PermissionDenied
from apps.common.registry import Registry


@dataclass(frozen=True)
class Role:
    key: str
    title: str
    summary: str


# The seven roles of a tenant, most powerful first. The owner holds every code.
ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role("owner", "Owner", "Everything, including other owners"),
        Role("administrator", "Administrator", "Members, keys and settings, and all that a builder may do"),
        Role("builder", "Builder", "Configures agents and workflows, uploads data, runs them"),
        Role("analyst", "Analyst", "Uploads data, runs agents and reads results"),
        Role("approver", "Approver", "Reads results and decides on approvals"),
        Role("auditor", "Auditor", "Reads everything, changes nothing"),
        Role("viewer", "Viewer", "Reads runs and results"),
    )
}


@dataclass(frozen=True)
class Permission:
    code: str
    title: str
    roles: frozenset[str]
    people_only: bool = False
    """Whether a program's account does not hold it, whatever its role: what only a person can answer for. A visiting
    operator does not hold it either."""
    members_only: bool = False
    """Whether a visiting operator does not hold it, whatever they were let in as: what would outlast the visit, or open
    another door."""


PERMISSIONS: Registry[Permission] = Registry("Permission")


def permission(code: str, title: str, *roles: str, people_only: bool = False, members_only: bool = False) -> str:
    """Declare a permission code, held by `roles` besides the owner. Returns the code."""
    unknown = set(roles) - set(ROLES)
    if unknown:
        raise ValueError(f"Permission {code!r} names roles that do not exist: {', '.join(sorted(unknown))}.")
    PERMISSIONS.register(code, Permission(code, title, frozenset(roles) | {"owner"}, people_only, members_only))
    return code


@cache
def codes_of(role: str) -> frozenset[str]:
    """The codes that a role holds; none for an unknown role."""
    return frozenset(item.code for item in PERMISSIONS if role in item.roles)


@cache
def codes_of_programs(role: str) -> frozenset[str]:
    """The codes that a program's account of a role holds."""
    return frozenset(code for code in codes_of(role) if not PERMISSIONS[code].people_only)


@cache
def codes_of_visitors(role: str) -> frozenset[str]:
    """The codes that an operator holds who was let in as a role."""
    return frozenset(code for code in codes_of_programs(role) if not PERMISSIONS[code].members_only)


class Principal(Protocol):
    """Whoever asks: a signed-in person, or a person's key with its scopes."""

    def can(self, code: str) -> bool: ...


class Platform:
    """Whoever has the machine itself: commands of an operator. It may do everything."""

    def can(self, code: str) -> bool:
        return code in PERMISSIONS


def demand(who: Principal, code: str) -> None:
    """Raise `PermissionDenied` unless `who` holds `code`. Selectors and services call it before they fetch."""
    if not who.can(code):
        title = PERMISSIONS[code].title
        raise PermissionDenied(
            f"This needs the permission to: {title.lower()}. Nothing was changed.",
            remedy="Ask an owner or administrator of your organisation for a role that holds it.",
        )

"""Whom a request or a hold is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import User
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.identifiers import SHORTEST, identifier_tidied, identifiers_flaw
from apps.common.privacy import Person


def person_of(*, member: UUID | None, identifiers: Sequence[str]) -> Person:
    """Whoever is meant: a member with what they are called here, and whoever bears the identifiers.

    An address of a member means the member. Raises `InvalidInput`, and `NotFound` for a member who is none here.
    """
    given = list(dict.fromkeys(tidied for each in identifiers if (tidied := identifier_tidied(each))))
    issues = []
    if flaw := identifiers_flaw(given):
        issues.append(Issue(path=f"identifiers.{flaw[0]}", message=flaw[1]))
    by_address = Q(email__in=[each.lower() for each in given])
    found = list(User.objects.filter(Q(pk=member) | by_address if member else by_address, is_service=False)[:3])
    if member and all(user.pk != member for user in found):
        raise NotFound("There is no such member here; nothing was done.", remedy="See the list of members.")
    if len(found) > 1:
        issues.append(Issue(path="identifiers", message="These are addresses of several members: one at a time."))
    if not given and not member:
        issues.append(Issue(path="identifiers", message="Choose a member, or give what the person is found by."))
    if issues:
        raise InvalidInput("It cannot be looked for this person; nothing was done.", issues=issues)
    user = found[0] if found else None
    called = [user.email, *([user.name] if _tells_apart(user.name) else [])] if user else []
    return Person(tuple(dict.fromkeys([*given, *called])), user.pk if user else None)


def subject_of(person: Person) -> dict[str, Any]:
    """A person as they are kept, sealed."""
    return {"member": str(person.member) if person.member else None, "identifiers": list(person.identifiers)}


def _tells_apart(name: str) -> bool:
    """Whether a name is found by itself without meeting others: a first name alone is many people's."""
    return len(name) >= SHORTEST and " " in name.strip()

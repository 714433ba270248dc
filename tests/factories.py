"""Rows for tests, with sensible defaults. They are made in the schema that is entered."""

from __future__ import annotations

from itertools import count
from typing import Any

from allauth.account.models import EmailAddress

from apps.accounts.models import User

PASSWORD = "a long enough password"
_numbers = count(1)


def make_member(role: str = "analyst", *, password: str = PASSWORD, **fields: Any) -> User:
    """A member with a verified address, who signs in with `password`. `fields` overrule any column."""
    number = next(_numbers)
    user = User(**{"name": f"Member {number}", "email": f"member{number}@example.org", "role": role, **fields})
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user

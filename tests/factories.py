"""Rows for tests, with sensible defaults. They are made in the schema that is entered."""

from __future__ import annotations

from typing import Any

import factory
from allauth.account.models import EmailAddress
from factory.django import DjangoModelFactory

from apps.accounts.models import User

PASSWORD = "a long enough password"


class MemberFactory(DjangoModelFactory[User]):
    """A member with a verified address who signs in with `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Member {n}")
    email = factory.Sequence(lambda n: f"member{n}@example.org")
    role = "analyst"
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def address(self: Any, create: bool, extracted: object, **_: object) -> None:
        if create:
            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)

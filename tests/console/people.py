"""Requests and people without a database, for what only asks who may do what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import RequestFactory

from apps.accounts.models import User
from apps.audit.actors import Actor


class Someone:
    """A person who is signed in and holds exactly these codes."""

    is_authenticated = True
    is_operator = False
    role = "viewer"
    initials = "SO"
    email = "someone@example.org"

    def __init__(self, *codes: str) -> None:
        self.codes = set(codes)

    def can(self, code: str) -> bool:
        return code in self.codes

    def as_actor(self) -> Actor:
        return Actor("person", name="Someone", email=self.email)


def request_of(person: Someone | User | None = None, path: str = "/", **headers: Any) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.user = person or Someone()  # type: ignore[assignment]
    request.resolver_match = None
    return request

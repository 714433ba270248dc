"""A directory, and what it says of people and groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.scim.directory import token_create
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Speaker:
    """A directory that speaks to the service of one tenant, with one token."""

    def __init__(self, host: str, token: str) -> None:
        self.host, self.token = host, token
        self._client = Client(headers={"host": host})

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        text = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
        answer: Any = self._client.generic(
            method, f"/scim/v2/{path}", text, content_type="application/scim+json", headers=sent
        )
        answer.document = json.loads(answer.content) if answer.content else None
        return answer

    def user(self, address: str = "ana@example.org", **more: Any) -> dict[str, Any]:
        """Make a person, and return their document."""
        made: Any = self("POST", "Users", {"schemas": [USER], "userName": address, **more})
        assert made.status_code == 201, made.content
        document: dict[str, Any] = made.document
        return document

    def group(self, name: str = "Engineers", members: list[str] | None = None) -> dict[str, Any]:
        sent = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members or []]}
        made: Any = self("POST", "Groups", sent)
        assert made.status_code == 201, made.content
        document: dict[str, Any] = made.document
        return document

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)


@pytest.fixture
def owner(member: Callable[..., User]) -> User:
    return member("owner", email="owner@example.org")


@pytest.fixture
def scim(acme: Tenant, owner: User) -> Speaker:
    """The directory of acme."""
    return Speaker("acme.localhost", token_create(actor=owner, name="Entra", days=30)[1])


@pytest.fixture
def other_scim(globex: Tenant, member: Callable[..., User], scim: Speaker) -> Speaker:
    """The directory of the other tenant."""
    foreign = member("owner", tenant=globex)
    with tenant_context(globex):
        return Speaker("globex.localhost", token_create(actor=foreign, name="Okta", days=30)[1])

"""The two tenants, and what the names of their things are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

WORD = "zebra"
"""In the texts of both tenants: whoever searches for it must find their own only."""
PASSWORD = "a password of both tenants"
HOLDER = UUID(int=6)
TRAINABLE = "retail.combination_weights"
PROMPT = "explain"


@dataclass(frozen=True)
class Things:
    """The names of one thing of each sort. Those of `Side.shared` exist in both tenants."""

    member: str
    deputy: str
    """The address of a member who stands in for the owner, and is asked; their key is the member's and 800."""
    service_account: str
    group: str
    """A group of the directory, with the member in it."""
    scim_token: str
    """The id of a token of the directory."""
    grant: str
    """The id of an operator's request to be let in."""
    open_grant: str
    """The id of a grant that lets an operator in now."""
    api_key: str
    dataset: str
    run: str
    number: int
    open_run: str
    """A run that has not ended."""
    open_number: int
    watch: str
    """The id of the work row of a watch."""
    workflow: str
    """The name of a workflow."""
    webhook: str
    approval_link: str
    """What a mail to the owner brings them to their question with."""
    link_user: str
    link_token: str
    """The two parts of a link that sets a member's password."""
    passkey: int
    """The key of a passkey of the member who has factors."""
    input: dict[str, Any]
    """An input for the agent that reads the dataset."""


@dataclass(frozen=True)
class Side:
    """One of the two tenants: what stands in it, and the ways in that its owner has."""

    slug: str
    schema: str
    marker: str
    """In every text of this tenant, and nowhere else."""
    agent: str
    email: str
    shared: Things
    own: Things
    """What the other tenant has no thing of the same name for."""
    session: str
    token: str
    api_key: str
    refresh_token: str
    holder_session: str
    """Of a member who has an authenticator app, recovery codes and passkeys, which the owner has not."""
    copied_session: str
    """A session, a key and a refresh token whose rows stand in the other tenant too, as after a careless restore."""
    copied_api_key: str
    copied_refresh_token: str
    narrow_key: str
    """A key whose one scope is `narrow_scope`; `other_narrow_key` has another one."""
    other_narrow_key: str
    scim_token: str
    """What the directory provisions with; `copied_scim_token` stands in the other tenant too."""
    copied_scim_token: str
    narrow_scope: str = "runs.view"

    @property
    def host(self) -> str:
        """Without a port."""
        return f"{self.slug}.localhost"

    @property
    def origin(self) -> str:
        """Of pages that this tenant lets call its API from a browser."""
        return origin_of(self.marker)


def origin_of(marker: str) -> str:
    return f"https://{marker}.example"


def tenant_of(side: Side) -> Any:
    from apps.tenants.context import tenant_by_schema

    tenant = tenant_by_schema(side.schema)
    if tenant is None:
        raise LookupError(f"There is no tenant of the schema {side.schema}.")
    return tenant

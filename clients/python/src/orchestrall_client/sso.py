"""Identity providers that an organisation's members sign in with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.pages import id_of, listed
from orchestrall_client.sso_models import SsoConnection, SsoDomain, SsoPolicy

ConnectionId = SsoConnection | UUID | str
DomainId = SsoDomain | UUID | str
PATH = "/api/v1/sso/connections"
POLICY = "/api/v1/sso/policy"


class SingleSignOn:
    """`client.sso`. Looking needs a person's `identity.manage`, and changing an owner's `sso.manage`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The identity providers, by name. With `fields` each is a dict of these alone."""
        return listed(self._connection, PATH, SsoConnection, fields=fields, limit=page_size)

    def get(self, provider: ConnectionId) -> SsoConnection:
        """One identity provider, with what is to be entered there."""
        return self._connection.one(get(self._at(provider)), SsoConnection)

    def create(
        self,
        kind: Literal["oidc", "saml"],
        name: str,
        access: Mapping[str, Any],
        *,
        rules: Mapping[str, Any] | None = None,
    ) -> SsoConnection:
        """Connect an identity provider. It is off: `test` it, and turn it on by `change`."""
        body = {"kind": kind, "name": name, "access": dict(access), "rules": dict(rules or {})}
        return self._connection.one(Call("POST", PATH, json=body).once(), SsoConnection)

    def change(
        self,
        provider: ConnectionId,
        *,
        name: str | None = None,
        access: Mapping[str, Any] | None = None,
        rules: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
    ) -> SsoConnection:
        """Change what is given. A secret in `access` that is sent as it was shown stays, for the same issuer."""
        given = {
            "name": name,
            "access": None if access is None else dict(access),
            "rules": None if rules is None else dict(rules),
            "is_enabled": is_enabled,
        }
        body = {each: value for each, value in given.items() if value is not None}
        return self._connection.one(Call("PATCH", self._at(provider), json=body), SsoConnection)

    def test(self, provider: ConnectionId) -> SsoConnection:
        """Look at what the provider publishes: the answer's `findings` say what is wrong."""
        return self._connection.one(Call("POST", f"{self._at(provider)}/test"), SsoConnection)

    def delete(self, provider: ConnectionId) -> None:
        """Delete an identity provider with its secret. Its members stay."""
        self._connection.json(Call("DELETE", self._at(provider)))

    def add_domain(self, provider: ConnectionId, name: str) -> SsoDomain:
        """Add a domain. Publish its record, then `verify_domain`."""
        return self._connection.one(Call("POST", f"{self._at(provider)}/domains", json={"name": name}), SsoDomain)

    def get_domain(self, provider: ConnectionId, domain: DomainId) -> SsoDomain:
        """One domain, and what to publish for it."""
        return self._connection.one(get(self._domain(provider, domain)), SsoDomain)

    def verify_domain(self, provider: ConnectionId, domain: DomainId) -> SsoDomain:
        """Look whether a domain is shown to be the organisation's. Raises `Conflict` where it is not."""
        return self._connection.one(Call("POST", f"{self._domain(provider, domain)}/verify"), SsoDomain)

    def remove_domain(self, provider: ConnectionId, domain: DomainId) -> None:
        """Remove a domain: its addresses do not come in any more."""
        self._connection.json(Call("DELETE", self._domain(provider, domain)))

    def policy(self) -> SsoPolicy:
        """Whether members sign in by identity providers alone."""
        return self._connection.one(get(POLICY), SsoPolicy)

    def set_policy(self, *, is_only: bool, break_glass: UUID | str | None = None) -> SsoPolicy:
        """Have members sign in by identity providers alone, or not; `break_glass` is the owner who keeps a way past."""
        body = {"is_only": is_only, "break_glass": str(break_glass) if break_glass else None}
        return self._connection.one(Call("PUT", POLICY, json=body), SsoPolicy)

    @staticmethod
    def _at(provider: ConnectionId) -> str:
        return f"{PATH}/{id_of(provider, 'provider')}"

    def _domain(self, provider: ConnectionId, domain: DomainId) -> str:
        return f"{self._at(provider)}/domains/{id_of(domain, 'domain')}"

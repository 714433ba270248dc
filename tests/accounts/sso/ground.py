"""Two tenants with the same four providers: a real one of each protocol, and two that are scripted."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.test import Client
from django.utils import timezone

from apps.accounts.models import SsoConnection, SsoDomain
from apps.accounts.sso import oidc, saml
from apps.accounts.sso.metadata import filled
from apps.accounts.sso.schemas import SamlAccess
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests import oidcprovider
from tests.oidcprovider import OidcProvider, oidc_provider, scripted
from tests.oidcprovider.scripted import Scripted, scripted_provider
from tests.samlprovider import SamlProvider, saml_provider

REAL, SCRIPTED, OTHER, SAML = (UUID(int=number) for number in range(0x550, 0x554))
DOMAIN: Final = "acme.example"
RULES: Final = {
    "just_in_time": True,
    "roles": [{"group": "engineers", "role": "builder"}, {"group": "admins", "role": "administrator"}],
}
_GROUPS: Final = {
    "ana": ["engineers"],
    "ben": ["engineers", "admins"],
    "eve": ["sales"],
    "old": ["engineers"],
    "out": ["engineers"],
}
_PEOPLE: Final = {
    name: {"email": f"{name}@{DOMAIN}", "email_verified": True, "name": name.title(), "groups": groups}
    for name, groups in _GROUPS.items()
} | {"una": {"email": f"una@{DOMAIN}", "email_verified": False, "groups": ["engineers"]}}


@dataclass(frozen=True)
class Peers:
    real: OidcProvider
    scripted: Scripted
    other: Scripted
    saml: SamlProvider
    metadata: SamlAccess


@contextmanager
def peers(folder: Path, slugs: tuple[str, ...] = ("acme", "globex")) -> Iterator[Peers]:
    """The four providers, in processes and threads of their own."""
    hosts = [f"http://{slug}.localhost" for slug in slugs]
    persons = {
        name: {"mail": [f"{name}@{DOMAIN}"], "displayName": [name.title()], "groups": groups}
        for name, groups in {**_GROUPS, "una": ["engineers"]}.items()
    }
    with ExitStack() as stack:
        real = stack.enter_context(
            oidc_provider(
                redirect_uris=[f"{host}/sso/{REAL}/callback/" for host in hosts],
                people=_PEOPLE,
                signed_out=[f"{host}/accounts/login/" for host in hosts],
            )
        )
        provider = stack.enter_context(saml_provider(folder, people=persons))
        said = SamlAccess(metadata_xml=provider.metadata)
        one, other = stack.enter_context(scripted_provider()), stack.enter_context(scripted_provider())
        yield Peers(real, one, other, provider, filled(said))


@cache
def keys() -> dict[str, str]:
    return saml.keys_made("Of the tests")


def connect(peers: Peers, tenant: Tenant) -> None:
    """Connect the four providers in a tenant, each for the same domain in turn."""

    def of(provider: Any, **secret: str) -> dict[str, Any]:
        scopes = "openid profile email groups"
        return {"issuer": provider.issuer, "scopes": scopes, "client_id": oidcprovider.CLIENT, **secret}

    with tenant_context(tenant):
        for pk, name, kind, access in (
            (REAL, "Real", "oidc", of(peers.real, client_secret=oidcprovider.SECRET)),
            (SCRIPTED, "Scripted", "oidc", of(peers.scripted, client_secret=scripted.SECRET)),
            (OTHER, "Other", "oidc", of(peers.other, client_secret=scripted.SECRET)),
            (SAML, "Saml", "saml", peers.metadata.model_dump(mode="json")),
        ):
            row = SsoConnection(pk=pk, name=name, kind=kind, access=access, rules=RULES, is_enabled=True)
            row.keys = keys() if kind == "saml" else None
            row.save(force_insert=True)
            if kind == "saml":
                (peers.saml.folder / f"{tenant.slug}.sp.xml").write_bytes(saml.metadata_of(row))
        oidc.forget()


@dataclass
class Ground:
    """Where somebody tries to come in."""

    peers: Peers
    acme: Tenant
    globex: Tenant
    clients: dict[str, Client] = field(default_factory=dict)

    def browser(self, tenant: Tenant | None = None) -> Browser:
        return Browser(self, tenant or self.acme)

    def speaks_for(self, connection: UUID, tenant: Tenant | None = None) -> None:
        """Let a connection speak for the domain, and no other."""
        with tenant_context(tenant or self.acme):
            SsoDomain.objects.update_or_create(
                name=DOMAIN,
                defaults={"connection_id": connection, "token": "shown", "verified_at": timezone.now()},
            )

    def change(self, connection: UUID, **values: Any) -> None:
        """Change a connection, past its service."""
        with tenant_context(self.acme):
            row = SsoConnection.objects.get(pk=connection)
            for name, value in values.items():
                setattr(row, name, {**getattr(row, name), **value} if isinstance(value, dict) else value)
            row.save()


class Browser:
    """One at a tenant's host. What comes of a try is ``in``, or the reason of the refusal."""

    def __init__(self, ground: Ground, tenant: Tenant) -> None:
        self.ground, self.tenant = ground, tenant
        self.client = Client(headers={"host": f"{tenant.slug}.localhost"}, raise_request_exception=True)

    def begin(self, connection: UUID, *, step: str = "login", **query: str) -> str:
        """Press the button: the address that the browser is sent to."""
        answer = self.client.get(f"/sso/{connection}/{step}/", query)
        return answer["Location"] if answer.status_code == 302 else reason_of(answer)

    def come_back(self, connection: UUID, brought: dict[str, str]) -> str:
        return self._came(self.client.get(f"/sso/{connection}/callback/", brought))

    def post(self, connection: UUID, xml: bytes) -> str:
        """Bring an answer of SAML, as the browser does that comes from the provider's page."""
        form = {"SAMLResponse": base64.b64encode(xml).decode()}
        answer = self.client.post(f"/sso/{connection}/acs/", form)
        if answer.status_code == 302:
            answer = self.client.get(answer["Location"])
        return self._came(answer)

    def real(self, person: str) -> str:
        """Sign in by the real provider of OpenID Connect."""
        self.ground.speaks_for(REAL, self.tenant)
        return self.come_back(REAL, self.ground.peers.real.sign_in(self.begin(REAL), person=person))

    def scripted(self, person: str = "ana", **says: Any) -> str:
        """Sign in by the scripted provider, which says what it is told to."""
        self.ground.speaks_for(SCRIPTED, self.tenant)
        self.ground.peers.scripted.script(**says)
        oidc.forget()
        to = self.begin(SCRIPTED)
        if "?" not in to:
            return to
        return self.come_back(SCRIPTED, self.ground.peers.scripted.sign_in(to, person=person))

    def saml(self, person: str = "ana") -> bytes:
        """What the provider of SAML answers to a sign-in that is begun here."""
        self.ground.speaks_for(SAML, self.tenant)
        return self.ground.peers.saml.sign_in(self.begin(SAML), person=person)

    def is_in(self) -> bool:
        return self.client.get("/accounts/email/").status_code == 200

    def _came(self, answer: Any) -> str:
        if answer.status_code != 302:
            return reason_of(answer)
        return "in" if self.client.session.get("_auth_user_id") else f"sent to {answer['Location']}"


def reason_of(answer: Any) -> str:
    """Why somebody was refused, as the page says it."""
    found = re.search(r"<code data-reason>([a-z-]+)</code>", answer.content.decode())
    return found[1] if found else f"status {answer.status_code}"

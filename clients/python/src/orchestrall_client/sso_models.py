"""What the server tells of identity providers, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrall_client.models import Model


class SsoDomain(Model):
    """A domain of mail, and what to publish so that it is shown to be the organisation's."""

    id: UUID
    name: str
    record_name: str
    record_text: str
    file: str
    verified_at: datetime | None


class SsoHanded(Model):
    """Something to be entered at the provider."""

    title: str
    value: str


class SsoFinding(Model):
    """Something that a test looked at."""

    title: str
    state: Literal["ok", "warning", "failed"]
    detail: str


class SsoConnection(Model):
    """An identity provider. Of its secret `access` tells only that it is set."""

    id: UUID
    kind: Literal["oidc", "saml"]
    name: str
    is_enabled: bool
    access: dict[str, Any]
    rules: dict[str, Any]
    handed: list[SsoHanded]
    domains: list[SsoDomain]
    findings: list[SsoFinding]
    tested_at: datetime | None
    created_at: datetime


class SsoPolicy(Model):
    """Whether members sign in by identity providers alone, and the owner who keeps the way past it."""

    is_only: bool
    break_glass: UUID | None

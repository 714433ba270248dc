"""Names of tenants: the slug that people see in the address, and the schema and host made of it."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError

_SLUG = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,39}\Z")
_SCHEMA = re.compile(r"t_[a-z0-9_]{1,40}\Z")
# Hosts that mean something of their own below a base host, and the schema of the template.
_RESERVED = frozenset({"admin", "api", "mail", "public", "static", "template", "www"})


def validate_slug(slug: str) -> None:
    """Raise `ValidationError` unless `slug` can be a tenant's: 1 to 40 of a-z, 0-9 and single inner hyphens."""
    if not _SLUG.match(slug):
        raise ValidationError(
            f"{slug!r} cannot be an address: use 1 to 40 small letters and digits, with single hyphens inside.",
            code="slug",
        )
    if slug in _RESERVED:
        raise ValidationError(f"{slug!r} is reserved: choose another address.", code="reserved")


def schema_of(slug: str) -> str:
    """The schema of a slug. No two slugs share one, as a slug has no underscore."""
    schema = f"t_{slug.replace('-', '_')}"
    require_schema(schema)
    return schema


def require_schema(schema: str) -> None:
    """Refuse anything but a tenant's schema name before it gets near a statement or a path."""
    if not _SCHEMA.match(schema):
        raise ValueError(f"{schema!r} is not the schema of a tenant.")


def host_of(slug: str) -> str:
    """The host at which a tenant answers, without port."""
    return f"{slug}.{settings.BASE_HOST}"

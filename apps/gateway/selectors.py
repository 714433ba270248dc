"""Reads of API keys."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.gateway.models import ApiKey
from apps.gateway.permissions import KEYS_VIEW
from apps.tenants.context import current_schema

MOST_LISTED = 200


def keys_list(*, who: Principal) -> list[ApiKey]:
    """The newest keys with their makers, in one statement."""
    demand(who, KEYS_VIEW)
    return list(ApiKey.objects.select_related("user")[:MOST_LISTED])


def key_get(*, who: Principal, id: UUID) -> ApiKey:
    """One key. Raises `NotFound` where there is none in this tenant."""
    demand(who, KEYS_VIEW)
    key = ApiKey.objects.select_related("user").filter(pk=id).first()
    if key is None:
        raise NotFound("There is no such key here.", remedy="See the list of keys.")
    return key


def key_digest(text: str) -> bytes:
    """What is stored of a key. It has 256 random bits, so a plain hash is enough; the schema in front makes the keys
    of a copied tenant worthless in the copy."""
    return hashlib.sha256(f"{current_schema()}:{text}".encode()).digest()


def key_verify(text: str) -> ApiKey | None:
    """The usable key that `text` is, with its user; None otherwise. Notes the use, to the minute."""
    parts = text.split("_", 2)
    if len(parts) != 3 or len(text) > 100 or "\x00" in text:
        return None
    key = ApiKey.objects.select_related("user").filter(prefix=parts[1]).first()
    if key is None or not constant_time_compare(bytes(key.digest), key_digest(text)):
        return None
    if key.state != "active" or not key.user.is_active:
        return None
    minute = timezone.now().replace(second=0, microsecond=0)
    if key.last_used_at is None or key.last_used_at < minute:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=minute)
    return key

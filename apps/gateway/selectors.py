"""Reads of API keys."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.gateway.marks import KEY, digest_of, is_whole
from apps.gateway.models import ApiKey
from apps.gateway.permissions import KEYS_VIEW

MOST_LISTED = 200
PREFIX = 8
"""Letters of the public part of a key."""


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


def key_verify(text: str) -> ApiKey | None:
    """The usable key that `text` is, with its user; None otherwise. Notes the use, to the minute."""
    prefix = text.removeprefix(KEY)[:PREFIX]
    if not is_whole(text, f"{KEY}{prefix}_", or_older=True):
        return None
    key = ApiKey.objects.select_related("user").filter(prefix=prefix).first()
    if key is None or not constant_time_compare(bytes(key.digest), digest_of(text)) or not _is_usable(key):
        return None
    minute = timezone.now().replace(second=0, microsecond=0)
    if key.last_used_at is None or key.last_used_at < minute:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=minute)
    return key


def key_usable(id: UUID) -> ApiKey | None:
    """The key of this id with its user, as long as it may be used."""
    key = ApiKey.objects.select_related("user").filter(pk=id).first()
    return key if key is not None and _is_usable(key) else None


def _is_usable(key: ApiKey) -> bool:
    return key.state == "active" and bool(key.user.is_active)

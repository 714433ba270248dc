"""Reads of API keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.reading import Pointing
from apps.gateway.marks import KEY, digest_of, is_whole
from apps.gateway.models import ApiKey
from apps.gateway.permissions import KEYS_MANAGE, KEYS_VIEW
from apps.gateway.principals import Caller

MOST_LISTED = 200
PREFIX = 8
"""Letters of the public part of a key."""
_KEYS = Pointing(ApiKey, by="prefix", key="user")


def keys_query(*, who: Principal, search: str = "", state: str = "") -> QuerySet[ApiKey]:
    """The keys with their users, newest first, narrowed: `search` in name and prefix, `state` active or ended."""
    demand(who, KEYS_VIEW)
    narrow, active = Q(), Q(revoked_at=None, expires_at__gt=timezone.now())
    if text := search.replace("\x00", "").strip():  # a byte that the database has no text with
        narrow &= Q(name__icontains=text) | Q(prefix__startswith=text.removeprefix(KEY)[:PREFIX])
    narrow &= {"active": active, "ended": ~active}.get(state, Q())
    return ApiKey.objects.select_related("user").filter(narrow)


def keys_list(*, who: Principal, search: str = "", state: str = "") -> list[ApiKey]:
    """The newest keys with their users and what takes over from them, in two statements. Narrowed as `keys_query`."""
    following = Prefetch("replaced_by", ApiKey.objects.filter(revoked_at=None))
    return list(keys_query(who=who, search=search, state=state).prefetch_related(following)[:MOST_LISTED])


def key_get(*, who: Principal, id: UUID, lock: bool = False) -> ApiKey:
    """One key, locked for the rest of the transaction where it is to be changed.

    Raises `NotFound` where there is none in this tenant.
    """
    demand(who, KEYS_VIEW)
    keys = ApiKey.objects.select_related("user")
    key = (keys.select_for_update(of=("self",)) if lock else keys).filter(pk=id).first()
    if key is None:
        raise NotFound("There is no such key here.", remedy="See the list of keys.")
    return key


def accounts_list(*, who: Principal) -> list[Any]:
    """The active service accounts, for which keys may be made."""
    demand(who, KEYS_MANAGE)
    return list(get_user_model().objects.filter(is_service=True, is_active=True).order_by("name", "id"))


def account_get(*, who: Principal, id: UUID) -> Any:
    """One of them. Raises `NotFound` where there is none in this tenant."""
    demand(who, KEYS_MANAGE)
    account = get_user_model().objects.filter(pk=id, is_service=True, is_active=True).first()
    if account is None:
        raise NotFound("There is no such service account here.", remedy="See the list of service accounts.")
    return account


def may_rotate(who: Caller, key: ApiKey) -> bool:
    """Whether `who` may have the text of a key like this one: their own, or one of a program's account that does no
    more than they may themselves."""
    return key.user_id == who.user.pk or (key.user.is_service and all(who.can(code) for code in key.scopes))


def keepers_of(accounts: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Of those that are accounts of programs: the members who made keys for each, whether or not these have ended. One
    statement."""
    kept = ApiKey.objects.filter(user__in=list(accounts), user__is_service=True, made_by__isnull=False)
    found: dict[UUID, set[UUID]] = {}
    for account, keeper in kept.values_list("user", "made_by"):
        found.setdefault(account, set()).add(keeper)
    return found


def key_verify(text: str) -> ApiKey | None:
    """The usable key that `text` is, with its user; None otherwise. Notes the use, to the minute."""
    prefix = text.removeprefix(KEY)[:PREFIX]
    if not is_whole(text, f"{KEY}{prefix}_", or_older=True):
        return None
    key = _KEYS.get(prefix)
    if key is None or not constant_time_compare(bytes(key.digest), digest_of(text)) or not is_usable(key):
        return None
    minute = timezone.now().replace(second=0, microsecond=0)
    if key.last_used_at is None or key.last_used_at < minute:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=minute)
    return key


def key_usable(id: UUID) -> ApiKey | None:
    """The key of this id with its user, as long as it may be used."""
    key = ApiKey.objects.select_related("user").filter(pk=id).first()
    return key if key is not None and is_usable(key) else None


def is_usable(key: ApiKey) -> bool:
    """Whether a key, read with its user, opens anything now."""
    return key.state == "active" and bool(key.user.is_active)

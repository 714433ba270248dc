"""Failed tries to sign in, as the audit log keeps them: without what was typed, and not one entry for each of a flood.

Somebody types a password into the field for the address sooner or later, so what was typed there is kept as a keyed
digest: equal for equal addresses, and nothing to whoever has not the tenant's key. Where a member has the address, they
are the entry's subject.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from django.db import transaction
from redis.exceptions import RedisError

from apps.accounts.auditing import SIGN_IN_FAILED
from apps.accounts.models import User
from apps.audit.actors import NOBODY, circumstances
from apps.audit.models import AuditEntry
from apps.audit.services import Subject, record
from apps.gateway.addresses import network_of
from apps.tenants.context import current_tenant
from apps.tenants.fast import redis, redis_key
from apps.tenants.keys import require_data_key

WINDOW: Final = 3600
"""Seconds over which tries are counted."""
EACH: Final = 10
"""Tries for one account from one network that have an entry each; beyond them those whose number is a power of two."""
ALL: Final = 1000
"""Entries of a tenant within a window; beyond them those whose number is a power of two."""

FAILED, REFUSED = AuditEntry.Outcome.FAILED, AuditEntry.Outcome.REFUSED


def failure_note(*, account: str, why: str, outcome: str = FAILED) -> None:
    """Record that somebody did not get in as `account`, which is what they typed, in a transaction of its own.

    `why` is a few words. Of a flood there are as many entries as its logarithm, each with the number of tries until
    then. Raises `AuditNotWritten`.
    """
    typed = account.strip().lower()
    named = account_digest(typed)
    tries = _told(named, network_of(circumstances().address))
    if not tries:
        return
    member = User.objects.filter(email=typed, is_service=False).first() if "\0" not in typed else None
    subject = Subject.of(member) if member else Subject("", "", "somebody who is no member here")
    with transaction.atomic():
        record(SIGN_IN_FAILED, who=NOBODY, subject=subject, outcome=outcome, account=named, why=why, tries=tries)


def refusals_told(what: str) -> int:
    """How many times there was this refusal from the network of the request within the window, with this one; 0 where
    this one has no entry, as for tries: what anybody can send is not to fill the audit log."""
    return _told(what, network_of(circumstances().address))


def account_digest(typed: str) -> str:
    """What stands in an entry for what was typed: 128 bits that only the holder of the tenant's key can make again."""
    key = require_data_key(current_tenant()).derive("accounts.failed_sign_in")
    return hmac.digest(key, typed.encode(errors="replace"), "sha256").hex()[:32]


def _told(named: str, network: str) -> int:
    """How many tries there were for the account from the network within the window, with this one; 0 where this one
    has no entry. 1 without Redis: then few tries are let through at all (`apps.accounts.limits`)."""
    try:
        tries = _one_more(redis_key("failed-sign-in", named, network))
        if tries > EACH and not _is_round(tries):
            return 0
        entries = _one_more(redis_key("failed-sign-ins"))
    except RedisError:
        return 1
    return tries if entries <= ALL or _is_round(entries) else 0


def _one_more(key: str) -> int:
    pipe: Any = redis().pipeline(transaction=True)
    count, _ = pipe.incr(key).expire(key, WINDOW, nx=True).execute()
    return int(count)


def _is_round(number: int) -> bool:
    """Whether it is a power of two."""
    return number > 0 and number & (number - 1) == 0

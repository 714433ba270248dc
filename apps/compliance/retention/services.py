"""Periods: set, and gone by every day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import Subject, record
from apps.common import work
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.common.privacy import RETAINED, Retained
from apps.compliance.auditing import PERIOD_SET, RETENTION_APPLIED
from apps.compliance.models import RetentionPeriod, RetentionRecord
from apps.compliance.permissions import RETENTION_MANAGE
from apps.compliance.requests.holds import standing
from apps.compliance.retention.periods import GRACE, Period, is_shorter, periods_now
from apps.tenants.context import current_tenant

KIND: Final = "compliance.retention"
EVERY: Final = timedelta(days=1)
BATCH: Final = 100
"""Rows that go in one transaction."""
TURN: Final = 20
"""Batches before other work of the tenant has its turn."""
LONGEST: Final = 36_525
"""Days: a hundred years."""


def work_id() -> UUID:
    """The id of the work row, of which a tenant has one: its own, so that it means nothing in another."""
    id: UUID = current_tenant().pk
    return id


def kind_get(key: str) -> Retained:
    """A kind of data by its key. Raises `NotFound`."""
    kind = RETAINED.get(key)
    if kind is None:
        raise NotFound(f"There is no kind of data {key!r} with a period.", remedy="See the list of periods.")
    return kind


def period_lock(*, who: Principal, kind: Retained) -> Period:
    """The period of a kind, locked for the rest of the transaction in which it is to be set."""
    demand(who, RETENTION_MANAGE)
    RetentionPeriod.objects.get_or_create(kind=kind.key)
    row = RetentionPeriod.objects.select_for_update(of=("self",)).select_related("changed_by").get(pk=kind.key)
    return Period(kind, row, timezone.now())


def period_set(*, who: Principal, user: User, kind: Retained, days: int | None, to_default: bool = False) -> Period:
    """Keep a kind of data for so many days, for ever (None), or as is the default.

    A longer period holds at once, a shorter one after `GRACE`: until then it can be set back, and nothing has gone.
    Raises `InvalidInput` outside of the kind's bounds.
    """
    demand(who, RETENTION_MANAGE)
    days = kind.default if to_default else days
    _require_within(kind, days)
    with transaction.atomic():
        before = period_lock(who=who, kind=kind)
        row, present = before.row, before.days
        if days == before.wanted and row.is_set != to_default:
            return before
        row.former_days, row.was_set = present, True
        row.days, row.is_set = days, not to_default
        row.holds_at = before.now + GRACE if is_shorter(days, present) else before.now
        row.changed_by, row.changed_at = user, before.now
        row.save()
        shown = (
            {"days": "for ever" if before.wanted is None else before.wanted},
            {"days": "for ever" if days is None else days},
        )
        record(PERIOD_SET, who=who, subject=_subject(kind), before=shown[0], after=shown[1], holds_from=row.holds_at)
        return Period(kind, row, before.now)


def _require_within(kind: Retained, days: int | None) -> None:
    most = kind.most or LONGEST
    if days is None and kind.most is not None:
        told = f"This is not kept for ever: give {kind.least} to {most:,} days."
    elif days is not None and not kind.least <= days <= most:
        told = f"Give {kind.least} to {most:,} days."
    else:
        return
    raise InvalidInput("The period stays as it was.", issues=[Issue(path="days", message=told)])


# ------------------------------------------------------------------------------------------------------------ the work


def looks_begin(**_: object) -> None:
    """When a tenant is made: have its periods gone by from now on. Those from before get their row by `pending`."""
    work.schedule(KIND, work_id())


def retention_perform(claim: work.Claim) -> None:
    """Go by the periods, as far as a turn goes; the next look is in a day, or at once where there is more.

    Each batch is a transaction of its own, with its part of the record. Raises `FenceLost`.
    """
    for _ in range(TURN):
        with work.fenced(claim) as row:
            if not retention_step():
                row.postpone(timezone.now() + EVERY)
                return
        if work.stopping(claim):
            return
    with work.fenced(claim) as row:
        row.postpone(timezone.now())


def retention_step() -> bool:
    """Remove one batch, in the caller's transaction. False: every kind was gone by today, or a hold stands."""
    if standing():
        return False
    for period in periods_now():
        if period.before is None or _is_done(period):
            continue
        _batch(period, period.before)
        return True
    return False


def _is_done(period: Period) -> bool:
    """Whether a kind was gone by to the end since a day, less an hour by which work may come late or early."""
    return period.row.applied_at is not None and period.row.applied_at > period.now - EVERY + timedelta(hours=1)


def _batch(period: Period, before: datetime) -> None:
    """Remove a batch of one kind, and write it down."""
    begun = time.monotonic()
    told = RetentionRecord.objects.select_for_update().filter(kind=period.kind.key, ended_at=None).first()
    if told is not None and told.before > before:  # a longer period was set since: what it keeps must not go
        _end(period, told)
        told = None
    told = told or RetentionRecord(kind=period.kind.key, days=period.days or 0, before=before)
    removed = period.kind.expire(told.before, BATCH)
    told.removed += removed
    told.ms += round(1_000 * (time.monotonic() - begun))
    if removed < BATCH:
        RetentionPeriod.objects.update_or_create(kind=period.kind.key, defaults={"applied_at": timezone.now()})
        if told.removed:
            _end(period, told)
    elif told.removed:
        told.save()


def _end(period: Period, told: RetentionRecord) -> None:
    """No more goes by this record: it is complete, and told."""
    told.ended_at = timezone.now()
    told.save()
    record(
        RETENTION_APPLIED, who=None, subject=_subject(period.kind), removed=told.removed, days=told.days,
        older_than=told.before.isoformat(timespec="seconds"), record=str(told.pk),
    )  # fmt: skip


def _subject(kind: Retained) -> Subject:
    return Subject("compliance.retentionperiod", kind.key, kind.title)

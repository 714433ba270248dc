"""Epochs: a log that was restored is not continued as if nothing had been lost. It begins anew, and says where."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.audit import notes, places, sequencing
from apps.audit.actors import Actor, Acts
from apps.audit.auditing import EPOCH_BEGAN
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditPending
from apps.audit.places import PlaceUnavailable
from apps.audit.services import record
from apps.audit.tree import Growing
from apps.common.errors import Unavailable
from apps.common.permissions import Platform
from apps.tenants.context import current_tenant


class CheckpointsUnavailable(Unavailable):
    code, status, title = "audit_checkpoints_unavailable", 503, "The checkpoints of the audit log cannot be reached"
    cause = "They are kept outside the database, and a new epoch has to name the newest of them."
    effect = "No epoch began, and nothing was changed."
    remedy = "Try again once the folder or bucket answers: `manage.py audit status` names it and says what is wrong."


@transaction.atomic
def epoch_begin(*, who: Acts | Actor | Platform | None, reason: str) -> int:
    """Begin a new epoch of the current tenant's log, after a restore. Returns its number.

    Its first entry names what was known here and the newest checkpoint outside, so that nobody can take a restore for
    something that was not said. Raises `CheckpointsUnavailable`.
    """
    tenant, outside = current_tenant(), places.place()
    sequencing.lock()
    at = sequencing.standing()
    try:
        newest = outside.newest(str(tenant.pk), at.name) or at.name
        note = outside.get(f"{tenant.pk}/{newest}") if newest else None
    except PlaceUnavailable as error:
        raise CheckpointsUnavailable(str(error)) from error
    said = note or (at.last.note if at.last else None)
    epoch = max(at.epoch, int(newest.partition("/")[0]) if newest else 0) + 1
    id = record(
        EPOCH_BEGAN,
        who=who,
        epoch=epoch,
        reason=reason,
        kept=_kept(at.last),
        outside={"checkpoint": newest, "sha256": notes.hash_of(note).hex() if note else ""},
    )
    AuditPending.objects.filter(pk=id).delete()
    before = notes.hash_of(said) if said else notes.NO_NOTE
    sequencing.write(epoch, Growing(), [AuditEntry.objects.get(pk=id)], sequencing.clock(), before)
    return epoch


def restored(**_: Any) -> None:
    """A tenant is released, which was held because it was restored: its log goes on in a new epoch.

    One without checkpoints has no history that could have been lost.
    """
    tenant, at = current_tenant(), sequencing.standing()
    try:
        has_history = bool(at.last or places.place().newest(str(tenant.pk), ""))
    except PlaceUnavailable as error:
        raise CheckpointsUnavailable(str(error)) from error
    if has_history:
        epoch_begin(who=None, reason="The organisation was restored, and released.")


def _kept(last: AuditCheckpoint | None) -> dict[str, Any]:
    """What of the former epoch is here."""
    if last is None:
        return {"epoch": 0, "size": 0}
    return {"epoch": last.epoch, "size": last.size, "root": bytes(last.root).hex()}

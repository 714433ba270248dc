"""The work of a request: look through every kind of data, write or erase, look again. In batches, each of them recorded
with the place where the next one goes on, so that a worker may be killed anywhere."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from django.utils import timezone

from apps.audit.services import record
from apps.common import work
from apps.common.errors import Problem
from apps.common.privacy import PERSONAL, Found, Item, Person
from apps.compliance.auditing import PRIVACY_ENDED, PRIVACY_ERASED, PRIVACY_EXPORTED
from apps.compliance.models import PrivacyFind, PrivacyRequest
from apps.compliance.requests.archive import file_write
from apps.compliance.requests.holds import require_no_hold
from apps.compliance.requests.problems import PrivacyAbandoned, PrivacyIncomplete
from apps.compliance.requests.services import KIND, Status, file_path, request_close

LOOKED_AT_ONCE: Final = 200
ERASED_AT_ONCE: Final = 50
AGAIN: Final = timedelta(minutes=5)
"""Until what was in use is tried again."""
ROUNDS: Final = 5
"""Times that what was found anew is erased, before somebody has to see what writes it."""
KEPT: Final = timedelta(days=7)
"""That the file of an export is there."""


def request_perform(claim: work.Claim) -> None:
    """Go on with a request until it has ended, or waits, or the worker is to leave. Raises `FenceLost`."""
    while not work.stopping(claim):
        request = PrivacyRequest.objects.filter(pk=claim.id).first()
        if request is None or not request.is_at_work:
            _rest(claim)
            return
        if request.cancel_requested_at is not None:
            _end(claim, Status.CANCELLED)
            return
        if not _STEPS[Status(request.status)](claim, request):
            return


def request_bury(id: UUID) -> None:
    """Say that a request was given up, where its last worker was lost with it."""
    request = PrivacyRequest.objects.select_for_update().filter(pk=id).first()
    if request is not None and request.is_at_work:
        _failed(request, PrivacyAbandoned())


def request_revive(id: UUID) -> None:
    """Nothing begins again by itself that was given up: somebody begins another request."""


def _look(claim: work.Claim, request: PrivacyRequest) -> bool:
    """Look at the next batch. False: somebody else decided meanwhile."""
    kinds, person = PERSONAL.keys(), _person(request)
    kind = request.position.get("kind", kinds[0])
    to_erase = request.kind == PrivacyRequest.Kind.ERASE
    mark = request.position.get("mark")
    total = PERSONAL[kind].total() if mark is None else None
    found = PERSONAL[kind].find(person, mark=mark, limit=LOOKED_AT_ONCE, to_erase=to_erase)
    with work.fenced(claim) as row:
        held = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
        if held.status != request.status:
            return False
        PrivacyFind.objects.bulk_create(
            [_find(held, kind, item) for item in found.items],
            update_conflicts=True, unique_fields=["id"], update_fields=["places", "content", "erased_at"],
        )  # fmt: skip
        _count(held, kind, found, total)
        following = [kind, *kinds[kinds.index(kind) + 1 :]] if found.mark else kinds[kinds.index(kind) + 1 :]
        if following:
            held.position = {**held.position, "kind": following[0], "mark": found.mark}
            return _save(held)
        return _looked(held, row)


def _looked(held: PrivacyRequest, row: work.Fenced) -> bool:
    """Everything was looked at: what follows."""
    left = held.finds.filter(erased_at=None).exists()
    rounds = held.position.get("rounds", 0)
    waits = held.position.get("waits", False)
    held.position = {"rounds": rounds + 1}
    if held.status == Status.LOOKING and held.kind == PrivacyRequest.Kind.EXPORT:
        held.status = Status.WRITING
    elif held.status == Status.LOOKING and left:
        held.status = Status.FOUND
        row.finish()
    elif not left:
        records = held.finds.count()
        record(PRIVACY_ERASED, who=None, subject=held, records=records, by_kind=_erased_by_kind(held))
        request_close(held, Status.DONE)
        row.finish()
        return False
    elif waits:
        held.status, held.position = Status.ERASING, {"rounds": rounds}
        row.postpone(timezone.now() + AGAIN)
    elif rounds >= ROUNDS:
        _failed(held, PrivacyIncomplete())
        row.finish()
        return False
    else:
        held.status = Status.ERASING
    return _save(held) and held.status in {Status.WRITING, Status.ERASING} and not waits


def _erase(claim: work.Claim, request: PrivacyRequest) -> bool:
    """Take the person out of the next records that were found."""
    with work.fenced(claim) as row:
        held = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
        person = _person(held)
        if held.status != Status.ERASING:
            return False
        unseen = held.finds.filter(erased_at=None)
        if mark := held.position.get("mark"):
            unseen = unseen.filter(pk__gt=mark)
        batch = list(unseen.order_by("pk")[:ERASED_AT_ONCE])
        try:
            require_no_hold(person)
            kept = _erase_all(held, person, batch)
        except Problem as problem:
            # What the batch did before is part of this transaction, and right: it goes on being erased.
            _failed(held, problem)
            row.finish()
            return False
        position = {**held.position, "waits": held.position.get("waits", False) or kept > 0}
        if len(batch) == ERASED_AT_ONCE:
            held.position = {**position, "mark": str(batch[-1].pk)}
        else:
            held.status = Status.CHECKING
            held.position = {key: value for key, value in position.items() if key in {"rounds", "waits"}}
        return _save(held)


def _erase_all(held: PrivacyRequest, person: Person, batch: list[PrivacyFind]) -> int:
    """Erase a batch, kind by kind; returns how many records are in use and have to wait."""
    by_kind: dict[str, list[PrivacyFind]] = defaultdict(list)
    for find in batch:
        by_kind[find.kind].append(find)
    kept, now = 0, timezone.now()
    for kind, finds in by_kind.items():
        done = PERSONAL[kind].erase(person, [find.row for find in finds], request=held.ref)
        gone = [find for find in finds if find.row not in done.kept]
        for find in gone:
            find.content, find.digest, find.erased_at = None, done.digests.get(find.row), now
        PrivacyFind.objects.bulk_create(  # which seals, as `bulk_update` does not
            gone, update_conflicts=True, unique_fields=["id"], update_fields=["content", "digest", "erased_at"]
        )
        counts = held.progress.setdefault(kind, {})
        counts["erased"] = counts.get("erased", 0) + len(done.digests)
        counts["kept"] = len(done.kept)
        kept += len(done.kept)
    return kept


def _write(claim: work.Claim, request: PrivacyRequest) -> bool:
    """Write what was found to a file."""
    size, digest, records = file_write(request, stopping=lambda: work.stopping(claim))
    if size == 0:
        return False
    with work.fenced(claim) as row:
        held = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
        if held.status != Status.WRITING:
            return False
        held.file_until, held.file_bytes, held.file_sha256 = timezone.now() + KEPT, size, digest
        record(PRIVACY_EXPORTED, who=None, subject=held, records=records, sha256=digest)
        request_close(held, Status.DONE)
        row.postpone(held.file_until)
    return False


def _rest(claim: work.Claim) -> None:
    """Nothing is to be done now: the file of an export goes when its time has come, and the row with it."""
    with work.fenced(claim) as row:
        held = PrivacyRequest.objects.select_for_update().filter(pk=claim.id).first()
        if held is not None and held.file_until is not None and not held.is_open:
            if held.file_until > timezone.now():
                row.postpone(held.file_until)
                return
            file_path(held).unlink(missing_ok=True)
            held.file_until = None
            _save(held)
        row.finish()


def _end(claim: work.Claim, status: str) -> None:
    with work.fenced(claim) as row:
        held = PrivacyRequest.objects.select_for_update().get(pk=claim.id)
        if held.is_open:
            request_close(held, status)
        row.finish()


def _failed(held: PrivacyRequest, problem: Problem) -> None:
    held.problem = {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}
    record(PRIVACY_ENDED, who=None, subject=held, after={"status": "failed"}, outcome="failed", code=problem.code)
    request_close(held, Status.FAILED)


def _find(held: PrivacyRequest, kind: str, item: Item) -> PrivacyFind:
    """A record that was found. Its key follows from what it is, so that to find it again is to find the same."""
    content = {
        "title": item.title, "at": item.at.isoformat() if item.at else None, "url": item.url, "record": item.content
    }  # fmt: skip
    row = item.row[:200]
    return PrivacyFind(
        id=uuid5(held.pk, f"{kind}:{row}"), request=held, kind=kind, row=row, places=item.count, content=content
    )


def _count(held: PrivacyRequest, kind: str, found: Found, total: int | None) -> None:
    """Add a batch to what is told of the progress. A look that begins anew counts anew."""
    counts: dict[str, Any] = held.progress.setdefault(kind, {})
    if total is not None:
        counts |= {"total": total, "looked": 0, "broken": 0}
        counts |= {"left": 0} if held.status == Status.CHECKING else {"found": 0, "places": 0}
    counts["looked"] += found.looked
    counts["broken"] = counts.get("broken", 0) + found.broken
    if held.status == Status.CHECKING:
        counts["left"] += len(found.items)
    else:
        counts["found"] += len(found.items)
        counts["places"] += sum(item.count for item in found.items)


def _erased_by_kind(held: PrivacyRequest) -> dict[str, int]:
    return {kind: counts["erased"] for kind, counts in held.progress.items() if counts.get("erased")}


def _save(held: PrivacyRequest) -> bool:
    held.seq += 1
    held.save(update_fields=["status", "position", "progress", "file_until", "seq"])
    return True


def _person(request: PrivacyRequest) -> Person:
    if request.person is None:
        raise RuntimeError(f"{request} is at work and names nobody.")
    return request.person


_STEPS: Final = {
    Status.LOOKING: _look,
    Status.CHECKING: _look,
    Status.ERASING: _erase,
    Status.WRITING: _write,
}
__all__ = ["KIND", "request_bury", "request_perform", "request_revive"]

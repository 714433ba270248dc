"""Requests: begun, confirmed, called off, and their files handed out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.privacy import refuse_owner
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.common.privacy import Person
from apps.compliance.auditing import PRIVACY_CONFIRMED, PRIVACY_DOWNLOADED, PRIVACY_ENDED, PRIVACY_REQUESTED
from apps.compliance.models import PrivacyFind, PrivacyRequest
from apps.compliance.models.privacy import ANSWERED_WITHIN
from apps.compliance.permissions import PRIVACY_MANAGE
from apps.compliance.requests.holds import require_no_hold
from apps.compliance.requests.persons import person_of, subject_of
from apps.tenants.storage import file_open, tenant_path

KIND: Final = "compliance.privacy"
MOST_OPEN: Final = 50
"""Requests that are open at the same time."""

Status = PrivacyRequest.Status


def request_create(
    *, who: Principal, user: User, kind: str, member: UUID | None, identifiers: Sequence[str], reason: str
) -> PrivacyRequest:
    """Begin to look for a person. An export is written once everything was looked at; to erase waits to be confirmed.

    Raises `InvalidInput` with an issue for each place, `NotFound` for a member who is none here, `Held`, and
    `Ineffaceable` for an active owner.
    """
    demand(who, PRIVACY_MANAGE)
    reason, issues = reason.strip(), []
    if kind not in PrivacyRequest.Kind.values:
        issues.append(Issue(path="kind", message="Choose export or erase."))
    if not 1 <= len(reason) <= 2_000:
        issues.append(Issue(path="reason", message="Say who asked and how, in 1 to 2,000 characters."))
    try:
        person = person_of(member=member, identifiers=identifiers)
    except InvalidInput as problem:
        raise InvalidInput(problem.detail, issues=[*issues, *problem.issues]) from problem
    if issues:
        raise InvalidInput("It cannot be looked for this person; nothing was done.", issues=issues)
    with transaction.atomic():
        if kind == PrivacyRequest.Kind.ERASE:
            _require_erasable(user, person)
        if PrivacyRequest.objects.filter(status__in=PrivacyRequest.OPEN).count() >= MOST_OPEN:
            raise Conflict(
                f"{MOST_OPEN} requests are open. Nothing was begun.", remedy="Finish or call off one of them first."
            )
        request = PrivacyRequest(
            kind=kind, subject=subject_of(person), reason=reason, asked_by=user, due_at=timezone.now() + ANSWERED_WITHIN
        )
        request.save(force_insert=True)
        request.refresh_from_db(fields=["number"])
        work.schedule(KIND, request.id)
        record(PRIVACY_REQUESTED, who=who, subject=request, after={"kind": kind})
    return request


def request_confirm(*, who: Principal, user: User, request: PrivacyRequest, typed: str) -> PrivacyRequest:
    """Erase what was found. `typed` is the number of the request, as nobody types by mistake.

    Raises `Conflict` where it does not wait for that, `Held`, and `Ineffaceable`.
    """
    demand(who, PRIVACY_MANAGE)
    if typed.strip().upper() != request.ref:
        issue = Issue(path="typed", message=f"Type {request.ref}, the number of this request.")
        raise InvalidInput("Nothing was erased.", issues=[issue])
    with transaction.atomic():
        work.schedule(KIND, request.id)  # the work row before those of the tenant
        held = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
        person = held.person
        if held.status != Status.FOUND or person is None:
            told = f"{held} does not wait to be confirmed: {held.get_status_display().lower()}. Nothing was changed."
            raise Conflict(told, remedy="See how it stands.")
        _require_erasable(user, person)
        held.status, held.position, held.confirmed_by = Status.ERASING, {}, user
        held.confirmed_at, held.seq = timezone.now(), held.seq + 1
        held.save(update_fields=["status", "position", "confirmed_by", "confirmed_at", "seq"])
        records = held.finds.count()
        record(PRIVACY_CONFIRMED, who=who, subject=held, after={"status": held.status}, records=records)
    return held


def request_cancel(*, who: Principal, request: PrivacyRequest) -> PrivacyRequest:
    """Call a request off: at once where nobody has it in hand, else after the next batch. What was erased stays so.

    Raises `Conflict` when it has ended.
    """
    demand(who, PRIVACY_MANAGE)
    with transaction.atomic():
        withdrawn = work.withdraw(KIND, request.id)
        signalled = not withdrawn and work.signal(KIND, request.id)
        held = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
        if not held.is_open:
            told = f"{held} has ended: {held.get_status_display().lower()}. Nothing was changed."
            raise Conflict(told, remedy="Begin another one if you need to.")
        if signalled:
            held.cancel_requested_at, held.seq = timezone.now(), held.seq + 1
            held.save(update_fields=["cancel_requested_at", "seq"])
        else:
            request_close(held, Status.CANCELLED)
        record(PRIVACY_ENDED, who=who, subject=held, after={"status": "called off"})
    return held


def request_close(request: PrivacyRequest, status: str) -> None:
    """End a request, in the transaction that decides it. It keeps of the person no more than its record needs: nothing
    where they were erased, or where nothing came of it."""
    person = request.person
    request.status, request.finished_at, request.position = status, timezone.now(), {}
    request.seq += 1
    if status != Status.DONE or request.kind == PrivacyRequest.Kind.ERASE:
        request.reason = person.taken_out_of(request.reason) if person else request.reason
        request.subject = None
        request.finds.filter(erased_at=None).delete()
    PrivacyFind.objects.filter(request=request).update(content=None)
    request.save()


def file_path(request: PrivacyRequest) -> Path:
    """Where the file of an export is kept, sealed."""
    return tenant_path("privacy", f"{request.pk}.zip")


def file_download(*, who: Principal, request: PrivacyRequest) -> BinaryIO:
    """The file of an export; that it was downloaded is recorded before anybody has it. Raises `NotFound`."""
    demand(who, PRIVACY_MANAGE)
    gone = NotFound(f"{request} has no file, or it has expired.", remedy="Begin another export.")
    if not request.has_file:
        raise gone
    try:
        file = file_open(file_path(request))
    except FileNotFoundError:
        raise gone from None
    try:
        with transaction.atomic():
            PrivacyRequest.objects.filter(pk=request.pk).update(downloads=F("downloads") + 1)
            record(PRIVACY_DOWNLOADED, who=who, subject=request, sha256=request.file_sha256)
    except BaseException:
        file.close()
        raise
    return file


def _require_erasable(user: User, person: Person) -> None:
    """Raise `Held`, `Ineffaceable`, and `Conflict` for whoever would erase themselves."""
    require_no_hold(person)
    if person.member is None:
        return
    if person.member == user.pk:
        raise Conflict("You cannot erase yourself. Nothing was erased.", remedy="Ask another administrator.")
    for member in User.objects.filter(pk=person.member):
        refuse_owner(member)

"""What requests, holds and periods themselves hold of people, and for how long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from zipfile import ZipFile

from django.db.models import Q, QuerySet
from django.urls import reverse

from apps.common.privacy import Erased, Found, Item, Person, PersonalData
from apps.compliance.models import LegalHold, PrivacyFind, PrivacyRequest, RetentionPeriod, RetentionRecord
from apps.compliance.requests.services import file_path
from apps.tenants.personal import PersonalRows, RetainedRows, salted_digest
from apps.tenants.storage import file_open


class Requests(PersonalRows):
    """A request that is open is about somebody, and says nothing of them any more once it has ended."""

    key = "compliance.request"
    title = "Privacy requests"
    what = "Who asked for what, and why."
    model = PrivacyRequest
    member = ("asked_by", "confirmed_by")

    def rows(self) -> QuerySet[Any]:
        return super().rows().exclude(status__in=PrivacyRequest.OPEN)

    def url_of(self, row: PrivacyRequest) -> str:
        return reverse("compliance:privacy-request", args=[row.pk])


class Finds(PersonalRows):
    key = "compliance.find"
    title = "What privacy requests found"
    what = "Until a file is written or the records are erased, what was found of a person."
    model = PrivacyFind
    when = ""

    def rows(self) -> QuerySet[Any]:
        return super().rows().exclude(request__status__in=PrivacyRequest.OPEN)


class Files(PersonalData):
    key = "compliance.file"
    title = "Files of exports"
    what = "Everything that was found of a person, for a week."
    erasure = "The file is deleted."
    tables = ()

    def total(self) -> int:
        return _with_files().count()

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        if not to_erase:  # what is in it is found where it came from
            return Found((), looked=0, mark=None)
        requests = list(_with_files().filter(pk__gt=mark) if mark else _with_files())[:1]
        items = [
            Item(str(each.pk), f"File of {each}", each.finished_at, {"columns": {}, "says": []})
            for each in requests
            if any(person.is_in(said) for said in _said_in(each))
        ]
        return Found(items, len(requests), str(requests[-1].pk) if requests else None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        found = list(_with_files().filter(pk__in=rows).select_for_update())
        for each in found:
            file_path(each).unlink(missing_ok=True)
            PrivacyRequest.objects.filter(pk=each.pk).update(file_until=None)
        return Erased({str(each.pk): salted_digest(each.file_sha256) for each in found})


def _with_files() -> QuerySet[PrivacyRequest]:
    return PrivacyRequest.objects.filter(file_until__isnull=False).order_by("pk")


def _said_in(request: PrivacyRequest) -> Iterator[Any]:
    """What stands in a file, read as JSON: in its text an escaped end of a line would seem to be part of a name."""
    try:
        file = file_open(file_path(request))
    except FileNotFoundError:
        return
    with file, ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                yield json.loads(archive.read(name))


class Holds(PersonalRows):
    key = "compliance.hold"
    title = "Legal holds"
    what = "Whose data is held and why, and who set it."
    model = LegalHold
    member = ("set_by", "released_by")
    texts = ("title",)
    when = "set_at"


class Periods(PersonalRows):
    key = "compliance.period"
    title = "Retention periods"
    what = "Who set them."
    model = RetentionPeriod
    member = ("changed_by",)
    when = "changed_at"


class Records(PersonalRows):
    key = "compliance.record"
    title = "Records of what was removed"
    what = "Nothing of anybody: what was removed, and when."
    model = RetentionRecord
    when = "began_at"


class RequestsKept(RetainedRows):
    key = "compliance.request"
    title = "Privacy requests that have ended"
    group = "Audit and records"
    what = "They are deleted with the record of what was found."
    note = "Evidence that people were answered: three years are usual, as claims lapse then in many countries."
    default = 1096
    least = 365
    model = PrivacyRequest
    where = ~Q(status__in=PrivacyRequest.OPEN) & Q(file_until=None)


class RecordsKept(RetainedRows):
    key = "compliance.record"
    title = "Records of what was removed"
    group = "Audit and records"
    what = "They are deleted; the audit log goes on telling it."
    note = "Evidence that periods were gone by."
    default = 1096
    least = 365
    model = RetentionRecord
    where = Q(ended_at__isnull=False)
    when = "began_at"

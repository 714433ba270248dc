"""The file of an export: JSON for programs, and a page to read, in a ZIP that is kept sealed."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from apps.common.privacy import PERSONAL
from apps.compliance.models import PrivacyFind, PrivacyRequest
from apps.compliance.requests.services import file_path
from apps.tenants.context import current_tenant
from apps.tenants.storage import file_seal, scratch_path

FORMAT = "orchestrall-personal-data/1"


def file_write(request: PrivacyRequest, *, stopping: Callable[[], bool]) -> tuple[int, str, int]:
    """Write and seal the file of a request. Its bytes, its SHA-256 and its records; 0 bytes: it was to stop.

    A second time it is written anew, so a worker may be killed on the way.
    """
    plain = scratch_path(f"{request.pk}.zip")
    try:
        kinds: list[dict[str, Any]] = []
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
            for key, finds in groupby(_finds(request), key=attrgetter("kind")):
                if stopping():
                    return 0, "", 0
                kinds.append(_kind_write(archive, key, finds))
            _index_write(archive, request, kinds)
        with plain.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        file_seal(plain, file_path(request))
        return plain.stat().st_size, digest, sum(kind["count"] for kind in kinds)
    finally:
        plain.unlink(missing_ok=True)


def _finds(request: PrivacyRequest) -> Iterator[PrivacyFind]:
    return PrivacyFind.objects.filter(request=request).order_by("kind", "id").iterator(chunk_size=200)


def _kind_write(archive: zipfile.ZipFile, key: str, finds: Iterator[PrivacyFind]) -> dict[str, Any]:
    """Write one kind, record by record; returns what the index says of it."""
    kind = PERSONAL.get(key)
    shown, count = list[dict[str, Any]](), 0
    with archive.open(f"data/{key}.json", "w") as file:
        file.write(b"[")
        for find in finds:
            content = find.content or {}
            record = {"title": content.get("title"), "at": content.get("at"), **content.get("record", {})}
            file.write(b",\n" if count else b"\n")
            file.write(json.dumps(record, ensure_ascii=False).encode())
            count += 1
            if count <= 100:  # a page is for reading; the rest is in the data
                shown.append({"title": record["title"], "at": record["at"], "text": _readable(record)})
        file.write(b"\n]\n")
    title, what = (kind.title, kind.what) if kind else (key, "")
    return {"key": key, "title": title, "what": what, "count": count, "records": shown}


def _readable(record: dict[str, Any]) -> str:
    left = {name: value for name, value in record.items() if name not in {"title", "at"} and value}
    return json.dumps(left, ensure_ascii=False, indent=2)


def _index_write(archive: zipfile.ZipFile, request: PrivacyRequest, kinds: list[dict[str, Any]]) -> None:
    person, now = request.person, timezone.now()
    about = {
        "format": FORMAT,
        "request": request.ref,
        "organisation": current_tenant().name,
        "written_at": now.isoformat(),
        "searched_for": list(person.identifiers) if person else [],
        "records": {kind["key"]: kind["count"] for kind in kinds},
        "does_not_open": {key: counts["broken"] for key, counts in request.progress.items() if counts.get("broken")},
    }
    archive.writestr("index.json", json.dumps(about, ensure_ascii=False, indent=2))
    context = {"about": about, "kinds": kinds, "now": now}
    archive.writestr("index.html", render_to_string("compliance/privacy_file.html", context))

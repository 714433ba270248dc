"""Requests about people's data."""

from __future__ import annotations

import json
from typing import Any


def privacy(run: Any, status: str, marker: str) -> None:
    """A request about a person's data with what it found and a file, a hold and a record of the id of a run."""
    import zipfile
    from datetime import timedelta

    from django.utils import timezone

    from apps.compliance.models import LegalHold, PrivacyFind, PrivacyRequest, RetentionRecord
    from apps.compliance.requests.services import file_path
    from apps.tenants.storage import file_seal, scratch_path

    subject, soon = {"member": None, "identifiers": [f"person-{marker}"]}, timezone.now() + timedelta(days=7)
    request = PrivacyRequest.objects.create(
        id=run.pk, number=run.number, kind="erase", status=status, subject=subject, reason=marker, due_at=soon,
        progress={"agents.run": {"looked": 1, "found": 1}}, asked_by=run.created_by, file_until=soon,
        file_sha256=marker,
    )  # fmt: skip
    content: dict[str, object] = {"title": marker, "at": None, "url": "", "record": {}}
    PrivacyFind.objects.create(id=run.pk, request=request, kind="agents.run", row=marker, content=content)
    PrivacyFind.objects.create(request=request, kind="agents.decision", row=marker, content=content)
    plain = scratch_path(f"{run.pk}.zip")
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("data/agents.run.json", json.dumps([{"title": marker}]))
    file_seal(plain, file_path(request))
    request.file_bytes = plain.stat().st_size
    plain.unlink()
    request.save(update_fields=["file_bytes"])
    held = {"member": None, "identifiers": [f"another-{marker}"]}
    LegalHold.objects.create(id=run.pk, title=f"Matter {marker}", reason=marker, subject=held)
    now = timezone.now()
    RetentionRecord.objects.create(id=run.pk, kind=marker, days=1, before=now, removed=1, ended_at=now)

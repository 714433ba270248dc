"""What of compliance itself is recorded: exports of the log, requests of people, holds, and what periods removed."""

from typing import Final

from apps.audit.kinds import Category, EntryKind, entry_kind, subject_kind

subject_kind("compliance.privacyrequest", "Request of a person", url="compliance:privacy-request", argument="id")
subject_kind("compliance.legalhold", "Hold", url="compliance:hold", argument="id")
subject_kind("compliance.retentionperiod", "Retention period")


def _kind(key: str, title: str, sentence: str, category: Category = "data") -> EntryKind:
    return entry_kind(f"compliance.{key}", title, sentence, category=category)


AUDIT_EXPORTED: Final = _kind(
    "audit_exported", "Audit log exported", "exported {entries} entries of the audit log as {format}"
)
PRIVACY_REQUESTED: Final = _kind("privacy_requested", "Request of a person taken", "took the request {subject}")
PRIVACY_CONFIRMED: Final = _kind(
    "privacy_confirmed", "Erasure confirmed", "confirmed {subject}: {records} records of a person are to be erased"
)
PRIVACY_ERASED: Final = _kind(
    "privacy_erased", "Person erased", "erased what was kept of a person, {records} records, for {subject}"
)
PRIVACY_EXPORTED: Final = _kind(
    "privacy_exported", "Person's data put together", "put {records} records of a person together for {subject}"
)
PRIVACY_DOWNLOADED: Final = _kind(
    "privacy_downloaded", "Person's data downloaded", "downloaded what was put together for {subject}"
)
PRIVACY_ENDED: Final = _kind("privacy_ended", "Request of a person ended", "ended {subject}: {after[status]}")
HOLD_SET: Final = _kind("hold_set", "Hold set", "set the hold {subject} on {after[holds]}")
HOLD_RELEASED: Final = _kind("hold_released", "Hold released", "released the hold {subject}")
PERIOD_SET: Final = _kind(
    "period_set",
    "Retention period set",
    "set how many days are kept of {subject}: {after[days]} in place of {before[days]}",
    "configuration",
)
RETENTION_APPLIED: Final = _kind(
    "retention_applied", "Retention period gone by", "removed {removed} of {subject} that were older than {days} days"
)

"""What the audit log of the tenant that is entered tells, for tests of those who record."""

from __future__ import annotations

from apps.audit.models import AuditEntry
from apps.audit.sentences import Said, said_of, sentence_of


def entries(*kinds: str) -> list[AuditEntry]:
    """The entries of these kinds, or all, the oldest first."""
    found = AuditEntry.objects.select_related("payload").order_by("id")
    return list(found.filter(kind__in=kinds) if kinds else found)


def sentences(*kinds: str) -> list[str]:
    """What they say in words: who, and what they did. None of them may fall back on the title of its kind."""
    told = [sentence_of(entry) for entry in entries(*kinds)]
    assert not [each.text for each in told if each.is_title], "a sentence names what its entry does not tell"
    return [each.text for each in told]


def last(kind: str) -> tuple[AuditEntry, Said]:
    """The newest entry of a kind with what it tells."""
    entry = entries(kind)[-1]
    return entry, said_of(entry)


def everything() -> str:
    """All payloads as text: to look that something is in none of them."""
    return "\n".join(f"{entry.payload.facts} {entry.payload.personal}" for entry in entries())

"""A look at the log while somebody waits: entries against the tree, the tree against its checkpoint outside.

It is what the program says of itself. Whoever trusts neither it nor the database takes an export and `verify_audit.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection

from apps.audit import notes, places
from apps.audit.documents import digest_of, document_of, leaf_hash
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload
from apps.audit.notes import NoteInvalid
from apps.audit.places import PlaceUnavailable
from apps.audit.stored import NotInTree, hashes_of
from apps.audit.tree import Growing, Place
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.compliance.permissions import AUDIT_VIEW
from apps.tenants.context import current_tenant
from apps.tenants.sealing import SealBroken

BLOCK: Final = 1024
"""Entries that are checked at a time; a power of two, so that what lies before and after is made of few subtrees."""
BUDGET: Final = 1.0
"""Seconds after which no further block is begun."""
MOST: Final = 50
"""Findings that are told one by one."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was recorded."""

    text: str
    entry: UUID | None = None


@dataclass
class Checked:
    """What a check looked at, and what it found."""

    epoch: int
    size: int
    """Entries that the checkpoint covers; 0 where there is no checkpoint yet."""
    end: int
    begin: int = 0
    """Entries from `begin` to `end` were checked, counted from 0."""
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    seconds: float = 0.0
    place: str = ""

    @property
    def checked(self) -> int:
        return self.end - self.begin

    @property
    def done(self) -> int:
        """Entries that were checked when those before it are counted: from the newest to here."""
        return self.size - self.begin

    @property
    def is_good(self) -> bool:
        return not self.found

    def tell(self, text: str, entry: UUID | None = None) -> None:
        self.found += 1
        if len(self.findings) < MOST:
            self.findings.append(Finding(text, entry))


def check(*, who: Principal, below: int | None = None) -> Checked:
    """Check the newest entries that a published checkpoint covers, as many as a second allows; with `below` those
    before that place, which an earlier check gave as its `begin`.

    Raises `NotFound` for a place where no check ended.
    """
    demand(who, AUDIT_VIEW)
    began = time.monotonic()
    top = AuditCheckpoint.objects.exclude(published_at=None).order_by("-epoch", "-size").first()
    if top is None:
        return Checked(0, 0, 0)
    if below is not None and (below % BLOCK or not 0 < below < top.size):
        raise NotFound("No check of the audit log ended there.", remedy="Check it anew.")
    told = Checked(top.epoch, top.size, below or top.size, begin=below or top.size, place=places.place().text)
    if below is None:
        _outside(told, top)
        _strays(told)
    hashes: list[bytes] = []
    while told.begin > 0 and (not hashes or time.monotonic() - began < BUDGET):
        end, told.begin = told.begin, (told.begin - 1) // BLOCK * BLOCK
        hashes = [*_block(told, end), *hashes]
    if _root(told, hashes) != bytes(top.root):
        told.tell("These entries do not lead to the root that the checkpoint has signed: the log was altered.")
    told.seconds = time.monotonic() - began
    return told


def _outside(told: Checked, top: AuditCheckpoint) -> None:
    """Hold the checkpoint against the one that is kept outside, and against its signature."""
    tenant = current_tenant()
    try:
        kept = places.place().get(f"{tenant.pk}/{places.checkpoint_name(top.epoch, top.size)}")
    except PlaceUnavailable as error:
        told.tell(f"The checkpoint outside could not be read. {error}")
        return
    if kept is None:
        told.tell("The checkpoint is not there any more where it was published.")
        return
    try:
        said = notes.opened(kept, notes.signing_key(tenant).public_key())
    except NoteInvalid as error:
        told.tell(f"What is kept outside as the checkpoint is none. {error}")
        return
    if kept != top.note or (said.size, said.root) != (top.size, bytes(top.root)):
        told.tell("The checkpoint in the database is not the one that was published.")


def _strays(told: Checked) -> None:
    """Entries that were put past the program: nobody ever meant to give them a place in the tree."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from audit_entry e where not exists (select from audit_leaf l where l.entry = e.id) "
            "and not exists (select from audit_pending p where p.entry = e.id)"
        )
        (count,) = cursor.fetchone()
    if count:
        one = count == 1
        told.tell(f"{count:,} {'entry is' if one else 'entries are'} in the log that the program did not record.")


def _block(told: Checked, end: int) -> Iterator[bytes]:
    """The hashes of the entries from `told.begin` to `end`, made anew from what the entries are now."""
    leaves = list(
        AuditLeaf.objects.filter(epoch=told.epoch, seq__gte=told.begin, seq__lt=end)
        .order_by("seq")
        .only("entry", "hash")
    )
    if len(leaves) != end - told.begin:
        told.tell(f"{end - told.begin - len(leaves):,} places of the tree are gone.")
    entries = AuditEntry.objects.select_related("payload").in_bulk([leaf.entry for leaf in leaves])
    for leaf in leaves:
        entry, hash = entries.get(leaf.entry), bytes(leaf.hash)
        if entry is None:
            told.tell("An entry was deleted.", leaf.entry)
        else:
            made = leaf_hash(document_of(entry))
            if made != hash:
                told.tell("An entry was altered after it was recorded.", entry.pk)
            hash = made
            _payload(told, entry)
        yield hash


def _payload(told: Checked, entry: AuditEntry) -> None:
    """Hold what an entry says against its digests. What was shredded says nothing, and when that was is known."""
    payload: AuditPayload | None = getattr(entry, "payload", None)
    if payload is None:
        told.tell("What an entry says was deleted.", entry.pk)
        return
    digests = {"facts": entry.facts_digest, "personal": entry.personal_digest}
    try:
        for name, digest in digests.items():
            part = getattr(payload, name)
            if part is None and payload.shredded_at is None:
                told.tell("A part of what an entry says is gone, and nobody erased it.", entry.pk)
            elif part is not None and digest_of(part) != bytes(digest):
                told.tell("What an entry says was altered after it was recorded.", entry.pk)
    except (SealBroken, KeyError, TypeError, ValueError):
        told.tell("What an entry says was altered after it was recorded: it does not open.", entry.pk)


def _root(told: Checked, hashes: list[bytes]) -> bytes | None:
    """The root of the tree with these leaves in their places, and around them the subtrees that are stored."""
    before, after = (list(_spans(*ends)) for ends in ((0, told.begin), (told.end, told.size)))
    try:
        stored = hashes_of(told.epoch, [[place] for place in (*before, *after)])
    except NotInTree as error:
        told.tell(f"The tree is not stored whole. {error}")
        return None
    tree = Growing()
    for (level, _), hash in zip(before, stored, strict=False):
        tree.append(hash, level)
    for hash in hashes:
        tree.append(hash)
    for (level, _), hash in zip(after, stored[len(before) :], strict=True):
        tree.append(hash, level)
    return tree.root


def _spans(begin: int, end: int) -> Iterator[Place]:
    """The largest full subtrees that lie between two places, from left to right."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        yield level, begin >> level
        begin += 1 << level

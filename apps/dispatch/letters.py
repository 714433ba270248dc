"""Dead letters as people see them: work that was given up, what it stood for, and another try (rule R6).

An app tells of its kinds of work in a module of its `navigation`. Work of a kind that nobody tells of is left to the
operators' commands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.common import work
from apps.common.errors import PermissionDenied
from apps.common.permissions import Principal
from apps.common.registry import Registry
from apps.dispatch.models import DeadLetter
from apps.tenants.context import current_schema

PAGE: Final = 50
MOST_REQUEUED: Final = 500
"""Letters that one request takes up."""
_MINE = "from public.dispatch_dead_letter where tenant = %(tenant)s and kind = any(%(kinds)s)"
_READ = f"select kind, id, cause, died_at {_MINE} order by died_at desc, kind, id limit %(most)s offset %(skip)s"


@dataclass(frozen=True)
class Subject:
    """What a letter is about."""

    title: str
    url: str


@dataclass(frozen=True)
class LetterKind:
    """How people are told of a kind of work that was given up."""

    kind: str
    noun: str
    then: str
    """What another try does, in a sentence."""
    permission: str
    """The code that one needs to see it and to try again."""
    subjects: Callable[[Collection[UUID]], Mapping[UUID, Subject]]
    """What stands under these ids, in a fixed number of statements; what is gone is left out."""


LETTER_KINDS: Registry[LetterKind] = Registry("Kind of dead letter")


def letter_kind(item: LetterKind) -> LetterKind:
    return LETTER_KINDS.register(item.kind, item)


@dataclass(frozen=True)
class Letter:
    kind: LetterKind
    id: UUID
    cause: str
    died_at: datetime
    subject: Subject | None
    """None: it is gone."""

    @property
    def key(self) -> str:
        return f"{self.kind.kind}:{self.id}"


@dataclass(frozen=True)
class LetterPage:
    letters: list[Letter]
    page: int
    pages: int
    found: int


def letters_query(*, who: Principal) -> QuerySet[DeadLetter]:
    """What was given up that this person may try again."""
    return DeadLetter.objects.filter(tenant=current_schema(), kind__in=_kinds(who))


def letters_page(*, who: Principal, page: int = 1) -> LetterPage:
    """A page of what was given up, the latest first. Two statements, and those of each kind that is on it."""
    found = letters_query(who=who).count()
    pages = max(1, -(-found // PAGE))
    page = min(max(1, page), pages)
    rows = _ask(_READ, _kinds(who), most=PAGE, skip=(page - 1) * PAGE)
    ids: dict[str, list[UUID]] = {}
    for kind, id, *_ in rows:
        ids.setdefault(kind, []).append(id)
    subjects = {kind: LETTER_KINDS[kind].subjects(wanted) for kind, wanted in ids.items()}
    letters = [Letter(LETTER_KINDS[kind], id, cause, at, subjects[kind].get(id)) for kind, id, cause, at in rows]
    return LetterPage(letters, page, pages, found)


def letters_requeue(*, who: Principal, keys: Sequence[tuple[str, UUID]]) -> int:
    """Give these letters, by kind and id, another life, each by itself. Returns how many there were.

    Raises `PermissionDenied`, before anything is done, for a kind that this person may not try again.
    """
    allowed = _kinds(who)
    if any(kind not in allowed for kind, _ in keys):
        raise PermissionDenied("Your role may not try this again; nothing was requeued.")
    ordered = sorted(dict.fromkeys(keys))[:MOST_REQUEUED]  # so that two who ask for the same ones meet in one order
    return sum(work.requeue(kind, id) for kind, id in ordered)


def letters_requeue_all(*, who: Principal) -> int:
    """Give what was given up another life, the latest first and `MOST_REQUEUED` at most. Returns how many."""
    rows = _ask(_READ, _kinds(who), most=MOST_REQUEUED, skip=0)
    return letters_requeue(who=who, keys=[(kind, id) for kind, id, *_ in rows])


def named(kind: str, id: UUID) -> str:
    """What people call something that was given up."""
    known = LETTER_KINDS.get(kind)
    subject = known.subjects([id]).get(id) if known else None
    return subject.title if subject else f"{known.noun if known else kind} {id}"


def _kinds(who: Principal) -> list[str]:
    return [each.kind for each in LETTER_KINDS if who.can(each.permission)]


def _ask(statement: str, kinds: list[str], **more: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": current_schema(), "kinds": kinds, **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

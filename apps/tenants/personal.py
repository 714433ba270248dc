"""Rows of a table as personal data, and as data that is kept for a period: what most apps declare in `privacy.py`."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, QuerySet

from apps.common.privacy import Erased, Found, Item, Person, PersonalData, Retained
from apps.tenants.fields import payload_fields, sealed_for


class PersonalRows(PersonalData):
    """The rows of a model. They are a member's by a reference to their account, and anybody's by what they say.

    What is sealed cannot be searched by the database: each row is read, opened and looked at. A row that says something
    of the person has the identifiers taken out of it, and stays what it is; one that is nothing but the member's own
    is deleted.
    """

    model: ClassVar[type[models.Model]]
    member: ClassVar[tuple[str, ...]] = ()
    """References to a member's account."""
    texts: ClassVar[tuple[str, ...]] = ()
    """Columns of text and of JSON that are not sealed, and may hold an identifier."""
    json_texts: ClassVar[tuple[str, ...]] = ()
    """Those of text that hold JSON."""
    sealed: ClassVar[tuple[str, ...] | None] = None
    """Payloads that are looked at; None: all of them. Keys to other systems are not."""
    removes: ClassVar[tuple[str, ...]] = ()
    """Those of `member` that make the row nothing but theirs, so that it is deleted with them."""
    hidden: ClassVar[tuple[str, ...]] = ()
    """Columns that no export shows: secrets and their digests."""
    when: ClassVar[str] = "created_at"
    in_use: ClassVar[Q | None] = None
    """Rows that others are writing now, which therefore wait to be erased."""
    erasure: ClassVar[str] = "Names, addresses and numbers are taken out; what remains says nothing of whom it was."

    def __init_subclass__(cls, **kwargs: object) -> None:
        if "model" in cls.__dict__:
            cls.tables = (cls.model._meta.label,)
        super().__init_subclass__(**kwargs)

    def rows(self) -> QuerySet[Any]:
        return self.model._base_manager.all()

    def total(self) -> int:
        return self.rows().count()

    def title_of(self, row: Any) -> str:
        return str(row)

    def url_of(self, row: Any) -> str:
        return ""

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        rows = self.rows().order_by(*_key_order(self.model))
        if mark is not None:
            rows = rows.filter(pk__gt=_key_of(self.model, mark))
        seen = list(rows[:limit])
        looked, last = len(seen), seen[-1] if seen else None
        items = [item for row in seen if (item := self._item(row, person, to_erase)) is not None]
        more = last is not None and looked == limit
        return Found(items, looked, _mark_of(last) if more and last is not None else None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        keys = [_key_of(self.model, row) for row in rows]
        there = self.rows().filter(pk__in=keys)
        locked = list(there.select_for_update(of=("self",)))
        busy = set() if self.in_use is None else set(there.filter(self.in_use).values_list("pk", flat=True))
        digests, kept = dict[str, str](), list[str]()
        for row in locked:
            if row.pk in busy:
                kept.append(_mark_of(row))
            elif (digest := self._erase(row, person)) is not None:
                digests[_mark_of(row)] = digest
        return Erased(digests, tuple(kept))

    def before_erasing(self, row: Any) -> None:
        """For what hangs on a row elsewhere, while the row is as it was."""

    def _item(self, row: Any, person: Person, to_erase: bool) -> Item | None:
        said = self._said(row)
        places = person.count(said)
        if not places and not self._is_of(row, person, self.removes if to_erase else self.member):
            return None
        parts = [{"where": where, "says": part} for where, part in person.parts(said)]
        content = {"columns": self._shown(row), "says": parts}
        return Item(
            _mark_of(row), self.title_of(row)[:200], getattr(row, self.when, None) if self.when else None, content,
            self.url_of(row), max(1, places),
        )  # fmt: skip

    def _erase(self, row: Any, person: Person) -> str | None:
        """The digest of what a row held; None where there is nothing in it to erase."""
        said = self._said(row)
        itself = self.model._base_manager.filter(pk=row.pk)
        if self._is_of(row, person, self.removes):
            digest = salted_digest({"columns": self._shown(row), "says": said})
            self.before_erasing(row)
            itself.delete()
            return digest
        if not person.is_in(said):
            return None
        self.before_erasing(row)
        itself.update(**self._cleaned(row, said, person))
        return salted_digest(said)

    def _cleaned(self, row: Any, said: Mapping[str, Any], person: Person) -> dict[str, Any]:
        """The columns that hold something of the person, as `update` takes them without it."""
        payloads, changes = dict[str, Any](), dict[str, Any]()
        for name, value in said.items():
            if not person.is_in(value):
                continue
            clean = person.taken_out_of(value)
            if name in self.json_texts:
                changes[name] = json.dumps(clean, ensure_ascii=False)
            elif name in self.texts:
                changes[name] = _fitting(row, name, clean)
            else:
                payloads[name] = clean
        return {**changes, **sealed_for(row, **payloads)}

    def _said(self, row: Any) -> dict[str, Any]:
        """What a row says that may name people, by column."""
        names = [each.name for each in payload_fields(self.model)] if self.sealed is None else self.sealed
        said = {name: getattr(row, name) for name in (*names, *self.texts)}
        said |= {name: json.loads(getattr(row, name) or "null") for name in self.json_texts}
        return {name: value for name, value in said.items() if value is not None}

    def _is_of(self, row: Any, person: Person, references: Sequence[str]) -> bool:
        return person.member is not None and any(getattr(row, f"{name}_id") == person.member for name in references)

    def _shown(self, row: Any) -> dict[str, Any]:
        """The plain columns of a row, for people."""
        left = {*self.hidden, *self.texts, *self.json_texts, *(each.name for each in payload_fields(self.model))}
        columns = [each for each in self.model._meta.concrete_fields if each.name not in left]
        return {each.name: _plain(getattr(row, each.attname)) for each in columns if _is_readable(each)}


class RetainedRows(Retained):
    """The rows of a model, by one of their times. They are deleted, or emptied of what they say."""

    model: ClassVar[type[models.Model]]
    when: ClassVar[str] = "created_at"
    where: ClassVar[Q] = Q()
    """Which of them: those that are at work never."""
    emptied: ClassVar[tuple[str, ...]] = ()
    """Columns that become null; none: the rows are deleted, with what belongs to them."""

    def rows(self, before: datetime) -> QuerySet[Any]:
        rows = self.model._base_manager.filter(self.where, **{f"{self.when}__lt": before})
        if self.emptied:
            full = Q()
            for name in self.emptied:
                full |= Q(**{f"{name}__isnull": False})
            rows = rows.filter(full)
        return rows

    def due(self, before: datetime) -> int:
        return self.rows(before).count()

    def expire(self, before: datetime, limit: int) -> int:
        oldest = self.rows(before).order_by(self.when).select_for_update(of=("self",), skip_locked=True)
        keys = list(oldest.values_list("pk", flat=True)[:limit])
        gone = self.model._base_manager.filter(pk__in=keys)
        if self.emptied:
            gone.update(**dict.fromkeys(self.emptied))
        elif keys:
            gone.delete()
        return len(keys)


def salted_digest(value: Any) -> str:
    """SHA-256 over a salt and the value as JSON in one spelling, with the salt before it: ``<salt>:<digest>``."""
    salt = secrets.token_bytes(32)
    return f"{salt.hex()}:{_digest(salt, value)}"


def is_digest_of(value: Any, digest: str) -> bool:
    """Whether `salted_digest` made the digest of this very value."""
    salt, _, said = digest.partition(":")
    return secrets.compare_digest(_digest(bytes.fromhex(salt), value), said)


def _digest(salt: bytes, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(salt + text.encode()).hexdigest()


def _key_order(model: type[models.Model]) -> list[str]:
    return [each.attname for each in model._meta.pk_fields]


def _mark_of(row: models.Model) -> str:
    key = row.pk
    return json.dumps([_plain(part) for part in key]) if isinstance(key, tuple) else str(key)


def _key_of(model: type[models.Model], mark: str) -> Any:
    fields = [each.target_field if isinstance(each, models.ForeignKey) else each for each in model._meta.pk_fields]
    if len(fields) == 1:
        return fields[0].to_python(mark)
    return tuple(each.to_python(part) for each, part in zip(fields, json.loads(mark), strict=True))


def _is_readable(column: models.Field[Any, Any]) -> bool:
    return not isinstance(column, models.BinaryField | models.CompositePrimaryKey)


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)


def _fitting(row: models.Model, name: str, value: Any) -> Any:
    """A value that its column takes: not too long, and no other row's where it has to be the only one."""
    column = row._meta.get_field(name)
    longest = getattr(column, "max_length", None)
    if not isinstance(value, str):
        return value
    if getattr(column, "unique", False) or any(
        name in each.fields for each in row._meta.constraints if isinstance(each, models.UniqueConstraint)
    ):
        value = f"{value} {str(row.pk)[-6:]}"
    return value[:longest] if longest else value

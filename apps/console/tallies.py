"""What is counted on every page, for its menu and its cards: one statement brings all of it.

Other apps register theirs in their `navigation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.common.registry import Registry


@dataclass(frozen=True)
class Tally:
    """Rows that are counted for the person of a request, quickly: an index answers it."""

    key: str
    rows: Callable[[HttpRequest], QuerySet[Any]]
    permission: str
    """Who lacks it is told 0, and nothing is asked."""


TALLIES: Registry[Tally] = Registry("Tally")


def tally(key: str, rows: Callable[[HttpRequest], QuerySet[Any]], *, permission: str) -> Tally:
    return TALLIES.register(key, Tally(key, rows, permission))


def number_of(request: HttpRequest, key: str) -> int:
    """How many there are; all tallies are asked for at the first one, once in a request."""
    kept = request.__dict__
    if "_tallies" not in kept:
        kept["_tallies"] = _count(request)
    number: int = kept["_tallies"].get(key, 0)
    return number


def _count(request: HttpRequest) -> dict[str, int]:
    asked: dict[str, str] = {}
    parameters: list[Any] = []
    for each in TALLIES:
        if not request.user.can(each.permission):  # type: ignore[union-attr]  # the shell asks for people signed in
            continue
        rows = each.rows(request).values("pk")
        try:
            sql, given = (rows if rows.query.is_sliced else rows.order_by()).query.sql_with_params()
        except EmptyResultSet:  # the database need not be asked
            continue
        asked[each.key] = f"(select count(*) from ({sql}) as counted)"  # noqa: S608  # of the ORM's making
        parameters += given
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(asked.values())}", parameters)
        return dict(zip(asked, cursor.fetchone(), strict=True))

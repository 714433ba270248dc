"""How a run begins: in the statement that claims its work row, or behind the fence of a row taken before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.db import connection

from apps.agents.models import AgentRun
from apps.common import work
from apps.common.work import Beginning

_COLUMNS: Final = [str(field.column) for field in AgentRun._meta.concrete_fields]
_OPEN: Final = ", ".join(f"'{status.value}'" for status in AgentRun.OPEN)
_BEGIN: Final = f"""
    set status = '{AgentRun.Status.RUNNING.value}', started_at = coalesce(r.started_at, clock_timestamp()),
        attempts = r.attempts + 1, done = 0, note = '', seq = r.seq + 1
"""
_WANTED: Final = f"r.status in ({_OPEN}) and r.cancel_requested_at is null"
_RETURNED: Final = ", ".join(f"r.{name}" for name in _COLUMNS)

# A row that somebody has locked is left out: whoever claims has others of the tenant wait.
WITH_CLAIM: Final = Beginning(
    effects=f"""
free as (
    select r.id from agents_agentrun r join claimed c on c.id = r.id
    where {_WANTED}
    for no key update of r skip locked
),
begun as (
    update agents_agentrun r {_BEGIN}
    from free where r.id = free.id and {_WANTED}
    returning {_RETURNED}
)
""",  # noqa: S608  # constants of this program
    columns=_COLUMNS,
)
_BEHIND_FENCE: Final = f"""
begun as (
    update agents_agentrun r {_BEGIN}
    where r.id = %(run)s and {_WANTED} and exists (select from fenced)
    returning {_RETURNED}
)
select begun.*, set_config('synchronous_commit', 'off', true) from begun
"""  # noqa: S608


def run_begin(claim: work.Claim) -> AgentRun | None:
    """The run, taken to be running from now on; None where it is not open, or somebody wants it cancelled.

    That it began may be lost in a crash: then it begins again.
    """
    if claim.begun is not None:
        return _restored(claim.begun)
    statement, parameters = work.behind_fence(claim, _BEHIND_FENCE, {"run": claim.id})
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
    return None if found is None else _restored(found[:-1])


def _restored(values: tuple[Any, ...]) -> AgentRun:
    """A run by the values of its columns. What Django does for each statement anew is looked up once."""
    names, readers = _fields()
    made = [value if read is None else read(value) for value, read in zip(values, readers, strict=True)]
    return AgentRun.from_db(connection.alias, names, made)


@cache
def _fields() -> tuple[list[str], list[Callable[[Any], Any] | None]]:
    """Names of the fields, and what makes of each column's value the field's own where that is another."""
    fields = AgentRun._meta.concrete_fields
    return [field.attname for field in fields], [getattr(field, "from_db_value", None) for field in fields]

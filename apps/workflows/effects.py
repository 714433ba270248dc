"""What the steps of runs did outside: calls of other systems, and what agents proposed that was carried out.

Each is sent, confirmed, failed, or unknown; an undo is an effect as any other, and says that it is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from apps.common.permissions import Principal, demand
from apps.common.spans import created_within
from apps.common.widgets import Sheet
from apps.workflows.models import HttpCall, StepAct, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.selectors import undoes, with_runs

PAGE: Final = 30
MOST_EXPORTED: Final = 10_000
OF_A_RUN: Final = 20
"""Effects that the page of a run shows; all of them are one link away."""
STATES: Final = {
    "unknown": "Unknown",
    "sent": "Sent",
    "confirmed": "Confirmed",
    "failed": "Failed",
    "cancelled": "Taken back",
}
KINDS: Final = {"call": "Calls", "act": "Actions of agents", "undo": "Undos"}


@dataclass(frozen=True)
class Target:
    """Where a call went, without what may be secret in its address."""

    method: str
    host: str
    path: str

    @classmethod
    def of(cls, call: HttpCall) -> Target:
        parts = urlsplit(str(call.request["url"]))
        return cls(str(call.request["method"]), parts.hostname or "", parts.path)


@dataclass(frozen=True)
class EffectFilter:
    """What a list of effects is narrowed to; empty values do not narrow."""

    state: str = ""
    workflow: str = ""
    kind: str = ""
    since: datetime | None = None
    before: datetime | None = None
    search: str = ""
    """Words of a workflow or a step, the number of a run, or an idempotency key."""

    def __bool__(self) -> bool:
        return bool(self.workflow or self.kind or self.since or self.before or self.search)


@dataclass(frozen=True)
class Effect:
    id: UUID
    kind: Literal["call", "act"]
    is_undo: bool
    state: str
    """A key of `STATES`, or `ready`: a call that is about to be sent."""
    run: WorkflowRun
    step: str
    target: Target | None
    """Of a call: where it goes."""
    key: UUID | None
    """Of a call: the idempotency key that it is sent with."""
    began: datetime
    ended: datetime | None
    detail: str
    """What is told of its end: the answer's status, or why it failed."""

    @property
    def title(self) -> str:
        return f"{self.target.method} {self.target.host}" if self.target else "What an agent proposed"


@dataclass(frozen=True)
class EffectPage:
    effects: list[Effect]
    page: int
    pages: int
    found: int
    counts: dict[str, int]
    """How many there are in each state, with the other filters."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def effects_page(*, who: Principal, narrow: EffectFilter, page: int = 1) -> EffectPage:
    """A page of effects, the unknown ones first and then the newest. Five statements at most."""
    demand(who, WORKFLOWS_VIEW)
    counts = dict.fromkeys(STATES, 0)
    for rows in _tables(narrow):
        for state, number in rows.order_by().values_list("state").annotate(number=Count("pk")):
            counts[state] += number
    found = counts[narrow.state] if narrow.state else sum(counts.values())
    pages = max(1, -(-found // PAGE))
    page = min(max(1, page), pages)
    first = (page - 1) * PAGE
    return EffectPage(_read(_keys(narrow)[first : first + PAGE]), page, pages, found, counts)


def effects_export(*, who: Principal, narrow: EffectFilter) -> Sheet:
    """The effects as a flat table for download, at most `MOST_EXPORTED`; times in UTC."""
    demand(who, WORKFLOWS_VIEW)
    columns = [
        "effect",
        "kind",
        "undoes",
        "state",
        "run",
        "workflow",
        "title",
        "step",
        "where",
        "key",
        "began",
        "ended",
        "told",
    ]
    rows = [
        [
            str(each.id),
            each.kind,
            "yes" if each.is_undo else "",
            each.state,
            each.run.ref,
            each.run.workflow.name,
            each.run.workflow.title,
            each.step,
            f"{each.title}{each.target.path if each.target else ''}",
            str(each.key or ""),
            each.began.isoformat(timespec="seconds"),
            each.ended.isoformat(timespec="seconds") if each.ended else None,
            each.detail,
        ]
        for each in _read(_keys(narrow)[:MOST_EXPORTED])
    ]
    return Sheet(name="effects", columns=columns, rows=rows)


def effects_of_run(*, who: Principal, run: WorkflowRun) -> list[Effect]:
    """The newest effects of a run, at most `OF_A_RUN`. Two statements."""
    demand(who, WORKFLOWS_VIEW)
    undos = set(run.version.definition.undoes())
    calls = [_of_call(each, run, each.step in undos) for each in HttpCall.objects.filter(run=run)[:OF_A_RUN]]
    acts = [_of_act(each, run) for each in StepAct.objects.filter(run=run)[:OF_A_RUN]]
    return sorted([*calls, *acts], key=lambda each: each.id, reverse=True)[:OF_A_RUN]


def acts_query(
    *,
    who: Principal,
    status: str = "",
    workflow: str = "",
    run: UUID | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[StepAct]:
    """What was done of what agents proposed, each with its `state`. Evaluate it before leaving the tenant."""
    demand(who, WORKFLOWS_VIEW)
    wanted = {"state": status, "run__workflow__name": workflow, "run": run}
    found = with_runs(_acts()).filter(**{name: value for name, value in wanted.items() if value})
    return created_within(found, since=since, before=before)


def _acts() -> QuerySet[StepAct]:
    """Acts with the `state` of each."""
    failed = When(problem__isnull=False, then=Value("failed"))
    going = When(ended_at=None, then=Value("sent"))
    return StepAct.objects.annotate(state=Case(going, failed, default=Value("confirmed")))


def _tables(narrow: EffectFilter) -> list[QuerySet[Any]]:
    """Calls and acts as narrowed, each with its `state`, whatever that is."""
    calls = HttpCall.objects.annotate(state=Case(When(status="ready", then=Value("sent")), default=F("status")))
    if narrow.kind == "undo":  # only calls undo
        calls = calls.filter(run__version__content__contains="compensate").filter(undoes())
    tables: list[QuerySet[Any]] = []
    if narrow.kind != "act":
        tables.append(calls)
    if narrow.kind not in {"call", "undo"}:
        tables.append(_acts())
    return [_narrowed(rows, narrow) for rows in tables]


def _narrowed(rows: QuerySet[Any], narrow: EffectFilter) -> QuerySet[Any]:
    if narrow.workflow:
        rows = rows.filter(run__workflow__name=narrow.workflow)
    for word in narrow.search.replace("\x00", "").split():
        rows = rows.filter(_about(word, has_key=rows.model is HttpCall))
    return created_within(rows, since=narrow.since, before=narrow.before)


def _about(word: str, *, has_key: bool) -> Q:
    found = Q(run__workflow__title__icontains=word) | Q(step__icontains=word)
    number = word.upper().removeprefix("W-")
    if number.isdecimal() and len(number) < 18:
        found |= Q(run__number=int(number))
    try:
        key = UUID(word)
    except ValueError:
        return found
    return found | Q(pk=key) | (Q(key=key) if has_key else Q())


def _keys(narrow: EffectFilter) -> QuerySet[Any]:
    """The ids of the effects with `kind`, in the order of the list."""
    tables = []
    for rows in _tables(narrow):
        kind = "call" if rows.model is HttpCall else "act"
        wanted = rows.filter(state=narrow.state) if narrow.state else rows
        first = Case(When(state="unknown", then=Value(0)), default=Value(1))
        tables.append(wanted.order_by().annotate(kind=Value(kind), first=first).values_list("id", "kind", "first"))
    found: QuerySet[Any] = tables[0] if len(tables) == 1 else tables[0].union(*tables[1:], all=True)
    ordered: QuerySet[Any] = found.order_by("first", "-id")
    return ordered


def _read(keys: Iterable[tuple[UUID, str, int]]) -> list[Effect]:
    """The effects of these keys, in their order. Three statements at most."""
    wanted = list(keys)
    of = {kind: [id for id, each, _ in wanted if each == kind] for kind in ("call", "act")}
    found: dict[UUID, Effect] = {}
    if of["call"]:
        rows = with_runs(HttpCall.objects.annotate(is_undo=undoes()))
        found |= {each.pk: _of_call(each, each.run, each.is_undo) for each in rows.filter(pk__in=of["call"])}
    if of["act"]:
        found |= {each.pk: _of_act(each, each.run) for each in with_runs(StepAct.objects.filter(pk__in=of["act"]))}
    return [found[id] for id, _, _ in wanted if id in found]


def _of_call(call: HttpCall, run: WorkflowRun, is_undo: bool) -> Effect:
    told = str((call.problem or {}).get("detail") or "")
    if not told and call.answer:
        told = f"Answered {call.answer.get('status')}"
    sent = call.sent_at or call.created_at
    key = call.key
    return Effect(
        call.pk, "call", is_undo, call.status, run, call.step, Target.of(call), key, sent, call.ended_at, told
    )


def _of_act(act: StepAct, run: WorkflowRun) -> Effect:
    state = "sent" if act.ended_at is None else "failed" if act.problem else "confirmed"
    done, left = (len((act.output or {}).get(each, [])) for each in ("done", "left"))
    told = str((act.problem or {}).get("detail") or "") or (f"{done} done, {left} left" if act.ended_at else "")
    return Effect(act.pk, "act", False, state, run, act.step, None, None, act.created_at, act.ended_at, told)

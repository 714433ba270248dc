"""What waits for people: questions as an inbox, narrowed and sorted, and what each row of it says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import User
from apps.common.permissions import Principal
from apps.common.widgets import Sheet
from apps.workflows import selectors
from apps.workflows.approvals.forms import form_of
from apps.workflows.asked import answerable, asks
from apps.workflows.engine.ledger import STEP
from apps.workflows.models import Approval, ApprovalDecision, HttpCall
from apps.workflows.permissions import APPROVALS_DECIDE

PAGE: Final = 30
SOON: Final = timedelta(hours=1)
MOST_EXPORTED: Final = 10_000
"""Rows of a file."""
Tab = Literal["mine", "team", "done"]
Sort = Literal["due", "risk", "newest"]
SORTS: Final[dict[str, str]] = {"due": "Due first", "risk": "Highest risk first", "newest": "Newest first"}
_RANKS: Final = {Approval.Risk.HIGH: 0, Approval.Risk.NORMAL: 1, Approval.Risk.LOW: 2}


@dataclass(frozen=True)
class InboxFilter:
    """What the inbox is narrowed to; empty values do not narrow."""

    search: str = ""
    """Words of workflow, step and people; or the number of a run."""
    workflow: str = ""
    risk: str = ""
    sort: Sort = "due"

    def __bool__(self) -> bool:
        return bool(self.search or self.workflow or self.risk)


@dataclass(frozen=True)
class InboxRow:
    """A question as the inbox tells of it."""

    approval: Approval
    late: bool
    """Whether nobody answered in time, and the run has not come to it yet."""
    soon: bool
    """Whether it is late before the hour is over."""
    may: bool
    """Whether this person may answer it."""
    lent: bool
    """Whether they may only for a member who lets them stand in."""
    said: list[ApprovalDecision]
    """What people answered so far, in order."""

    @property
    def due(self) -> str:
        """When an answer is due, in words; empty for what is not open."""
        return due_words(self.approval.due_at) if self.approval.is_open else ""

    @property
    def progress(self) -> str:
        """How many of those that it takes said yes; empty where one answer is enough."""
        if self.approval.quorum == 1:
            return ""
        return f"{sum(each.approved for each in self.said)} of {self.approval.quorum} said yes"

    @property
    def sayers(self) -> str:
        """Who has answered."""
        return ", ".join(str(each.user or "a former member") for each in self.said)

    @property
    def unpicked(self) -> str:
        """Why it cannot be answered together with others; empty where it can."""
        if not self.may:
            return "not yours to answer"
        if self.approval.risk != Approval.Risk.LOW:
            return f"its risk is {self.approval.get_risk_display().lower()}"
        return "it has a form to fill in" if form_of(self.approval).fields else ""


@dataclass(frozen=True)
class InboxPage:
    rows: list[InboxRow]
    page: int
    pages: int
    found: int


@dataclass(frozen=True)
class Waiting:
    """How much there is: open questions that one may answer oneself, all open ones, and those that ended."""

    mine: int
    team: int
    done: int


def inbox_page(*, who: Principal, user: User, tab: Tab, narrow: InboxFilter, page: int = 1) -> InboxPage:
    """A page of questions, as sorted; of ended ones, the latest first. Three statements."""
    found = _found(who, user, tab, narrow)
    number = found.count()
    pages = max(1, -(-number // PAGE))
    page = min(max(1, page), pages)
    rows = _rows(who, user, found[(page - 1) * PAGE : page * PAGE])
    return InboxPage(rows, page, pages, number)


def inbox_rows(*, who: Principal, user: User, tab: Tab, narrow: InboxFilter) -> list[InboxRow]:
    """The questions of a tab as narrowed, at most `MOST_EXPORTED`. Two statements."""
    return _rows(who, user, _found(who, user, tab, narrow)[:MOST_EXPORTED])


def done_sheet(rows: Sequence[InboxRow]) -> Sheet:
    """Ended questions as a flat table for download; times in UTC. Nothing of what was asked about but the question."""
    columns = ["run", "workflow", "step", "item", "question", "risk", "asked", "due", "ended", "answer", "answered by"]
    return Sheet(
        name="approvals", columns=[*columns, "comment", "yes", "needed"], rows=[_exported(row) for row in rows]
    )


def waiting(*, who: Principal, user: User) -> Waiting:
    """How much there is, in one statement."""
    is_open = Q(decided_at=None, withdrawn_at=None)
    mine = answerable(user) if who.can(APPROVALS_DECIDE) else Q(pk__in=[])
    counted = selectors.approvals_query(who=who, user=user, status="").aggregate(
        mine=Count("pk", filter=mine),
        team=Count("pk", filter=is_open),
        done=Count("pk", filter=~is_open),
    )
    return Waiting(**counted)


def mine_open(*, who: Principal, user: User, most: int) -> list[Approval]:
    """The questions that one may answer, the most urgent first. One statement."""
    found = selectors.approvals_query(who=who, user=user, mine=True).order_by("due_at", "id")
    return list(_slim(found)[:most])


def mine_count(*, who: Principal, user: User) -> int:
    return selectors.approvals_query(who=who, user=user, mine=True).count()


def chosen(*, who: Principal, user: User, ids: Collection[UUID]) -> list[Approval]:
    """Those of these questions that there are here, those first whose time is over soonest. One statement."""
    found = selectors.approvals_query(who=who, user=user, status="").filter(pk__in=ids)
    return list(found.order_by("due_at", "id"))


def state_of(approval: Approval) -> str:
    """What changes whenever a page about a question has something new to show. One statement."""
    said = approval.decisions.count()
    return f"{said}-{'open' if approval.is_open else 'over'}-{'late' if approval.escalated_at else 'asked'}"


def is_late(approval: Approval, now: datetime | None = None) -> bool:
    """Whether nobody answered in time, and the run has not gone on without an answer yet."""
    return approval.is_open and approval.due_at < (now or timezone.now())


def is_soon(approval: Approval, now: datetime) -> bool:
    """Whether its time will be over within `SOON`."""
    return approval.is_open and now <= approval.due_at < now + SOON


def due_words(due: datetime, now: datetime | None = None) -> str:
    """How far off a moment is, in words: in 3 h, or for how long it is over."""
    left = due - (now or timezone.now())
    span = _span(abs(left))
    return f"in {span}" if left > timedelta(0) else f"{span} ago"


def calls_unknown_count(*, who: Principal) -> int:
    """How many calls wait for a person to say what became of them."""
    return selectors.calls_query(who=who, status=HttpCall.Status.UNKNOWN).count()


def _found(who: Principal, user: User, tab: Tab, narrow: InboxFilter) -> QuerySet[Approval]:
    return _narrowed(_of_tab(who, user, tab, narrow.sort), narrow)


def _of_tab(who: Principal, user: User, tab: Tab, sort: Sort) -> QuerySet[Approval]:
    if tab == "done":
        ended = selectors.approvals_query(who=who, user=user, status="")
        ended = ended.exclude(decided_at=None, withdrawn_at=None)
        return ended.order_by(Coalesce("decided_at", "withdrawn_at").desc(), "-id")
    found = selectors.approvals_query(who=who, user=user, mine=tab == "mine")
    if sort == "newest":
        return found.order_by("-id")
    if sort == "risk":
        return found.order_by(_rank(), "due_at", "id")
    return found.order_by("due_at", "id")


def _rank() -> Case:
    return Case(*(When(risk=risk, then=Value(n)) for risk, n in _RANKS.items()), output_field=IntegerField())


def _narrowed(found: QuerySet[Approval], narrow: InboxFilter) -> QuerySet[Approval]:
    """What has these words in the names of its workflow, step and people, or is of the run of that number.

    What is asked is sealed, so the database does not know it.
    """
    if narrow.workflow:
        found = found.filter(run__workflow__name=narrow.workflow)
    if narrow.risk:
        found = found.filter(risk=narrow.risk)
    for word in narrow.search.replace("\x00", "").split():
        found = found.filter(_about(word) | Q(decided_by__name__icontains=word) | Q(decided_by__email__icontains=word))
    return found


def _about(word: str) -> Q:
    number = word.upper().removeprefix("W-")
    by_number = Q(run__number=int(number)) if number.isdecimal() and len(number) < 18 else Q()
    return by_number | Q(run__workflow__title__icontains=word) | Q(step__icontains=word)


def _slim(found: QuerySet[Approval]) -> QuerySet[Approval]:
    return found.defer("details", *(f"run__{name}" for name in selectors.PAYLOADS))


def _rows(who: Principal, user: User, found: QuerySet[Approval]) -> list[InboxRow]:
    """Rows with what people answered so far. Two statements."""
    said = ApprovalDecision.objects.select_related("user").defer("comment", "answers")
    own, mine = (Case(When(each, then=Value(True)), default=Value(False)) for each in (asks(user), answerable(user)))
    rows: Any = _slim(found).annotate(is_mine=mine, is_asked=own)
    rows = rows.prefetch_related(Prefetch("decisions", said, to_attr="said"))
    now, decides = timezone.now(), who.can(APPROVALS_DECIDE)
    made = []
    for each in rows:
        may = decides and each.is_mine
        lent = may and not each.is_asked
        made.append(InboxRow(each, is_late(each, now), is_soon(each, now), may, lent, each.said))
    return made


def _span(span: timedelta) -> str:
    """Rounded: what was given two days a moment ago is due in 2 days."""
    minutes = round(span.total_seconds() / 60)
    for unit, size, least in (("day", 1440, 2 * 1440 - 30), ("hour", 60, 60)):
        if minutes >= least:
            count = round(minutes / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{minutes} min" if minutes else "less than a minute"


def _exported(row: InboxRow) -> list[Any]:
    asked, said = row.approval, "no answer"
    if asked.decided_at is not None:
        said = "yes" if asked.approved else "no"
    ended = asked.decided_at or asked.withdrawn_at
    return [
        asked.run.ref,
        asked.run.workflow.title,
        asked.step,
        None if asked.item == STEP else asked.item + 1,
        str(asked.question or ""),
        asked.risk,
        *(at.isoformat(timespec="seconds") if at else None for at in (asked.asked_at, asked.due_at, ended)),
        said,
        str(asked.decided_by or ""),
        asked.comment,
        sum(each.approved for each in row.said),
        asked.quorum,
    ]

"""Watches: which decisions they look at, what they found, and when an agent drifts.

A watch is a row of an agent with a work row of its own, which comes due every hour. Of each run the first decision
counts: those of one run hang together, and would be taken for more than they are. So do runs that were answered by the
result of an earlier one, which are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from pydantic import BaseModel

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents.configurations import AnyAgent
from apps.agents.drift.detection import (
    BASELINE,
    LEAST_BASELINE,
    MOST_BASELINE,
    WINDOW,
    Judgement,
    Seen,
    Test,
    Window,
    drifts,
    judge,
    overrides_p,
)
from apps.agents.drift.mails import drift_tell
from apps.agents.finding import agent_shown
from apps.agents.models import AgentDecision, AgentWatch, DriftNotice
from apps.agents.permissions import AGENTS_CONFIGURE, RUNS_VIEW
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand

logger = logging.getLogger(__name__)

KIND: Final = "agents.watch"
EVERY: Final = timedelta(hours=1)
KEPT: Final = 60
"""Windows that are kept, for the chart."""
RECOUNTED: Final = 10
"""The last windows, whose overrides are counted anew at each look: people look at decisions later."""
READ_AT_ONCE: Final = 20 * WINDOW
ROUNDS: Final = 25
"""Times that so many are read at one look; what is more waits for the next, which is due at once."""
SETTLED: Final = timedelta(minutes=1)
"""Decisions are read in the order in which they were made, and committed soon after: younger ones wait, as one that
comes in behind the last that was read would never count."""
_NAMES: Final = UUID("6f1a1a53-5d1c-4b0e-9a52-0f9b8a4c2f10")

How = Literal["first", "latest", "period"]


class Baseline(Window):
    """What an agent is held against."""

    how: How
    """The first decisions of a version, the latest at the time, or those of a period."""
    version: str
    """Of the agent, when it was taken. Where it is of the first ones, a new version has one of its own."""


class Finding(BaseModel):
    """What a watch has found so far."""

    cursor: tuple[datetime, UUID] | None = None
    """The last decision of the last whole window, or of the baseline."""
    windows: list[Judgement] = []
    """The last whole windows, oldest first."""
    before: bool = False
    """Whether it drifted before the first of them."""
    waiting: int = 0
    """Decisions since, of which there is no whole window yet; without a baseline, those that are to make it."""


def work_id(agent_key: str) -> UUID:
    """The id of the work row of an agent's watch."""
    return uuid5(_NAMES, agent_key)


def watch_get(*, who: Principal, agent: AnyAgent) -> AgentWatch | None:
    """How an agent is watched; None where it is not. One statement."""
    demand(who, RUNS_VIEW)
    return AgentWatch.objects.filter(pk=agent.key).select_related("changed_by").first()


def watch_required(*, who: Principal, agent: AnyAgent) -> AgentWatch:
    """How an agent is watched. Raises `NotFound` where it is not."""
    watch = watch_get(who=who, agent=agent)
    if watch is None:
        raise NotFound(f"{agent.title} is not watched.", remedy="Set a watch for it.")
    return watch


def watches_drifting(*, who: Principal) -> list[AgentWatch]:
    """The watches of the agents that drift now. One statement."""
    demand(who, RUNS_VIEW)
    return list(AgentWatch.objects.exclude(drifting_since=None).order_by("drifting_since"))


def baseline_of(watch: AgentWatch) -> Baseline | None:
    return Baseline.model_validate(watch.baseline) if watch.baseline else None


def finding_of(watch: AgentWatch) -> Finding:
    return Finding.model_validate(watch.finding) if watch.finding else Finding()


def watch_set(
    *,
    who: Principal,
    user: User | None,
    agent: AnyAgent,
    falls_back: bool,
    how: How | None = None,
    since: date | None = None,
    until: date | None = None,
) -> AgentWatch:
    """Watch an agent from now on, or watch it otherwise. `how` says what it is held against; None: as before.

    `since` and `until` are the first and the last day of a period. What is held against anew is looked at from there
    on, and does not drift until that is found. Raises `InvalidInput` where there are too few decisions to go by, and
    `Conflict` for an agent that comes to no verdicts.
    """
    demand(who, AGENTS_CONFIGURE)
    if not agent.verdicts:
        raise Conflict(
            f"{agent.title} comes to no verdicts, so there is nothing to watch; nothing was changed.",
            remedy="Look at its runs instead.",
        )
    id = work_id(agent.key)
    with transaction.atomic():
        if not work.signal(KIND, id):  # the work row before those of the tenant (rule R5)
            work.schedule(KIND, id)
        watch = AgentWatch.objects.filter(pk=agent.key).select_for_update().first() or AgentWatch(agent_key=agent.key)
        before = _told(watch) if watch.changed_by_id or watch.baseline else {}
        if how is not None:
            taken = None if how == "first" else _baseline_take(agent, how, since, until)
            watch.baseline = taken[0].model_dump(mode="json") if taken else None
            watch.finding = Finding(cursor=taken[1]).model_dump(mode="json") if taken else None
            _drift_over(watch, DriftNotice.What.REBASED)
            watch.looked_at = None
        watch.falls_back, watch.changed_by = falls_back, user
        watch.save()
        subject = auditing.agent_subject(agent.key, agent.title)
        record(
            auditing.WATCHED, who=who, subject=subject, before=before, after=_told(watch), against=how or "as before"
        )
    return watch


def watch_end(*, who: Principal, agent: AnyAgent) -> None:
    """Watch an agent no longer. Decisions that wait for a person go on waiting. Raises `NotFound`."""
    demand(who, AGENTS_CONFIGURE)
    id = work_id(agent.key)
    with transaction.atomic():
        if not work.withdraw(KIND, id):
            work.signal(KIND, id)
        watch = AgentWatch.objects.filter(pk=agent.key).select_for_update().first()
        if watch is None:
            raise NotFound(f"{agent.title} is not watched.", remedy="See its page of drift.")
        _drift_over(watch, DriftNotice.What.UNWATCHED)
        watch.delete()
        record(auditing.UNWATCHED, who=who, subject=auditing.agent_subject(agent.key, agent.title))


def _told(watch: AgentWatch) -> dict[str, Any]:
    baseline = baseline_of(watch)
    return {
        "falls_back": watch.falls_back,
        "baseline": f"{baseline.how}, of version {baseline.version}" if baseline else None,
    }


def _baseline_take(
    agent: AnyAgent, how: How, since: date | None, until: date | None
) -> tuple[Baseline, tuple[datetime, UUID]]:
    """A baseline of what was decided already, and its last decision. Raises `InvalidInput`."""
    decisions = _counted(agent.key)
    if how == "period":
        issues = [
            Issue(path=name, message="Say the day.") for name, day in (("since", since), ("until", until)) if not day
        ]
        if since and until and until < since:
            issues = [Issue(path="until", message="The last day is before the first.")]
        if issues or since is None or until is None:
            raise InvalidInput("The period cannot be used; nothing was changed.", issues=issues)
        decisions = decisions.filter(created_at__gte=_midnight(since))
        if until < date.max:  # behind which there is no day
            decisions = decisions.filter(created_at__lt=_midnight(until + timedelta(days=1)))
    most = BASELINE if how == "latest" else MOST_BASELINE
    rows = list(decisions.order_by("-created_at", "-id").values_list(*_COLUMNS)[:most])[::-1]
    if len(rows) < LEAST_BASELINE:
        told = f"{len(rows)} decisions are too few to hold others against: {LEAST_BASELINE} are needed."
        path = "since" if how == "period" else "how"
        raise InvalidInput(
            f"{told} Nothing was changed.",
            remedy="Choose a longer period, or the first decisions of this version, which are waited for.",
            issues=[Issue(path=path, message=told)],
        )
    window = Window.of([_seen(row) for row in rows])
    return Baseline(how=how, version=agent.version, **window.model_dump()), (rows[-1][0], rows[-1][1])


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


_COLUMNS: Final = ("created_at", "id", "verdict", "score", "override", "review")
_REVIEWED: Final = Q(review__in=[AgentDecision.Review.CONFIRMED, AgentDecision.Review.OVERRIDDEN])


def _counted(agent_key: str) -> QuerySet[AgentDecision]:
    """The decisions that count."""
    return AgentDecision.objects.filter(agent_key=agent_key, position=0, run__worked_out_at=None)


def _seen(row: Sequence[Any]) -> Seen:
    at, _, verdict, score, override, review = row
    reviewed = review in {AgentDecision.Review.CONFIRMED, AgentDecision.Review.OVERRIDDEN}
    return Seen(at=at, verdict=verdict, score=score, reviewed=reviewed, overridden=bool(override))


def watch_execute(claim: work.Claim) -> None:
    """Look at an agent's decisions since the last look, and come back in an hour."""
    with work.fenced(claim) as row:
        watch = next((each for each in AgentWatch.objects.all() if work_id(each.agent_key) == claim.id), None)
        if watch is None:
            row.finish()
            return
        more = watch_look(watch)
        row.postpone(timezone.now() + (timedelta() if more else EVERY))


def watch_look(watch: AgentWatch) -> bool:
    """Judge the whole windows of decisions since the last look, and store what was found. True: there are more."""
    agent, finding = agent_shown(watch.agent_key), finding_of(watch)
    if agent is None:
        return False
    baseline, more = baseline_of(watch), False
    if baseline is None or (baseline.how == "first" and baseline.version != agent.version):
        baseline = _baseline_gather(agent, watch, finding)
    if baseline is not None:
        finding = finding_of(watch)
        more = _windows_read(watch.agent_key, baseline, finding)
        _overrides_recount(watch.agent_key, baseline, finding)
        _trimmed(finding)
        _drift_note(watch, finding)
        watch.finding = finding.model_dump(mode="json", exclude={"windows": {"__all__": {"window": {"values"}}}})
    watch.looked_at = timezone.now()
    watch.save(update_fields=["baseline", "finding", "looked_at", "drifting_since"])
    return more


def _baseline_gather(agent: AnyAgent, watch: AgentWatch, finding: Finding) -> Baseline | None:
    """Make the baseline of the first decisions of the agent's version; None while there are too few.

    Until then the agent drifts where it did: people go on being asked.
    """
    first = _counted(agent.key).filter(agent_version=agent.version).order_by("created_at", "id")
    rows = list(first.values_list(*_COLUMNS)[:BASELINE])
    if len(rows) < BASELINE:
        watch.finding = Finding(waiting=len(rows)).model_dump(mode="json")
        watch.baseline = None
        return None
    baseline = Baseline(how="first", version=agent.version, **Window.of([_seen(row) for row in rows]).model_dump())
    watch.baseline = baseline.model_dump(mode="json")
    watch.finding = Finding(cursor=(rows[-1][0], rows[-1][1])).model_dump(mode="json")
    _drift_over(watch, DriftNotice.What.REBASED)
    return baseline


def _windows_read(agent_key: str, baseline: Baseline, finding: Finding) -> bool:
    """Judge every whole window after the cursor, and move it. True: there may be more."""
    settled = timezone.now() - SETTLED
    for _ in range(ROUNDS):
        decisions = _counted(agent_key).filter(created_at__lte=settled)
        if finding.cursor is not None:
            at, id = finding.cursor
            decisions = decisions.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=id))
        rows = list(decisions.order_by("created_at", "id").values_list(*_COLUMNS)[:READ_AT_ONCE])
        whole = len(rows) - len(rows) % WINDOW
        for at_row in range(0, whole, WINDOW):
            part = rows[at_row : at_row + WINDOW]
            finding.windows.append(judge(baseline, Window.of([_seen(row) for row in part])))
            finding.cursor = part[-1][0], part[-1][1]
        finding.waiting = len(rows) - whole
        if len(rows) < READ_AT_ONCE:
            return False
    return True


def _overrides_recount(agent_key: str, baseline: Baseline, finding: Finding) -> None:
    """Count anew what people have made of the last windows. One statement."""
    last = finding.windows[-RECOUNTED:]
    if not last:
        return
    counted = _counted(agent_key).filter(_REVIEWED, created_at__gte=last[0].window.since)
    asked: dict[str, Count] = {}
    for n, each in enumerate(last):
        within = Q(created_at__gte=each.window.since, created_at__lte=each.window.until)
        asked |= {f"r{n}": Count("id", filter=within), f"o{n}": Count("id", filter=within & ~Q(override=""))}
    found = counted.aggregate(**asked)
    for n, each in enumerate(last):
        each.window.reviewed, each.window.overridden = found[f"r{n}"], found[f"o{n}"]
        p = overrides_p(baseline, each.window)
        each.tests = [*(test for test in each.tests if test.kind != "overrides"), Test(kind="overrides", p=p)]


def _trimmed(finding: Finding) -> None:
    """Forget the oldest windows, but not whether the agent drifted after them."""
    if gone := finding.windows[:-KEPT]:
        finding.before = drifts(finding.before, gone)
        finding.windows = finding.windows[-KEPT:]


def _drift_note(watch: AgentWatch, finding: Finding) -> None:
    """Say since when the agent drifts, by all windows that are kept."""
    drifting, since = finding.before, watch.drifting_since if finding.before else None
    for each in finding.windows:
        was, drifting = drifting, drifts(drifting, [each])
        since = (each.window.until if not was else since) if drifting else None
    if drifting and watch.drifting_since is None:
        logger.warning("an agent drifts", extra={"agent": watch.agent_key, "falls_back": watch.falls_back})
    elif watch.drifting_since is not None and not drifting:
        logger.info("an agent drifts no longer", extra={"agent": watch.agent_key})
    if drifting != (watch.drifting_since is not None):
        drifts_now = "drifts" if drifting else "drifts no longer"
        record(auditing.DRIFTED, who=None, subject=auditing.agent_subject(watch.agent_key), drifts=drifts_now)
    if not drifting:
        _drift_over(watch, DriftNotice.What.ENDED)
        return
    began, watch.drifting_since = watch.drifting_since is None, since or timezone.now()
    if began:
        drift_tell(watch.agent_key, DriftNotice.What.BEGAN, watch.drifting_since)


def _drift_over(watch: AgentWatch, what: DriftNotice.What) -> None:
    """Say that the agent drifts no longer, as far as is known, and let that be told where it did."""
    if watch.drifting_since is not None:
        drift_tell(watch.agent_key, what, watch.drifting_since)
    watch.drifting_since = None

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.drift import watching
from apps.agents.drift.detection import BASELINE, WINDOW
from apps.agents.handlers import WatchWork
from apps.agents.models import AgentDecision, AgentWatch
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.dispatch.board import Board
from apps.dispatch.letters import LETTER_KINDS
from apps.dispatch.models import WorkRow
from tests.agents.conftest import WorkOff
from tests.agents.drift.conftest import BEGAN, DECIDER, Decide
from tests.conftest import MakeMember


def drifting() -> bool:
    return AgentWatch.objects.get().drifting_since is not None


def test_the_first_decisions_of_a_version_are_the_baseline(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(50, version="2.0")
    decide(BASELINE - 1)
    watch()
    assert look().waiting == BASELINE - 1
    assert AgentWatch.objects.get().baseline is None
    decide(1 + WINDOW + 3)
    found, baseline = look(), watching.baseline_of(AgentWatch.objects.get())
    assert baseline is not None
    assert (baseline.count, baseline.version, baseline.how) == (BASELINE, DECIDER.version, "first")
    assert baseline.since == BEGAN + timedelta(minutes=50)
    assert (len(found.windows), found.waiting) == (1, 3)
    assert found.windows[0].window.since == BEGAN + timedelta(minutes=50 + BASELINE)
    assert not drifting()


def test_an_agent_that_decides_otherwise_drifts_until_it_decides_as_it_did(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(BASELINE + WINDOW)
    watch()
    look()
    assert not drifting()
    moved = decide(WINDOW, held=0.5)
    found = look()
    assert drifting()
    assert AgentWatch.objects.get().drifting_since == moved[-1].created_at
    assert found.windows[-1].test("verdicts").alarms
    decide(2 * WINDOW, held=0.5)
    look()
    assert AgentWatch.objects.get().drifting_since == moved[-1].created_at
    decide(WINDOW)
    look()
    assert not drifting()


def test_each_window_is_looked_at_once_however_often_somebody_looks(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(BASELINE + 3 * WINDOW + 7)
    watch()
    first = look()
    assert look() == first
    assert len(first.windows) == 3
    ends = [each.window.until for each in first.windows]
    assert ends == sorted(set(ends))


def test_many_windows_are_read_in_parts(
    decide: Decide,
    watch: Callable[..., AgentWatch],
    look: Callable[[], watching.Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "READ_AT_ONCE", WINDOW)
    monkeypatch.setattr(watching, "ROUNDS", 2)
    monkeypatch.setattr(watching, "KEPT", 4)
    decide(BASELINE + 5 * WINDOW + 1)
    watch()
    found = look()
    assert len(found.windows) == 4
    assert found.waiting == 1


def test_what_is_forgotten_still_counts(
    decide: Decide,
    watch: Callable[..., AgentWatch],
    look: Callable[[], watching.Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "KEPT", 1)
    decide(BASELINE)
    watch()
    moved = decide(WINDOW, held=0.5)
    decide(2 * WINDOW, held=0.5)
    found = look()
    assert (len(found.windows), found.before) == (1, True)
    assert drifting()
    look()
    assert AgentWatch.objects.get().drifting_since is not None
    assert moved


def test_overrides_that_come_later_are_counted(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(BASELINE)
    late = decide(WINDOW)
    watch()
    look()
    assert not drifting()
    late_ones = AgentDecision.objects.filter(pk__in=[each.pk for each in late[:30]])
    late_ones.update(override="refuse", review="overridden")
    found = look()
    assert found.windows[0].window.overridden == 30
    assert found.windows[0].test("overrides").alarms
    assert drifting()


def test_of_a_run_its_first_decision_counts_and_answers_from_earlier_runs_do_not(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    first = decide(BASELINE)
    decide(WINDOW, held=1.0, position=1)
    decide(WINDOW, held=1.0, answered_from=first[0].run, worked_out_at=BEGAN)
    decide(WINDOW, held=1.0, worked_out_at=BEGAN)  # by a run that was deleted since
    watch()
    found = look()
    assert (found.windows, found.waiting) == ([], 0)


def test_a_new_version_has_a_baseline_of_its_own_and_drifts_on_until_it_has_one(
    decide: Decide,
    watch: Callable[..., AgentWatch],
    look: Callable[[], watching.Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide(BASELINE)
    decide(WINDOW, held=0.5)
    watch()
    look()
    assert drifting()
    monkeypatch.setattr(type(DECIDER), "version", "3.0")
    decide(10, held=0.5, version="3.0")
    assert look().waiting == 10
    assert drifting()
    decide(BASELINE - 10, held=0.5, version="3.0")
    look()
    assert not drifting()
    baseline = watching.baseline_of(AgentWatch.objects.get())
    assert baseline is not None
    assert baseline.version == "3.0"


def test_a_period_is_a_baseline_for_every_version(
    decide: Decide,
    watch: Callable[..., AgentWatch],
    look: Callable[[], watching.Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide(1440)  # a day
    decide(WINDOW, held=0.5)
    watch(how="period", since=date(2026, 1, 1), until=date(2026, 1, 1))
    monkeypatch.setattr(type(DECIDER), "version", "3.0")
    assert len(look().windows) == 1
    assert drifting()


def test_a_period_may_end_with_the_last_day_that_there_is(decide: Decide, watch: Callable[..., AgentWatch]) -> None:
    decide(BASELINE)
    taken = watching.baseline_of(watch(how="period", since=date.min, until=date.max))
    assert taken is not None
    assert taken.count == BASELINE


@pytest.mark.parametrize(
    ("period", "path"),
    [
        ({"since": date(2026, 1, 1)}, "until"),
        ({"since": date(2026, 1, 2), "until": date(2026, 1, 1)}, "until"),
        ({"since": date(2026, 2, 1), "until": date(2026, 2, 2)}, "since"),
    ],
)
def test_a_period_that_cannot_be_used_is_refused(
    decide: Decide, watch: Callable[..., AgentWatch], period: dict[str, date], path: str
) -> None:
    decide(BASELINE)
    with pytest.raises(InvalidInput) as refused:
        watch(how="period", **period)
    assert refused.value.issues[0].path == path
    assert not AgentWatch.objects.exists()


def test_the_latest_decisions_may_be_what_is_normal_from_now_on(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(BASELINE)
    watch()
    decide(BASELINE, held=0.5)
    look()
    assert drifting()
    watch(how="latest")
    assert not drifting()
    decide(WINDOW, held=0.5)
    assert len(look().windows) == 1
    assert not drifting()


def test_to_set_the_fallback_alone_keeps_what_was_found(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    decide(BASELINE + WINDOW)
    watch()
    found = look()
    changed = watch(falls_back=True)
    assert changed.falls_back
    assert watching.finding_of(changed) == found


def test_an_agent_without_verdicts_is_not_watched(builder: User, board: Board) -> None:
    with pytest.raises(Conflict, match="no verdicts"):
        watching.watch_set(who=builder, user=builder, agent=AGENTS["dummy.counter"], falls_back=False)


def test_who_may_not_configure_agents_sets_no_watch(member: MakeMember, board: Board) -> None:
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        watching.watch_set(who=analyst, user=analyst, agent=DECIDER, falls_back=False)
    with pytest.raises(PermissionDenied):
        watching.watch_end(who=analyst, agent=DECIDER)


def test_a_look_comes_back_in_an_hour_until_the_watch_ends(
    builder: User, decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding]
) -> None:
    watch()
    assert list(WatchWork().pending()) == [watching.work_id(DECIDER.key)]
    look()
    row = WorkRow.objects.get(kind=watching.KIND)
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(minutes=50)
    watching.watch_end(who=builder, agent=DECIDER)
    assert not WorkRow.objects.exists()
    assert not AgentWatch.objects.exists()
    with pytest.raises(NotFound):
        watching.watch_end(who=builder, agent=DECIDER)


def test_a_look_whose_watch_has_ended_is_the_last(
    decide: Decide, watch: Callable[..., AgentWatch], look: Callable[[], watching.Finding], work_off: WorkOff
) -> None:
    watch()
    AgentWatch.objects.all().delete()
    work_off()
    assert not WorkRow.objects.exists()


def test_a_watch_of_an_agent_that_is_gone_waits_for_it(work_off: WorkOff, watch: Callable[..., AgentWatch]) -> None:
    row = watch()
    AgentWatch.objects.filter(pk=row.pk).delete()
    AgentWatch.objects.create(agent_key="dummy.gone")
    assert not watching.watch_look(AgentWatch.objects.get())


def test_the_looks_of_an_agent_take_as_many_statements_however_many_decisions_there_are(
    decide: Decide, watch: Callable[..., AgentWatch], django_assert_num_queries: Any, acme: Any
) -> None:
    decide(BASELINE + 2 * WINDOW)
    row = watch()
    with django_assert_num_queries(4):  # the baseline, the decisions, the overrides, what was found
        watching.watch_look(row)
    decide(3 * WINDOW)
    with django_assert_num_queries(3):
        watching.watch_look(row)


def test_a_watch_whose_looks_were_given_up_is_told_by_its_agent(watch: Callable[..., AgentWatch]) -> None:
    watch()
    id = watching.work_id(DECIDER.key)
    [(told, subject)] = LETTER_KINDS[watching.KIND].subjects([id, watching.work_id("dummy.gone")]).items()
    assert (told, subject.title, subject.url) == (id, "Decider", "/agents/dummy.decider/drift/")

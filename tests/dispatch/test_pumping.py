"""Rule R10 inside of a process: who has had less of its time goes first. The clock is the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.common import work
from apps.dispatch import pumping
from apps.dispatch.current import entered
from apps.dispatch.pumping import CREDIT, LATELY, LEAST, Pumping


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pumps(clock: Clock) -> Pumping:
    return Pumping(clock)


@contextmanager
def waiting(pumps: Pumping, tenant: str, most: float = 9.0) -> Iterator[None]:
    """A thread makes way, and waits when the body begins. It has to have gone on soon after the body has ended."""
    begins, real = threading.Event(), pumps._changed.wait

    def wait(timeout: float | None = None) -> bool:
        begins.set()
        return real(30)  # the clock stands still, so the seconds that are asked for would not pass

    pumps._changed.wait = wait  # type: ignore[method-assign]
    thread = threading.Thread(target=pumps.make_way, args=(tenant, most), daemon=True)
    thread.start()
    assert begins.wait(20), "it does not wait"
    yield
    thread.join(20)
    assert not thread.is_alive(), "it waits still"


def test_only_as_many_pump_a_tenant_as_help_and_every_tenant_for_itself(pumps: Pumping) -> None:
    assert [pumps.enter("t_acme") for _ in range(3)] == [True, True, False]
    assert pumps.enter("t_globex")
    assert [pumps.leave("t_acme"), pumps.leave("t_acme"), pumps.leave("t_globex")] == [True, False, False]
    assert pumps.enter("t_acme")


def test_a_tenant_alone_never_waits(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    assert pumps.make_way("t_acme", 1.0) == 0.0


def test_a_tenant_that_comes_goes_first_until_it_has_had_as_much(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    pumps.enter("t_globex")
    assert pumps.lead("t_globex") == pytest.approx(0)
    assert pumps.lead("t_acme") == pytest.approx(CREDIT)


def test_who_waits_goes_on_as_soon_as_the_other_is_done(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    pumps.enter("t_globex")
    with waiting(pumps, "t_acme"):
        pumps.leave("t_globex")
    assert pumps.make_way("t_acme", 9.0) == 0.0


def test_who_waits_goes_on_when_the_other_has_had_as_much(pumps: Pumping, clock: Clock) -> None:
    """Whatever that one waits for meanwhile: its time is counted by the clock."""
    pumps.enter("t_acme")
    clock.now += 60
    pumps.enter("t_globex")
    with waiting(pumps, "t_acme"):
        clock.now += CREDIT
        pumps.enter("t_other")  # somebody comes; whoever waits looks again at every change
        pumps.leave("t_other")


def test_nobody_waits_longer_than_it_wants(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    pumps.enter("t_globex")
    assert pumps.make_way("t_acme", 0.0) == 0.0
    with waiting(pumps, "t_acme", most=LEAST):
        clock.now += LEAST
        pumps.enter("t_globex")
        pumps.leave("t_globex")


def test_two_that_stay_do_not_wait_for_each_other(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    pumps.enter("t_globex")
    for _ in range(100):
        clock.now += 0.01
        assert pumps.make_way("t_acme", 9.0) == pumps.make_way("t_globex", 9.0) == 0.0


def test_who_comes_again_at_once_has_only_what_is_left_of_its_credit(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    pumps.enter("t_globex")
    with waiting(pumps, "t_acme"):
        clock.now += 0.03
        pumps.leave("t_globex")
    pumps.enter("t_globex")
    assert pumps.lead("t_acme") == pytest.approx(CREDIT - 0.03)


def test_a_crowd_of_newcomers_has_no_more_credit_than_one(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    clock.now += 60
    for n in range(50):
        pumps.enter(f"t_{n}")
    assert pumps.lead("t_acme") == pytest.approx(CREDIT)


def test_a_process_is_shared_for_a_while_after_two_tenants_were_at_work(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    pumps.enter("t_acme")
    assert not pumps.is_shared()
    pumps.enter("t_globex")
    pumps.leave("t_globex")
    clock.now += LATELY - 0.1
    assert pumps.is_shared()
    clock.now += 0.2
    assert not pumps.is_shared()


def test_those_who_are_gone_are_forgotten(pumps: Pumping, clock: Clock) -> None:
    pumps.enter("t_acme")
    for n in range(50):
        clock.now += 60
        pumps.enter(f"t_{n}")
        pumps.leave(f"t_{n}")
    assert len(pumps._shares) <= 3
    pumps.leave("t_acme")
    assert pumps._shares == {}


def test_a_turn_makes_way_for_its_own_tenant_and_only_where_it_pumps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def make_way(tenant: str, most: float) -> float:
        asked.append((tenant, most))
        return 0.25

    monkeypatch.setattr(pumping.PUMPING, "make_way", make_way)
    assert work.make_way(0.5) == 0.0
    with entered("t_acme", "cpu"):
        assert work.make_way(0.5) == 0.0
    with entered("t_acme", "flow"):
        assert work.make_way(0.5) == 0.25
    assert asked == [("t_acme", 0.5)]

"""What the drift watch promises: at most one false alarm in a hundred windows, and real shifts found soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from apps.agents.drift.detection import (
    ALPHA,
    BASELINE,
    CALM,
    WINDOW,
    Judgement,
    Seen,
    Test,
    Window,
    drifts,
    judge,
    overrides_p,
    score_p,
    stability,
    verdicts_test,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def stream(chance: np.random.Generator, count: int, shares: list[float], scores: str, overridden: float) -> Window:
    drawn = {
        "normal": chance.normal(0.5, 0.1, count),
        "skew": chance.beta(0.5, 5, count),
        "rare": (chance.random(count) < 0.05).astype(float),
        "steps": chance.integers(0, 5, count) / 4,
    }[scores]
    verdicts = chance.multinomial(count, shares)
    return Window(
        since=AT,
        until=AT,
        count=count,
        verdicts={str(n): int(seen) for n, seen in enumerate(verdicts) if seen},
        scores=count,
        mean=float(drawn.mean()),
        values=drawn.tolist(),
        overridden=int(chance.binomial(count, overridden)),
    )


@pytest.mark.parametrize("scores", ["normal", "skew", "rare", "steps"])
@pytest.mark.parametrize("shares", [[0.7, 0.2, 0.1], [0.9, 0.08, 0.02], [0.5, 0.5], [0.995, 0.005]])
def test_a_steady_agent_alarms_once_in_a_hundred_windows_at_most(shares: list[float], scores: str) -> None:
    """400 windows of as many agents: with a rate of one in a hundred, more than 11 come once in 500 times."""
    chance = np.random.default_rng([len(shares), int(1000 * shares[0]), len(scores)])
    alarms = sum(
        judge(stream(chance, BASELINE, shares, scores, 0.1), stream(chance, WINDOW, shares, scores, 0.1)).alarms
        for _ in range(400)
    )
    assert alarms <= 11
    assert ALPHA == 0.01


BEFORE: dict[str, Any] = {"shares": [0.9, 0.1], "scores": "normal", "overridden": 0.02}


@pytest.mark.parametrize(
    ("after", "least"),
    [
        (BEFORE | {"shares": [0.7, 0.3]}, 0.9),
        (BEFORE | {"shares": [0.8, 0.1, 0.1]}, 0.95),
        (BEFORE | {"scores": "skew"}, 0.99),
        (BEFORE | {"overridden": 0.2}, 0.95),
    ],
    ids=["a verdict three times as often", "a new verdict", "other scores", "overrides ten times as often"],
)
def test_a_shift_is_found_in_the_first_whole_window(after: dict[str, Any], least: float) -> None:
    """`least` is the share of agents of which it is told at once: within 100 decisions after a window has begun."""
    chance = np.random.default_rng(7)
    trials = 200
    found = sum(
        judge(stream(chance, BASELINE, **BEFORE), stream(chance, WINDOW, **after)).alarms for _ in range(trials)
    )
    assert found >= least * trials


def window(count: int = WINDOW, **more: Any) -> Window:
    return Window.model_validate({"since": AT, "until": AT, "count": count, "verdicts": {"pass": count}, **more})


def test_fewer_overrides_are_no_alarm() -> None:
    before = window(BASELINE, overridden=60)
    assert (overrides_p(before, window(overridden=0)) or 0) > 0.99
    assert (overrides_p(before, window(overridden=60)) or 1) < ALPHA / 3
    assert overrides_p(window(BASELINE), window()) is None


def test_to_look_at_every_decision_is_no_drift_of_its_own() -> None:
    """While decisions wait for people all are looked at: a usual rate of errors shows that nobody saw before."""
    looked_at = window(reviewed=WINDOW, overridden=5)
    assert (overrides_p(window(BASELINE), window(reviewed=5, overridden=5)) or 1) < ALPHA / 3
    assert overrides_p(window(BASELINE), looked_at) is None
    assert overrides_p(window(BASELINE, reviewed=19, overridden=1), looked_at) is None
    assert (overrides_p(window(BASELINE, reviewed=60, overridden=3), looked_at) or 0) > ALPHA
    assert (
        overrides_p(window(BASELINE, reviewed=60, overridden=3), window(reviewed=WINDOW, overridden=40)) or 1
    ) < ALPHA


def test_a_new_verdict_is_named() -> None:
    found = verdicts_test(window(BASELINE), window(verdicts={"pass": 90, "refuse": 10}))
    assert found.verdict in {"pass", "refuse"}
    assert found.alarms
    more = verdicts_test(
        window(BASELINE, verdicts={"pass": 270, "hold": 30}), window(verdicts={"pass": 80, "hold": 10, "refuse": 10})
    )
    assert (more.verdict, more.alarms) == ("refuse", True)


def test_one_verdict_alone_cannot_move() -> None:
    assert verdicts_test(window(BASELINE), window()).p is None


def test_the_exact_test_is_that_of_the_textbook() -> None:
    """Fisher's lady tasting tea, with three of four cups told: 0.4857 on both sides."""
    cups = verdicts_test(window(4, verdicts={"a": 3, "b": 1}), window(4, verdicts={"a": 1, "b": 3}))
    assert cups.p == pytest.approx(0.4857, abs=1e-4)


def test_scores_that_never_vary_are_compared_as_they_are() -> None:
    one: dict[str, Any]
    two: dict[str, Any]
    one, two = {"scores": 100, "mean": 1.0, "values": [1.0] * 100}, {"scores": 100, "mean": 2.0, "values": [2.0] * 100}
    assert score_p(window(**one), window(**two)) == 0.0
    assert score_p(window(**one), window(**one)) is None
    assert score_p(window(), window()) is None


def test_the_stability_index_is_nought_for_equal_shares_and_that_of_its_formula() -> None:
    even, odd = window(100, verdicts={"a": 50, "b": 50}), window(100, verdicts={"a": 75, "b": 25})
    assert stability(even, even) == 0
    assert stability(even, odd) == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5))


def judgement(p: float | None) -> Judgement:
    return Judgement(window=window(), tests=[Test(kind="verdicts", p=p)], stability=0)


def test_drift_begins_with_an_alarm_and_ends_with_calm() -> None:
    alarm, between, calm = judgement(ALPHA / 4), judgement(CALM / 2), judgement(CALM)
    assert drifts(False, [alarm])
    assert not drifts(False, [between])
    assert drifts(False, [alarm, between, between])
    assert not drifts(False, [alarm, between, calm])
    assert not drifts(True, [judgement(None)])
    assert drifts(True, [])


def test_a_window_counts_its_decisions() -> None:
    made = Window.of(
        [
            Seen(at=AT, verdict="pass", score=1.0),
            Seen(at=AT, verdict="hold", score=4.0, overridden=True),
            Seen(at=AT, verdict="pass"),
        ]
    )
    assert (made.count, made.verdicts, made.scores, made.mean, made.overridden) == (
        3,
        {"pass": 2, "hold": 1},
        2,
        2.5,
        1,
    )
    assert made.share("pass") == pytest.approx(2 / 3)

"""Rules mark the points that a naive search by their wording marks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from apps.manufacturing.analytics import charts, rules, shifts
from apps.manufacturing.analytics.charts import Chart, Known
from apps.manufacturing.analytics.samples import Order
from tests.manufacturing.tables import piston_rings, samples_of

EVERY = list(rules.RULES)
Points = list[float]


def chart_of(z: Points, **order: object) -> Chart:
    """A chart whose points are these, about 0 with a standard error of 1."""
    return charts.imr(samples_of([[value] for value in z], **order), 3.0, Known(0.0, 1.0))[0]


def signals_of(chart: Chart, keys: list[str], most: int = 1_000) -> tuple[list[rules.Signal], int]:
    return rules.signals(chart, rules.marks(chart, keys), most)


def same_side(few: int, many: int, zone: float) -> Callable[[Points], bool]:
    """Of the last `many` points, at least `few` with the last beyond the zone on one side."""

    def holds(points: Points) -> bool:
        last = points[-many:]
        up, down = sum(p > zone for p in last), sum(p < -zone for p in last)
        return (points[-1] > zone and up >= few) or (points[-1] < -zone and down >= few)

    return holds


def monotone(points: Points) -> bool:
    last = points[-6:]
    steps = [b - a for a, b in pairwise(last)]
    return len(last) == 6 and (all(s > 0 for s in steps) or all(s < 0 for s in steps))


def in_turn(points: Points) -> bool:
    last = points[-14:]
    steps = [b - a for a, b in pairwise(last)]
    return len(last) == 14 and all(a * b < 0 for a, b in pairwise(steps))


NAIVE: dict[str, Callable[[Points], bool]] = {
    "WE1": lambda p: abs(p[-1]) > 3,
    "WE2": same_side(2, 3, 2),
    "WE3": same_side(4, 5, 1),
    "WE4": same_side(8, 8, 0),
    "N1": lambda p: abs(p[-1]) > 3,
    "N2": same_side(9, 9, 0),
    "N3": monotone,
    "N4": in_turn,
    "N5": same_side(2, 3, 2),
    "N6": same_side(4, 5, 1),
    "N7": lambda p: len(p) >= 15 and all(abs(each) < 1 for each in p[-15:]),
    "N8": lambda p: len(p) >= 8 and all(abs(each) > 1 for each in p[-8:]),
}


def hostile(kind: int) -> Points:
    """Points that fulfil many rules: noise, a shift, a saw, a calm, two populations."""
    chance = np.random.default_rng(kind)
    parts = [
        chance.normal(0, 1, 60), chance.normal(1.3, 1, 30), np.linspace(-2, 2, 12), chance.normal(0, 0.3, 30),
        np.where(np.arange(30) % 2, 1.6, -1.6) + chance.normal(0, 0.2, 30), chance.normal(-1.5, 1.4, 30),
    ]  # fmt: skip
    return [float(value) for value in np.concatenate(parts)]


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("key", EVERY)
def test_a_rule_marks_what_its_words_say(key: str, kind: int) -> None:
    points = hostile(kind)
    marked = rules.marks(chart_of(points), [key])[key]
    expected = [NAIVE[key](points[: at + 1]) for at in range(len(points))]
    assert marked.tolist() == expected
    assert any(expected) or key in {"WE1", "N1"}


@pytest.mark.parametrize("key", EVERY)
def test_a_rule_begins_anew_with_each_stage(key: str) -> None:
    points = hostile(1)
    cut = 75
    marked = rules.marks(chart_of(points, stages=[0, cut], names=["a", "b"]), [key])[key]
    alone = rules.marks(chart_of(points[cut:]), [key])[key]
    assert marked[cut:].tolist() == alone.tolist()


def test_piston_rings_have_the_violations_that_follow_from_the_words() -> None:
    level, spread = charts.xbar_r(piston_rings())
    z = ((level.points - level.centre) / level.se).tolist()
    for key, mask in rules.marks(level, EVERY).items():
        assert mask.tolist() == [NAIVE[key](z[: at + 1]) for at in range(40)], key
    told = signals_of(level, ["WE1"])[0] + signals_of(spread, EVERY)[0]
    found = {signal.rule.key: (signal.first + 1, signal.last + 1) for signal in told}
    assert found == {"WE1": (37, 39)}


def test_zone_rules_are_for_means_only() -> None:
    _, spread = charts.imr(samples_of([[value] for value in hostile(0)]), 3.0, Known(0.0, 1.0))
    assert set(rules.marks(spread, EVERY)) == {"WE1", "WE4", "N1", "N2", "N3", "N4"}


def test_charts_that_remember_are_judged_by_their_limits_only() -> None:
    data = samples_of([[value] for value in hostile(0)])
    up, _ = shifts.cusum(data, charts.sigma_by_moving_range, known=Known(0.0, 1.0))
    found = rules.marks(up, EVERY)
    assert set(found) == {"WE1", "N1"}
    assert found["WE1"].tolist() == (up.points > 5).tolist()


def test_a_point_on_its_limit_is_within() -> None:
    assert not rules.outside(chart_of([3.0, -3.0, 0.0])).any()
    assert rules.outside(chart_of([3.001, 0.0])).tolist() == [True, False]


def test_a_signal_spans_the_points_that_lead_to_it() -> None:
    (signal,), count = signals_of(chart_of([0.1, -0.2, *[0.5] * 10, -0.1]), ["WE4"])
    assert count == 1
    assert (signal.first, signal.last) == (2, 11)
    assert signal.extreme == pytest.approx(0.5)


def test_of_more_signals_than_are_told_those_with_the_farthest_points_are_kept() -> None:
    told, count = signals_of(chart_of([4.0, 0, 9.0, 0, 5.0, 0, -7.0]), ["WE1"], most=2)
    assert count == 4
    assert [signal.first for signal in told] == [2, 6]


def test_stretches_that_touch_across_stages_are_two() -> None:
    told, count = signals_of(chart_of([0, 4.0, 4.0, 0], stages=[0, 2], names=["a", "b"]), ["WE1"])
    assert (count, [(signal.first, signal.last) for signal in told]) == (2, [(1, 1), (2, 2)])


def test_all_rules_of_western_electric_cry_as_often_as_is_known_of_them() -> None:
    # Champ and Woodall, Technometrics 29 (1987) 393-399: in control the first signal comes after 91.75 points.
    runs, length = 1_500, 800
    points = np.random.default_rng(4).normal(size=runs * length)
    order = Order([""] * len(points), list(range(0, len(points), length)), [""] * runs)
    none, limit = np.zeros(len(points)), np.full(len(points), 3.0)
    chart = Chart("Individuals", "Value", "level", order, points, none, -limit, limit, np.ones(len(points)))
    any_rule = np.logical_or.reduce(list(rules.marks(chart, rules.SETS["Western Electric"]).values())).reshape(runs, -1)
    lengths = np.where(any_rule.any(axis=1), any_rule.argmax(axis=1) + 1, length)
    assert lengths.mean() == pytest.approx(91.75, abs=3 * 91 / np.sqrt(runs))


def test_every_rule_is_in_a_set_or_can_be_chosen_alone() -> None:
    assert {key for keys in rules.SETS.values() for key in keys} == set(rules.RULES)

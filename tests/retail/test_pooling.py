"""Weights that are learned from many series."""

from __future__ import annotations

import numpy as np
import pytest

from apps.retail.analytics import models, pooling
from apps.retail.analytics.combining import Pooled, combine, trials_of, weights_of
from apps.retail.analytics.reading import Series


def panel(count: int, length: int = 40, seed: int = 3) -> list[Series]:
    """Series that wander around a level: the last value says little, the level much."""
    random = np.random.default_rng(seed)
    return [Series(f"item {n}", "2026-01-05", 100 + 20 * random.standard_normal(length)) for n in range(count)]


def test_weights_that_are_learned_sum_to_one_and_none_is_negative() -> None:
    learned = pooling.learn(pooling.trials(panel(30), 6, (52,)))
    assert set(learned.groups) == {"plain"}
    weights = learned.groups["plain"].weights
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    assert weights["Level"] > weights[models.NAIVE]


def test_a_model_that_is_right_for_all_gets_the_weight_wherever_it_stands() -> None:
    tried = pooling.trials(panel(30), 6, (52,))
    for one in tried:
        one.made[:, 2, :] = one.actual  # the third candidate knows what comes
        one.errors[:, 2] = 0
    learned = pooling.learn(tried)
    assert learned.groups["plain"].weights[tried[0].names[2]] == pytest.approx(1, abs=1e-6)


def test_series_that_are_judged_had_no_part_in_what_judges_them() -> None:
    """Changing what one series did at its latest origin changes no error of the others, but by how much is drawn."""
    tried = pooling.trials(panel(40), 6, (52,))
    before = pooling.learn(tried)
    changed = pooling.trials(panel(40), 6, (52,))
    changed[0].actual[0] += 1000
    after = pooling.learn(changed)
    fold = slice(1, 40 // pooling.FOLDS)  # the first fold comes first, and it is in it
    assert before.pooled[fold].tolist() == after.pooled[fold].tolist()
    assert before.own[fold].tolist() == after.own[fold].tolist()


def test_too_few_series_are_refused() -> None:
    with pytest.raises(ValueError, match="20 series"):
        pooling.learn(pooling.trials(panel(pooling.FEWEST - 1), 6, (52,)))


def test_a_series_too_short_to_learn_from_has_no_trials() -> None:
    assert pooling.trials([Series("short", "2026-01-05", np.arange(7.0))], 6, (52,)) == []
    assert pooling.trials([Series("flat", "2026-01-05", np.full(60, 5.0))], 6, (52,)) == []


def test_learned_weights_draw_those_of_a_series_and_wholly_at_a_share_of_one() -> None:
    values = panel(1)[0].values
    tried = trials_of(values, 6, (52,))
    assert tried is not None
    mean = tried.errors.mean(axis=0)
    assert weights_of(tried.names, mean, Pooled({"Level": 1.0}, 0.0)).tolist() == weights_of(tried.names, mean).tolist()
    assert weights_of(tried.names, mean, Pooled({"Level": 1.0}, 1.0)).tolist() == [0, 0, 1, 0]
    found = combine(values, 6, (52,), {"plain": Pooled({"Level": 1.0}, 1.0)})
    assert found.weights == {"Level": 1.0}
    assert found.share == 1.0


def test_weights_of_another_group_change_nothing() -> None:
    values = panel(1)[0].values
    pool = {"intermittent": Pooled({"TSB": 1.0}, 1.0)}
    assert combine(values, 6, (52,), pool).point.tolist() == combine(values, 6, (52,)).point.tolist()
    unknown = {"plain": Pooled({"A model that is gone": 1.0}, 1.0)}
    assert combine(values, 6, (52,), unknown).point.tolist() == combine(values, 6, (52,)).point.tolist()

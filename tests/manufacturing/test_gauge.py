"""Gauge studies against the worked study of the manual, and against what a study was made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from apps.manufacturing.analytics import gauge
from tests.manufacturing.tables import aiag


def test_the_manuals_study_by_average_and_range() -> None:
    made = gauge.average_range(aiag())
    # AIAG, Measurement Systems Analysis, 4th edition, figure III-B 16; its constants have four digits.
    assert round(made.grr, 2) == 26.68
    assert made.ndc == 5
    published = {"Repeatability": 0.20188, "Reproducibility": 0.22963, "Gauge R&R": 0.30575, "Part to part": 1.10456,
                 "Total": 1.14610}  # fmt: skip
    assert {name: made[name].sigma for name in published} == pytest.approx(published, abs=2e-4)


def test_the_manuals_study_by_analysis_of_variance() -> None:
    made = gauge.anova(aiag())
    assert round(made.grr, 2) == 27.86
    assert made.ndc == 4
    assert made.pooled
    published = {
        "Repeatability": 0.199933,
        "Reproducibility": 0.226838,
        "Gauge R&R": 0.302373,
        "Part to part": 1.042327,
    }
    assert {name: made[name].sigma for name in published} == pytest.approx(published, abs=2e-5)


def test_without_pooling_the_table_is_the_manuals() -> None:
    made = gauge.anova(aiag(), alpha=0.99)
    # The manual's table of the analysis of variance: sums of squares 3.1673, 88.3619, 0.3590 and 2.7589; F 0.434.
    published = {
        "Operator": (2, 3.1673),
        "Part": (9, 88.3619),
        "Operator x part": (18, 0.3590),
        "Repeatability": (60, 2.7589),
    }
    for effect in made.effects:
        freedom, total = published[effect.source]
        assert effect.freedom == freedom
        assert effect.square * freedom == pytest.approx(total, abs=1e-4)
        if effect.source == "Operator x part":
            assert effect.f == pytest.approx(0.434, abs=1e-3)
    assert len(made.effects) == 4
    assert not made.pooled


def test_variances_add_up_and_shares_are_of_the_total() -> None:
    for made in (gauge.average_range(aiag(), 8.0), gauge.anova(aiag(), 8.0)):
        total = made["Total"].sigma ** 2
        assert made["Gauge R&R"].sigma ** 2 + made["Part to part"].sigma ** 2 == pytest.approx(total)
        assert made["Total"].of_total == 100
        assert made["Gauge R&R"].of_tolerance == pytest.approx(600 * made["Gauge R&R"].sigma / 8)


def test_an_interaction_that_is_there_is_kept_and_found() -> None:
    chance = np.random.default_rng(2)
    study = chance.normal(0, 1, (1, 200, 1)) + chance.normal(0, 0.5, (4, 200, 1)) + chance.normal(0, 0.2, (4, 200, 3))
    made = gauge.anova(study)
    assert not made.pooled
    assert made["Operator x part"].sigma == pytest.approx(0.5, rel=0.05)
    assert made["Repeatability"].sigma == pytest.approx(0.2, rel=0.05)
    assert made["Part to part"].sigma == pytest.approx(1.0, rel=0.12)
    inside = next(effect for effect in made.effects if effect.source == "Operator x part")
    assert inside.p == pytest.approx(float(stats.f.sf(inside.f, 597, 1600)), abs=1e-12)


def test_one_operator_alone_has_no_reproducibility() -> None:
    for method in (gauge.average_range, gauge.anova):
        made = method(aiag()[:1])
        assert made["Reproducibility"].sigma == 0
        assert made["Repeatability"].sigma > 0


@pytest.mark.parametrize(("noise", "verdict"), [(0.02, "acceptable"), (0.2, "marginal"), (0.8, "not acceptable")])
def test_the_verdict_follows_the_manuals_bounds(noise: float, verdict: str) -> None:
    chance = np.random.default_rng(1)
    study = chance.normal(0, 1, (1, 10, 1)) + chance.normal(0, noise, (3, 10, 3))
    assert gauge.anova(study).verdict == verdict

"""The agent against published lists of pairs: what it must find, and what it must leave alone."""

from __future__ import annotations

from tests.benchmarks import drugs as bench


def test_high_priority_pairs_are_found() -> None:
    judged = bench.judged("drug_checker_high_priority")
    assert len(judged) == 15
    assert bench.share(judged) >= bench.LEAST_HIGH_PRIORITY


def test_pairs_that_should_not_interrupt_do_not() -> None:
    judged = bench.judged("drug_checker_non_interruptive")
    assert len(judged) == 29
    assert bench.share(judged) <= bench.MOST_NON_INTERRUPTIVE


def test_of_all_pairs_of_known_drugs_few_are_called_serious() -> None:
    share, pairs = bench.loud_share()
    assert pairs > 250_000
    assert share <= bench.MOST_UNRELATED


def test_usual_pairs_that_do_not_interact_are_not_called_serious() -> None:
    assert bench.unrelated_share() <= bench.MOST_UNRELATED

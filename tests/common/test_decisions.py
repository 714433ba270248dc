"""What an agent has decided, as data."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from apps.common.decisions import MOST_REASONS, Decision, Reason, Scale, ScaleBand


def test_reasons_stand_in_order_of_weight_whichever_way_they_point() -> None:
    reasons = [Reason(text="light", weight=1), Reason(text="against", weight=-5), Reason(text="heavy", weight=7)]
    decision = Decision(verdict="hold", summary="Hold it.", reasons=reasons)
    assert [reason.text for reason in decision.reasons] == ["heavy", "against", "light"]


def test_reasons_of_one_weight_keep_their_order() -> None:
    decision = Decision(verdict="hold", summary="Hold it.", reasons=[Reason(text=str(n)) for n in range(5)])
    assert [reason.text for reason in decision.reasons] == list("01234")


def test_a_decision_comes_back_from_its_record_as_it_was() -> None:
    scale = Scale(title="Risk", high=100, bands=[ScaleBand(title="Low", upto=50), ScaleBand(title="High", upto=100)])
    decision = Decision(verdict="hold", summary="Hold it.", score=87.0, scale=scale, reasons=[Reason(text="because")])
    assert Decision.model_validate(decision.model_dump(mode="json")) == decision


@pytest.mark.parametrize("bands", [[60, 50, 100], [50, 90], [0, 100], [50, 50, 100], [50, 120]])
def test_bands_that_do_not_fill_their_scale_are_refused(bands: list[float]) -> None:
    with pytest.raises(ValidationError, match="bands of a scale"):
        Scale(title="Risk", high=100, bands=[ScaleBand(title="Band", upto=upto) for upto in bands])


def test_a_scale_without_a_span_is_refused() -> None:
    with pytest.raises(ValidationError, match="low end"):
        Scale(title="Risk", low=1, high=1)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(ValidationError):
        Decision(verdict="hold", summary="Hold it.", score=score)


def test_more_reasons_than_anybody_reads_are_refused() -> None:
    with pytest.raises(ValidationError):
        Decision(verdict="hold", summary="Hold it.", reasons=[Reason(text="r")] * (MOST_REASONS + 1))

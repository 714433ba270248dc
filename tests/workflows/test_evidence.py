"""What is beside a question: decisions of agents, as whoever answers reads them."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.decisions import Decision
from apps.workflows.evidence import Judged


@pytest.mark.parametrize(
    ("summary", "subject"),
    [("Milk: 2,834 over 13 weeks.", ""), ("It sells less than usual.", "Milk"), ("The milk sells.", "Milk")],
)
def test_a_subject_is_not_said_again_where_the_summary_begins_with_it(summary: str, subject: str) -> None:
    nothing: Any = None
    judged = Judged(nothing, Decision(verdict="plan", subject="Milk", summary=summary), nothing)
    assert judged.subject == subject

"""The drill of models in its small form: the faults that take no time."""

from __future__ import annotations

from tests.aiserver import AiServer
from tests.drills.models import SCENARIOS, scenarios

QUICK = [each for each in SCENARIOS if each.model not in {"hang", "slow-drip", "huge"}]


def test_every_scenario_ends_as_it_has_to(server: AiServer) -> None:
    for case in scenarios(server, seconds=60.0, chosen=QUICK, kinds=["openai"]):
        assert case.holds, case

"""Whatever is tried at the door of single sign-on comes to what it must: the small form of `run.py drill sso`."""

from __future__ import annotations

import pytest

from tests.accounts.sso.cases import CASES, Tried
from tests.accounts.sso.ground import Ground


@pytest.mark.parametrize("tried", CASES, ids=lambda tried: f"{tried.group}: {tried.name}")
def test_a_try_comes_to_what_it_must(ground: Ground, tried: Tried) -> None:
    outcome = tried.does(ground)
    assert tried.holds(outcome), f"{outcome}, and not {tried.comes_to}"

"""What a provider says that it counted, and what it says of its own failure."""

from __future__ import annotations

from typing import Any

import pytest

from apps.ai.contract import Message, Request, Usage
from apps.ai.failures import ModelUnavailable
from apps.ai.wire import responses
from apps.ai.wire.parts import usage_of

HELLO = Request(messages=(Message(role="user", text="How is it?"),))


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"input_tokens": "7"},
        {"input_tokens": True},
        {"input_tokens": -1, "output_tokens": 2},
        {"input_tokens": 10**12, "output_tokens": 2},
        {"input_tokens": 7, "output_tokens": 10**12},
        {"input_tokens": 7, "output_tokens": [2]},
        {"input_tokens": 7, "input_tokens_details": {"cached_tokens": "all"}},
    ],
)
def test_what_is_no_count_of_tokens_is_none(told: Any) -> None:
    assert usage_of(told, input="input_tokens", output="output_tokens") is None


def test_counts_of_tokens_are_read_with_details_in_any_form() -> None:
    counts = {"input_tokens": 7, "output_tokens": 2}
    assert usage_of(counts, input="input_tokens", output="output_tokens") == Usage(input=7, output=2)
    counts_odd = {**counts, "input_tokens_details": ["none"]}
    assert usage_of(counts_odd, input="input_tokens", output="output_tokens") == Usage(input=7, output=2)


def test_a_provider_that_repeats_a_key_in_its_failure_is_told_without_it() -> None:
    key = "sk-proj-" + "a1B2c3D4" * 5
    answer = {"output": [], "status": "failed", "error": {"message": f"Incorrect API key provided: {key}" + "." * 999}}
    with pytest.raises(ModelUnavailable) as failed:
        responses.reply_of(HELLO, answer)
    assert key not in failed.value.detail
    assert len(failed.value.detail) < 400

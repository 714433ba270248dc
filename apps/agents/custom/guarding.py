"""Rules for what a model answered: numbers that nobody computed, words that it must not say, and how much it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from apps.agents.custom.contents import WORDS, Content
from apps.agents.custom.outputs import Unmatched
from apps.agents.custom.problems import GuardrailBroken
from apps.ai.numbercheck import Verdict, check, figures_of

_MOST_TOLD: Final = 5


def keep(content: Content, found: dict[str, Any], told: dict[str, Any], answers: list[Any]) -> list[Unmatched]:
    """Hold the answer against the rules of the agent. What is told of numbers that are to be marked.

    `told` is what went in, and `answers` is what tools found: nothing else may be quoted. Raises `GuardrailBroken`.
    """
    rules, words = content.guardrails, list(_words(content, found))
    if rules.must_ask and not answers:
        raise GuardrailBroken("It answered without an answer of a tool, and has to ask one.")
    size = sum(len(text) for _, text in words)
    if rules.longest is not None and size > rules.longest:
        raise GuardrailBroken(f"It has {size:,} characters, and {rules.longest:,} are the most.")
    if said := _forbidden(
        rules.forbidden, [*words, *_handed_on(found)]
    ):  # which word is not told: whoever reads this must not learn it here
        raise GuardrailBroken(f"In {said} it says something that it must not.")
    if rules.numbers == "off":
        return []
    figures = figures_of({"input": told, "tools": answers})
    unmatched = [
        Unmatched(field=name, number=each.text[:100])
        for name, text in words
        for each in check(text, figures)
        if each.verdict is Verdict.UNMATCHED
    ]
    if unmatched and rules.numbers == "fail":
        some = ", ".join(f"{each.number} in {each.field}" for each in unmatched[:_MOST_TOLD])
        raise GuardrailBroken(f"Nobody computed {some}: it is neither in the input nor in what tools answered.")
    return unmatched[:100]


def _words(content: Content, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of an answer, with the names of their fields. What it chose of a few is none of its own words."""
    for each in content.outputs:
        if each.kind in WORDS:
            yield from ((each.name, text) for text in _texts(found.get(each.name)))
    for proposal in found.get("proposals") or ():
        yield from (("proposals", text) for text in _texts([proposal.get("title"), proposal.get("why")]))


def _handed_on(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What its proposals would have written down or sent somewhere, names of columns too."""
    for proposal in found.get("proposals") or ():
        arguments = proposal.get("arguments")
        yield from (("proposals", text) for text in [*_texts(arguments), *_names(arguments)])


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        yield from _names(each)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _forbidden(forbidden: list[str], words: list[tuple[str, str]]) -> str:
    """The first field that says a forbidden word; empty where none does."""
    patterns = [re.compile(rf"(?<!\w){re.escape(each)}(?!\w)", re.IGNORECASE) for each in forbidden]
    return next((name for name, text in words if any(each.search(text) for each in patterns)), "")

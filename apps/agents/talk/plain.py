"""A result explained in the agent's own words: its decisions with their reasons, and what its parts say. No model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apps.agents.talk.digest import Digest
from apps.common import formats

MOST_DECISIONS: Final = 3
MOST_REASONS: Final = 5


def explanation_of(digest: Digest) -> str:
    """The explanation in paragraphs, with reasons as lists. The same digest gives the same text."""
    data = digest.data
    told = data.get("decisions", [])
    blocks = ([] if told else [data["headline"]]) + ["\n".join(_decision(each)) for each in told[:MOST_DECISIONS]]
    if (more := data.get("decisions_in_all", 0) - MOST_DECISIONS) > 0:
        blocks.append(f"There {'is' if more == 1 else 'are'} {more:,} more, each with its reasons.")
    blocks += ["\n".join(_part(each)) for each in data["result"]]
    return "\n\n".join(block for block in blocks if block)


def _decision(told: dict[str, Any]) -> Iterator[str]:
    subject = f"{told['subject']}: " if told.get("subject") else ""
    yield f"{subject}{told['verdict']}. {told['summary']}"
    if stands := told.get("a_person_has_it_stand_at"):
        yield f"A person has looked at it: it stands at {stands}."
    for reason in told.get("reasons", [])[:MOST_REASONS]:
        yield f"- {reason['text']}"
    for each in told.get("held_against", []):
        seen = f", and was {_value(each['seen'])}" if each.get("seen") is not None else ""
        yield f"- Held against: {each['name']} {_value(each.get('value'), each.get('unit', ''))}{seen}"
    if caveat := told.get("caveat"):
        yield caveat


def _part(told: dict[str, Any]) -> Iterator[str]:
    title = told.get("title", "")
    if "figures" in told:
        yield "\n".join(f"- {each['label']}: {_value(each['value'], each.get('unit', ''))}" for each in told["figures"])
    elif "text" in told:
        yield f"{title}: {told['text']}" if title else told["text"]
        yield from (f"- {each}" for each in told.get("reasons", [])[:MOST_REASONS])
    elif "summary" in told:
        yield f"{title}: {told['summary']}" if title else told["summary"]


def _value(value: Any, unit: str = "") -> str:
    text = formats.number(value) if isinstance(value, int | float) else str(value if value is not None else "none")
    return f"{text} {unit}".strip()

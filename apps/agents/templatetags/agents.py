"""Template helpers about agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import template
from django.utils.dateparse import parse_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.agents.finding import agent_shown
from apps.common.errors import Issue

register = template.Library()

WIDTH, HEIGHT = 76, 24
_WORDS = {"none": "none ran", "well": "well", "failed": "some failed", "broken": "all failed"}


@register.filter
def agent_title(key: str) -> str:
    """The title of an agent by its key; the key itself for an agent that is no longer installed."""
    agent = agent_shown(key)
    return agent.title if agent else key


@register.filter
def parsed_day(text: str) -> date | None:
    """The day that an ISO date names."""
    return parse_date(text)


@register.filter
def place_of(issue: Issue | dict[str, Any]) -> str:
    """Where an issue is, in words; nothing where its message says so itself."""
    it = issue if isinstance(issue, Issue) else Issue.model_validate(issue)
    if it.row is not None:
        said = str(it.row) in it.message or f"{it.row:,}" in it.message
        return "" if said else f"Row {it.row:,}" + (f", column “{it.column}”" if it.column else "")
    if it.column:
        return "" if it.column in it.message else f"Column “{it.column}”"
    return it.path


@register.simple_tag
def spark(values: Sequence[float]) -> SafeString:
    """A line without axes, for the shape of a figure over time. It is decoration: the figure is told beside it."""
    if len(values) < 2 or not any(values):
        return SafeString("")
    step, most = WIDTH / (len(values) - 1), max(values)
    points = [f"{n * step:.1f},{2 + (HEIGHT - 4) * (1 - value / most):.1f}" for n, value in enumerate(values)]
    return format_html(
        '<svg class="o-spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<polygon points="0,{} {} {},{}"/><polyline points="{}"/></svg>',
        WIDTH,
        HEIGHT,
        HEIGHT,
        " ".join(points),
        WIDTH,
        HEIGHT,
        " ".join(points),
    )


@register.simple_tag
def track(words: Sequence[str]) -> SafeString:
    """How an agent did in each hour, oldest first, as cells: their height and colour tell what is read out in words."""
    if not words:
        return format_html('<span class="text-secondary">{}</span>', "not run")
    told = [f"{sum(word == each for word in words)} {said}" for each, said in _WORDS.items() if each in words]
    cells = format_html_join("", '<i data-w="{}"></i>', ((word,) for word in words))
    return format_html('<span class="o-track" role="img" aria-label="Hours: {}">{}</span>', ", ".join(told), cells)

"""Template helpers about decisions."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.agents.decisions import verdict_of
from apps.common import formats
from apps.common.decisions import Scale, ScaleBand, Verdict
from apps.console.scales import scale_picture
from apps.console.templatetags.console import icon
from apps.console.tones import tone, tone_icon

register = template.Library()


@register.simple_tag
def verdict(agent_key: str, code: str) -> SafeString:
    """A verdict as word, icon and colour; nothing where there is none."""
    return pill(verdict_of(agent_key, code)) if code else SafeString("")


@register.simple_tag
def pill(it: Verdict) -> SafeString:
    """A verdict that is at hand, as word, icon and colour."""
    return format_html(
        '<span class="o-st st" data-st="{}">{}{}</span>', tone(it.tone), icon(tone_icon(it.tone)), it.title
    )


@register.filter
def band_of(score: float, scale: Scale) -> ScaleBand | None:
    """The part of a scale that a score lies in; a score beyond an end lies in the part there."""
    return scale.band_of(score)


@register.filter
def score(value: float, scale: Scale) -> str:
    """A score with the digits of its scale."""
    return formats.number(value, scale.digits)


@register.simple_tag
def scale_bar(value: float, scale: Scale) -> SafeString:
    """A score on its scale, drawn; it is read out as one sentence."""
    return scale_picture(value, scale)

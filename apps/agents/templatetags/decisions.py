"""Template helpers about decisions."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.agents.decisions import verdict_of
from apps.common import formats
from apps.common.decisions import Scale, ScaleBand, Verdict
from apps.console.templatetags.console import icon, tone, tone_icon

register = template.Library()

WIDTH, HEIGHT = 280.0, 30.0
Cut = tuple[float, float, ScaleBand]


@register.simple_tag
def verdict(agent_key: str, code: str) -> SafeString:
    """A verdict as word, icon and colour; nothing where there is none."""
    return pill(verdict_of(agent_key, code)) if code else SafeString("")


@register.simple_tag
def pill(it: Verdict) -> SafeString:
    """A verdict that is at hand, as word, icon and colour."""
    return format_html(
        '<span class="o-status st" data-st="{}">{}{}</span>', tone(it.tone), icon(tone_icon(it.tone), "ic-s"), it.title
    )


@register.filter
def band_of(score: float, scale: Scale) -> ScaleBand | None:
    """The part of a scale that a score lies in; a score beyond an end lies in the part there."""
    return next((band for band in scale.bands if score <= band.upto), scale.bands[-1] if scale.bands else None)


@register.filter
def score(value: float, scale: Scale) -> str:
    """A score with the digits of its scale."""
    return formats.number(value, scale.digits)


@register.simple_tag
def scale_bar(value: float, scale: Scale) -> SafeString:
    """A score on its scale, drawn; it is read out as one sentence."""
    span = scale.high - scale.low

    def place(at: float) -> float:
        return WIDTH * min(1.0, max(0.0, (at - scale.low) / span))

    cuts = list(_cuts(scale))
    bands = format_html_join(
        "",
        '<rect class="st" data-st="{}" x="{}" y="6" width="{}" height="8"></rect>',
        (
            (tone(band.tone), f"{place(low):.1f}", f"{max(0.0, place(high) - place(low)):.1f}")
            for low, high, band in cuts
        ),
    )
    # A name is written where it has room.
    names = format_html_join(
        "",
        '<text x="{}" y="27" text-anchor="middle">{}</text>',
        (
            (f"{(place(low) + place(high)) / 2:.1f}", band.title)
            for low, high, band in cuts
            if place(high) - place(low) >= 6.5 * len(band.title)
        ),
    )
    band = band_of(value, scale)
    ends = f"{formats.number(scale.low)} to {formats.number(scale.high)}"
    said = f"{formats.number(value, scale.digits)} on a scale of {ends}"
    return format_html(
        '<svg class="o-scale" viewBox="0 0 {} {}" role="img" aria-label="{}"><rect class="o-scale-b" x="0" y="6"'
        ' width="{}" height="8"></rect>{}{}<rect class="o-scale-m" x="{}" y="2" width="3" height="16" rx="1"></rect>'
        "</svg>",
        f"{WIDTH:g}",
        f"{HEIGHT:g}",
        f"{said}, {band.title}" if band else said,
        f"{WIDTH:g}",
        bands,
        names,
        f"{min(WIDTH - 3, max(0.0, place(value) - 1.5)):.1f}",
    )


def _cuts(scale: Scale) -> list[Cut]:
    lows = [scale.low, *(band.upto for band in scale.bands)]
    return [(low, band.upto, band) for low, band in zip(lows, scale.bands, strict=False)]

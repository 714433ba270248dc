"""A score on its scale, drawn: its bands with their names and ends, what it is held against, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.common import formats
from apps.common.widgets import Scale, ScaleBand, ScoreMark, ScoreWidget
from apps.console.tones import tone

WIDTH = 280
LETTER = 6.5
"""A letter's width, of names; figures are a little narrower."""


@dataclass(frozen=True)
class ScoreDrawing:
    """What a score's widget shows."""

    text: str
    unit: str
    band: ScaleBand | None
    picture: SafeString
    marks: list[str] = field(default_factory=list)
    note: str = ""


def score_drawing(widget: ScoreWidget) -> ScoreDrawing:
    """For a widget that has a value: another is not drawn."""
    scale, value = widget.scale, widget.value or 0.0
    return ScoreDrawing(
        text=formats.number(value, scale.digits),
        unit=scale.unit or f"/ {formats.number(scale.high)}",
        band=scale.band_of(value),
        picture=scale_picture(value, scale, widget.thresholds),
        marks=[f"{mark.name}: {_written(mark.value, scale)}" for mark in widget.thresholds],
        note="" if scale.low <= value <= scale.high else "It is beyond the end of its scale.",
    )


def scale_sentence(value: float, scale: Scale, marks: Sequence[ScoreMark] = ()) -> str:
    """Where a score stands, in words: what the picture is read out as."""
    band = scale.band_of(value)
    ends = f"{formats.number(scale.low)} to {formats.number(scale.high)}"
    said = f"{_written(value, scale)} on a scale of {ends}"
    held = [f"{mark.name} {formats.number(mark.value, scale.digits)}" for mark in marks]
    return ". ".join([f"{said}, {band.title}" if band else said, *held])


def scale_picture(value: float, scale: Scale, marks: Sequence[ScoreMark] = ()) -> SafeString:
    """The scale as SVG. What has no room beside its neighbour is left to the words around."""
    at = _Places(scale)
    cuts = [(low, band.upto, band) for low, band in zip(_ends(scale), scale.bands, strict=False)]
    bands = format_html_join(
        "",
        '<rect class="st" data-st="{}" x="{}" y="14" width="{}" height="9"></rect>',
        ((tone(band.tone), _px(at(low)), _px(at(high) - at(low))) for low, high, band in cuts),
    )
    names = format_html_join(
        "",
        '<text x="{}" y="36" text-anchor="middle">{}</text>',
        (
            (_px((at(low) + at(high)) / 2), band.title)
            for low, high, band in cuts
            if at(high) - at(low) >= LETTER * len(band.title)
        ),
    )
    ticks = format_html_join(
        "",
        '<line class="o-scale-t" x1="{0}" x2="{0}" y1="10" y2="27"></line>',
        ((_px(at(mark.value)),) for mark in marks),
    )
    ends = (*_figures([*_ends(scale), scale.high], scale, at, 49), *_figures([m.value for m in marks], scale, at, 8))
    return format_html(
        '<svg class="o-scale" viewBox="0 0 {} 52" role="img" aria-label="{}"><rect class="o-scale-b" x="0" y="14"'
        ' width="{}" height="9"></rect>{}{}{}{}<rect class="o-scale-m" x="{}" y="10" width="3" height="17"'
        ' rx="1"></rect></svg>',
        WIDTH,
        scale_sentence(value, scale, marks),
        WIDTH,
        bands,
        names,
        ticks,
        format_html_join("", '<text class="num" x="{}" y="{}" text-anchor="{}">{}</text>', ends),
        _px(min(WIDTH - 3, max(0.0, at(value) - 1.5))),
    )


class _Places:
    """Where a value lies across the picture; one beyond an end lies at it."""

    def __init__(self, scale: Scale) -> None:
        self.low, self.span = scale.low, scale.high - scale.low

    def __call__(self, value: float) -> float:
        return WIDTH * min(1.0, max(0.0, (value - self.low) / self.span))


def _ends(scale: Scale) -> list[float]:
    """Where the bands begin."""
    return [scale.low, *(band.upto for band in scale.bands[:-1])]


def _px(value: float) -> str:
    return f"{value:.1f}"


def _written(value: float, scale: Scale) -> str:
    text = formats.number(value, scale.digits)
    return f"{text} {scale.unit}" if scale.unit else text


def _figures(values: Sequence[float], scale: Scale, at: _Places, y: int) -> Iterator[tuple[str, int, str, str]]:
    """Figures in a row, from the left: place, row, anchor and text of those that do not run into the one before."""
    taken = float("-inf")
    for value in sorted(set(values)):
        text = formats.number(value)
        width = LETTER * len(text)
        middle = at(value)
        anchor = "start" if middle < width / 2 else "end" if middle > WIDTH - width / 2 else "middle"
        left = middle - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        if left >= taken:
            taken = left + width + 4
            yield _px(middle), y, anchor, text

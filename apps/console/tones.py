"""What a widget's tone looks like: a colour family and an icon, which are never shown without words."""

from __future__ import annotations


def tone(value: str) -> str:
    """The colour family of a tone: the value of `data-st`."""
    return {"good": "succeeded", "warning": "retrying", "bad": "failed"}.get(value, "skipped")


def tone_icon(value: str) -> str:
    return {"good": "circle-check", "warning": "alert-triangle", "bad": "alert-circle"}.get(value, "info-circle")

"""How runs go, as a dashboard shows it: figures beside those of the period before, and a chart."""

from __future__ import annotations

from typing import Any

from apps.agents.pulse import Pulse
from apps.common import formats


def figure_change(
    now: float | None, before: float | None, *, good: bool | None, points: bool = False
) -> dict[str, str]:
    """How a figure has moved, in words. `good`: whether more is better; `points`: by difference, not by share."""
    if now is None or before is None or (not points and not before):
        return {}
    moved = now - before if points else 100 * (now - before) / before
    text = formats.number(abs(moved), 1) + (" pt" if points else "\N{NO-BREAK SPACE}%")
    if text.startswith("0.0"):
        return {"change": "no change", "trend": "", "tone": "neutral"}
    tone = "neutral" if good is None else "good" if (moved > 0) == good else "bad"
    return {"change": text, "trend": "trending-up" if moved > 0 else "trending-down", "tone": tone}


def runs_chart(now: Pulse, *, other: str) -> dict[str, Any]:
    """The title of a chart of runs and its data; `other` is what those are called that neither succeeded nor failed."""
    hourly, steps = now.period.step == "hour", now.steps
    labels = [f"{step.at:%H}:00" if hourly else formats.day(step.at)[:-5] for step in steps]
    peak = max(steps, key=lambda step: step.total)
    failed = formats.number(now.now.failed)
    summary = f"{formats.number(now.now.total)} runs in the {now.period.title.lower()}, {failed} of them failed."
    if peak.total:
        where = labels[steps.index(peak)]
        summary += f" Most in one {now.period.step}: {formats.number(peak.total)}, at {where}."
    bars = [
        {"name": "Succeeded", "colour": "--c1", "values": [step.succeeded for step in steps]},
        {"name": other, "colour": "--c4", "values": [step.other for step in steps]},
        {"name": "Failed", "colour": "--c5", "values": [step.failed for step in steps]},
    ]
    title = "Runs per hour" if hourly else "Runs per day"
    return {"title": title, "data": {"periods": labels, "bars": bars, "unit": "", "summary": summary}}

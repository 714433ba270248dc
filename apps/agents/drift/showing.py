"""What a watch has found, as charts and in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from apps.agents.configurations import AnyAgent
from apps.agents.drift.detection import ALPHA, KINDS, Judgement, Test, Window
from apps.agents.drift.watching import Baseline, Finding
from apps.common import formats
from apps.common.widgets import SeriesLine, SeriesWidget

MOST_VERDICTS = 6
"""Verdicts whose shares are drawn, the commonest first."""


@dataclass(frozen=True)
class Told:
    """One of the three tests, on the last whole window."""

    title: str
    was: str
    now: str
    verdict: str
    """What the test says, in words."""
    alarms: bool


def title_of(agent: AnyAgent, verdict: str) -> str:
    known = agent.verdicts.get(verdict)
    return known.title if known else verdict.replace("_", " ").capitalize()


def findings_of(agent: AnyAgent, baseline: Baseline, finding: Finding) -> list[Told]:
    """What the tests say of the last whole window, beside the baseline; those that have nothing to compare are out."""
    last = finding.windows[-1]
    found = {test.kind: test for test in last.tests}
    return [_told(agent, baseline, last, found[kind]) for kind in KINDS if found[kind].p is not None]


def _told(agent: AnyAgent, baseline: Baseline, last: Judgement, test: Test) -> Told:
    window = last.window
    if test.kind == "verdicts":
        name = test.verdict
        title = f"Share of “{title_of(agent, name)}”"
        was, now = _percent(baseline.share(name)), _percent(window.share(name))
    elif test.kind == "score":
        title, was, now = "Mean score", formats.number(baseline.mean, 2), formats.number(window.mean, 2)
    else:
        title, was, now = "Overridden by people", _percent(baseline.override_rate), _percent(window.override_rate)
    return Told(title, was, now, _words(test), test.alarms)


def _words(test: Test) -> str:
    p = test.p or 0.0
    often = f"one window in {formats.number(round(1 / p))}" if p > 1e-6 else "less than one window in a million"
    said = f"chance alone does as much in {often}"
    if test.alarms:
        return f"It has moved: {said}."
    if test.is_calm:
        return "As before: no more than chance does."
    return f"Not sure yet: {said}; an alarm needs one in {formats.number(round(len(KINDS) / ALPHA))}."


def _percent(share: float) -> str:
    return f"{formats.number(100 * share, 1)}\N{NO-BREAK SPACE}%"


def charts_of(agent: AnyAgent, baseline: Baseline, finding: Finding) -> list[SeriesWidget]:
    """Over the windows, each beside the baseline: the share that has moved most, the scores, the overrides; and all
    shares together."""
    windows = [each.window for each in finding.windows]
    charts = []
    if moved := finding.windows[-1].test("verdicts").verdict:
        shares: list[float | None] = [100 * window.share(moved) for window in windows]
        title = f"Share of “{title_of(agent, moved)}”"
        charts.append(_chart(title, windows, 100 * baseline.share(moved), shares, "%"))
    charts.append(_shares(agent, baseline, windows))
    if baseline.mean is not None and any(window.mean is not None for window in windows):
        means = [window.mean for window in windows]
        charts.append(_chart("Mean score", windows, baseline.mean, means, agent.scale.unit if agent.scale else ""))
    if baseline.overridden or any(window.overridden for window in windows):
        rates: list[float | None] = [100 * window.override_rate for window in windows]
        charts.append(_chart("Overridden by people", windows, 100 * baseline.override_rate, rates, "%"))
    return charts


def _labels(windows: list[Window]) -> list[str]:
    """When each window ended; with the time where several ended on a day."""
    days = [f"{window.until:%d %b}" for window in windows]
    return days if len({*days}) == len(days) else [f"{window.until:%d %b %H:%M}" for window in windows]


def _shares(agent: AnyAgent, baseline: Baseline, windows: list[Window]) -> SeriesWidget:
    names = {*baseline.verdicts, *(name for window in windows for name in window.verdicts)}
    common = sorted(names, key=lambda name: (-sum(window.share(name) for window in [baseline, *windows]), name))
    lines, told = [], []
    for name in common[:MOST_VERDICTS]:
        title = title_of(agent, name)
        lines.append(SeriesLine(name=title, values=[round(100 * window.share(name), 2) for window in windows]))
        told.append(f"{title} {_percent(windows[-1].share(name))}, {_percent(baseline.share(name))} in the baseline")
    summary = f"Of the last {windows[-1].count} decisions: {'; '.join(told)}."
    return SeriesWidget(title="Shares of verdicts", periods=_labels(windows), lines=lines, unit="%", summary=summary)


def _chart(title: str, windows: list[Window], before: float, values: list[float | None], unit: str) -> SeriesWidget:
    now, sign = next((value for value in reversed(values) if value is not None), None), f" {unit}" if unit else ""
    return SeriesWidget(
        title=title,
        periods=_labels(windows),
        lines=[
            SeriesLine(name=title, values=[None if value is None else round(value, 4) for value in values]),
            SeriesLine(name="Baseline", style="dashed", values=[round(before, 4)] * len(windows)),
        ],
        unit=unit,
        summary=f"{formats.number(now, 2)}{sign} in the last window, {formats.number(before, 2)}{sign} before.",
    )

"""What the Demand Forecaster decides of each item: whether to plan by it, on what grounds, and what it proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.common import formats
from apps.common.decisions import (
    MOST_DECISIONS,
    Alternative,
    Code,
    Decision,
    Evidence,
    ProposedAction,
    Reason,
    Scale,
    ScaleBand,
    Threshold,
    Verdict,
    start_workflow,
)
from apps.retail.agents import demand_report as shown

if TYPE_CHECKING:
    from apps.retail.agents.demand_report import DemandReport, SeriesReport

VERDICTS: Final = {
    "no_forecast": Verdict(title="No forecast", tone="bad", needs="Plan it by hand: it has no history."),
    "weak": Verdict(title="Weak forecast", tone="bad", needs="Plan it by hand, or by its range."),
    "check": Verdict(title="Check before planning", tone="warning", needs="Look at what stands out first."),
    "plan": Verdict(title="Plan by it", tone="good", needs="Nothing."),
}
ORDER: Final = tuple(VERDICTS)
MASE: Final = Scale(title="Backtest error (MASE)", high=3.0)
"""Mean error by the usual change of a period (Hyndman and Koehler, 2006); below 1 is better than that change."""


def decide(report: DemandReport, *, weak: float, workflow: str) -> list[Decision]:
    """A decision for each item, those to look at first on top."""
    made = [_empty(item) for item in report.empty]
    made += [_decision(one, report, weak) for one in report.series]
    made.sort(key=lambda one: (ORDER.index(one.verdict), -(one.score or 0.0)))
    for one in made[:MOST_DECISIONS]:
        if VERDICTS[one.verdict].tone == "bad":
            one.actions += start_workflow(workflow, subject=one.subject, summary=one.summary)
    return made[:MOST_DECISIONS]


def _empty(item: str) -> Decision:
    reason = Reason(text="Its history holds no value at all.")
    return Decision(subject=item[:200], verdict="no_forecast", summary=f"{item} has no history.", reasons=[reason])


def _decision(one: SeriesReport, report: DemandReport, weak: float) -> Decision:
    error = one.metrics.mase
    total = formats.number(sum(one.forecast))
    verdict, told = _verdict(one, weak)
    here = [Evidence(text=f"History, backtest and forecast of {one.item}", key=one.item)]
    first = Reason(text=_sentence(told), weight=100.0 if verdict == "weak" else 1.0, evidence=here)
    return Decision(
        subject=one.item[:200],
        verdict=verdict,
        summary=f"{one.item}: {total} over {report.horizon} periods by {one.model}. {_sentence(told)}",
        score=error,
        scale=_scale(weak) if error is not None else None,
        thresholds=[Threshold(name="Backtest error that is weak", value=weak, seen=error)],
        reasons=[
            first,
            *(Reason(text=_sentence(each), weight=10.0, evidence=here) for each in one.exceptions[:20]),
            Reason(text=f"Why {one.model}: {_sentence(one.why)}", weight=0.5, evidence=here),
        ],
        alternatives=[
            Alternative(
                title="Plan by the range",
                why_not=f"The middle is proposed; eight cases of ten lie between {formats.number(sum(one.q10))} and "
                f"{formats.number(sum(one.q90))}, taken period by period.",
            )
        ],
        actions=[_keep(one, report)],
    )


def _verdict(one: SeriesReport, weak: float) -> tuple[Code, str]:
    """The verdict, and what the backtest says, in words."""
    error = one.metrics.mase
    if error is not None:
        told = f"forecasts of its last periods missed by {formats.number(error)} times the usual change"
        return ("weak" if error > weak else "check" if one.exceptions else "plan"), told
    if any(each.startswith("Constant:") for each in one.exceptions):
        return "check", "it never changed before, so that no backtest tells how good a forecast is"
    return "weak", "its history is too short to test a forecast on it"


def _sentence(text: str) -> str:
    told = f"{text[:1].upper()}{text[1:]}"
    return told if told.endswith(".") else f"{told}."


def _scale(weak: float) -> Scale:
    bands = [
        *([ScaleBand(title="Good", upto=1.0, tone="good")] if weak > 1 else []),
        ScaleBand(title="Usable", upto=weak, tone="warning"),
        ScaleBand(title="Weak", upto=max(MASE.high, weak + 1), tone="bad"),
    ]
    return MASE.model_copy(update={"bands": bands, "high": bands[-1].upto})


def _keep(one: SeriesReport, report: DemandReport) -> ProposedAction:
    rows = [
        {
            "item": one.item,
            "period": period,
            "forecast": one.forecast[n],
            "q10": one.q10[n],
            "q50": one.q50[n],
            "q90": one.q90[n],
        }
        for n, period in enumerate(shown.ahead_of(one, report))
    ]
    return ProposedAction(
        kind="datasets.create",
        title="Keep this forecast as a dataset",
        arguments={"name": f"Forecast of {one.item}"[:200], "rows": rows},
        why="To plan by it elsewhere, or to compare it with what comes.",
    )

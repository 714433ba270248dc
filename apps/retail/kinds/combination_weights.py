"""Weights of the Demand Forecaster's models, learned from an organisation's own series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from apps.ai.training.contract import Gain, Metric, Trainable, Trained, TrainingContext
from apps.common.errors import InvalidInput
from apps.common.schemas import StrictModel
from apps.common.widgets import Cell, Column, TableWidget, Widget
from apps.retail.analytics import periods
from apps.retail.analytics.layout import AskedLayout

if TYPE_CHECKING:
    import polars

    from apps.retail.analytics.combining import Pooled
    from apps.retail.analytics.pooling import Learned

COMBINATION_WEIGHTS: Final = "retail.combination_weights"
GROUPS: Final = {
    "seasonal": "Regular, with a cycle that was seen",
    "plain": "Regular, without a cycle",
    "intermittent": "With many empty periods",
}
ERROR: Final = "Error at the latest origin"


class WeightsOptions(StrictModel):
    horizon: int | None = Field(default=None, ge=1, le=104, description="Periods ahead; by frequency when left empty.")
    frequency: periods.AskedFrequency = Field(
        default="auto", description="How long a period is; index: the periods are only counted."
    )
    layout: AskedLayout = Field(default="auto", description="Where items and periods stand in the table.")
    dates: periods.Order = Field(default="auto", description="Whether the day or the month comes first in a date.")


class GroupWeights(BaseModel):
    weights: dict[str, float]
    """By model; they sum to one."""
    share: float = Field(ge=0, le=1)
    """How far the weights of a series are drawn towards these."""
    series: int


class Weights(BaseModel):
    """What was learned, by group of series."""

    groups: dict[str, GroupWeights]

    def pooled(self) -> Mapping[str, Pooled]:
        from apps.retail.analytics.combining import Pooled

        return {name: Pooled(group.weights, group.share) for name, group in self.groups.items()}


class CombinationWeights(Trainable[WeightsOptions, Weights]):
    key = COMBINATION_WEIGHTS
    title = "Weights of forecasts"
    version = "1.0"
    agent_key = "retail.demand_forecaster"
    summary = "Which models of demand are right for your items on average, learned from all of them together."
    icon = "scale"
    data = "A table of demand as the Demand Forecaster takes it, with twenty items or more of five horizons' length."
    intended_use = (
        "The Demand Forecaster weighs models by how well they did on each item. With few earlier periods that is "
        "uncertain; the weights that are right for many items together steady it."
    )
    limits = [
        "It is learned from one table: items of another kind, or periods of another length, may have other weights.",
        "Items that have little in common have no weights in common: then it gains nothing, and says so.",
        "It changes the weights of models, and no model: a pattern that none of them knows stays unknown.",
    ]
    source = (
        "Bates and Granger (1969); Granger and Ramanathan (1984), least squares of weights that sum to one; "
        "Diebold and Pauly (1990), drawing towards prior weights."
    )

    def train(
        self, frame: polars.DataFrame, options: WeightsOptions, current: Weights | None, ctx: TrainingContext
    ) -> Trained:
        from apps.retail.analytics import forecasting, models, pooling, reading

        ctx.progress(0, 1, "Telling items, periods and quantities")
        choices = reading.Choices({}, options.layout, options.frequency, options.dates, "auto")
        panel = reading.read(frame, choices)
        models.load(ctx.progress)
        horizon = options.horizon or forecasting.HORIZONS[panel.frequency]
        tried = pooling.trials(panel.series, horizon, forecasting.SEASONS[panel.frequency], ctx.progress)
        try:
            learned = pooling.learn(tried, current.pooled() if current else None)
        except ValueError as error:
            raise InvalidInput(
                f"Of {len(panel.series):,} items, no group of a kind has {pooling.FEWEST} that are long enough to "
                "learn from and to be judged by; nothing was learned.",
                remedy="Choose a table with more items, or with more periods of each.",
            ) from error
        return Trained(
            parameters=Weights(groups=_groups(learned)),
            metrics=[_metric(learned)],
            gain=_gain(learned),
            notes=_notes(learned, len(panel.series), len(tried)),
        )

    def present(self, parameters: Weights) -> list[Widget]:
        rows: list[dict[str, Cell]] = [
            {"group": GROUPS[name], "model": model, "weight": weight, "share": group.share, "series": group.series}
            for name, group in parameters.groups.items()
            for model, weight in sorted(group.weights.items(), key=lambda pair: -pair[1])
        ]
        columns = [
            Column(key="group", title="Items"),
            Column(key="model", title="Model"),
            Column(key="weight", title="Weight", numeric=True, digits=2),
            Column(
                key="share", title="Drawn by", numeric=True, digits=1, hint="How far an item's own weights move to it"
            ),
            Column(key="series", title="Items learned from", numeric=True, digits=0),
        ]
        return [TableWidget(key="weights", title="Weights that were learned", columns=columns, rows=rows)]


def _groups(learned: Learned) -> dict[str, GroupWeights]:
    return {
        name: GroupWeights(weights=dict(pool.weights), share=pool.share, series=learned.counts[name])
        for name, pool in learned.groups.items()
    }


def _metric(learned: Learned) -> Metric:
    return Metric(
        name=ERROR,
        value=float(learned.pooled.mean()),
        without=float(learned.own.mean()),
        current=None if learned.now is None else float(learned.now.mean()),
        note="Over that of the plain mean of the models, on items that it was not learned from, after all it knew.",
    )


def _gain(learned: Learned) -> Gain:
    mean, low, high = (100 * part / float(learned.own.mean()) for part in learned.gain)
    return Gain(mean=mean, low=low, high=high, cases=len(learned.own), unit=" %")


def _notes(learned: Learned, items: int, tried: int) -> list[str]:
    notes = [
        f"{GROUPS[name]}: only {count} items, fewer than are needed; these keep their own weights."
        for name, count in learned.counts.items()
        if name not in learned.groups
    ]
    if tried < items:
        notes.append(f"{items - tried:,} of {items:,} items are too short, or never change, and had no part in it.")
    return notes

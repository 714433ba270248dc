"""A model that is trained: the middle of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, FiniteFloat

from apps.ai.training.contract import Gain, Metric, Trainable, Trained, TrainingContext
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import StrictModel
from apps.common.widgets import TextWidget, Widget

if TYPE_CHECKING:
    import polars

TENDENCY: Final = "dummy.tendency"


class TendencyOptions(StrictModel):
    middle: Literal["mean", "median"] = "mean"


class Tendency(BaseModel):
    value: FiniteFloat


class MiddleOfAColumn(Trainable[TendencyOptions, Tendency]):
    key = TENDENCY
    title = "Middle of a column"
    version = "1.0"
    agent_key = "dummy.estimator"
    summary = "What is usual in the column `value`."
    icon = "ruler"
    data = "A table with the column `value`."
    intended_use = "Says what to expect before anything is known."
    limits = ["It knows one column."]
    source = "Galton (1907), Vox populi."

    def train(
        self, frame: polars.DataFrame, options: TendencyOptions, current: Tendency | None, ctx: TrainingContext
    ) -> Trained:
        if "value" not in frame.columns:
            issues = [Issue(path="dataset", message="There is no column `value`.")]
            raise InvalidInput("Nothing can be learned from this table; nothing was trained.", issues=issues)
        values = [float(each) for each in frame["value"]]
        known, unseen = values[::2], values[1::2]
        ctx.progress(1, 2, "Looking for the middle")
        found = sum(known) / len(known) if options.middle == "mean" else sorted(known)[len(known) // 2]
        error, without = _error(unseen, found), _error(unseen, 0.0)
        gain = without - error
        return Trained(
            parameters=Tendency(value=found),
            metrics=[
                Metric(
                    name="Mean absolute error",
                    value=error,
                    without=without,
                    current=None if current is None else _error(unseen, current.value),
                )
            ],
            gain=Gain(mean=gain, low=gain - 1, high=gain + 1, cases=len(unseen)),
            notes=["Every second row had no part in it."],
        )

    def present(self, parameters: Tendency) -> list[Widget]:
        return [TextWidget(title="Learned", text=f"The middle is {parameters.value:g}.")]


def _error(values: list[float], guess: float) -> float:
    return sum(abs(value - guess) for value in values) / len(values)

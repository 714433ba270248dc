"""A batch as one flat table: the columns of its file, and beside them what came of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.agents.batches import selectors
from apps.agents.finding import agent_shown
from apps.agents.models import AgentBatch
from apps.common.errors import Problem
from apps.common.permissions import Principal
from apps.common.widgets import Cell, Sheet
from apps.datasets import selectors as datasets
from apps.datasets.permissions import DATASETS_VIEW
from apps.datasets.reading.shapes import ROW

if TYPE_CHECKING:
    import polars

OUTCOME = ["run", "status", "verdict", "score", "result", "problem"]


def batch_sheet(*, who: Principal, batch: AgentBatch) -> Sheet:
    """Every row of a batch, also those that could not be used. Of groups there is a line for each.

    The file's own columns are left out where it is gone, or where `who` may not see datasets.
    """
    outcomes = _outcomes(who, batch)
    plan, labels = selectors.plan_of(batch), selectors.labels_of(batch)
    if plan.by == "groups":
        rows = [[labels.get(row, ""), row, *told] for row, told in sorted(outcomes.items())]
        return Sheet(name="batch", columns=[plan.group, "first row", *OUTCOME], rows=rows)
    frame = _frame(who, batch)
    if frame is None:
        return Sheet(name="batch", columns=["row", *OUTCOME], rows=[[n, *told] for n, told in sorted(outcomes.items())])
    names = [name for name in frame.columns if name != ROW]
    waiting: list[Cell] = ["", "not started", "", None, "", ""]
    made = zip(frame[ROW].to_list(), frame.select(names).rows(), strict=True)
    taken = set(names)
    columns = [name if name not in taken else f"{name} (run)" for name in OUTCOME]
    return Sheet(
        name="batch",
        columns=[*names, *columns],
        rows=[[*map(_cell, cells), *outcomes.get(row, waiting)] for row, cells in made],
    )


def _outcomes(who: Principal, batch: AgentBatch) -> dict[int, list[Cell]]:
    """What came of each row that was taken up, by its number."""
    agent = agent_shown(batch.agent_key)
    verdicts = {code: verdict.title for code, verdict in agent.verdicts.items()} if agent else {}
    found: dict[int, list[Cell]] = {
        each.row: ["", "cannot be used", "", None, "", "; ".join(issue.message for issue in each.issues)]
        for each in selectors.refused_of(batch)
    }
    for run in selectors.rows_query(who=who, batch=batch):
        problem: dict[str, Any] = run.problem or {}
        verdict = verdicts.get(run.verdict, run.verdict)
        score: Cell = run.score  # type: ignore[attr-defined]  # annotated by the query
        told = problem.get("detail", "")
        found[run.batch_row or 0] = [run.ref, run.status, verdict, score, run.headline, told]
    return found


def _frame(who: Principal, batch: AgentBatch) -> polars.DataFrame | None:
    if not who.can(DATASETS_VIEW):
        return None
    try:
        return datasets.dataset_frame(datasets.dataset_get(who=who, id=selectors.plan_of(batch).dataset))
    except Problem:
        return None


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)

"""Reads of uploaded tables as tools: what there is, what is in it, its rows, and figures of it."""

from __future__ import annotations

import json
from typing import Any, Final

from django.urls import reverse

from apps.accounts.models import User
from apps.ai.tables.answered import LARGEST, aggregated, selected
from apps.ai.tables.asked import Aggregate, DatasetArguments, ListArguments, RowsArguments
from apps.ai.tooling import arguments_of, schema_of
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.errors import InvalidInput
from apps.common.permissions import Principal
from apps.datasets import selectors
from apps.datasets.models import Dataset
from apps.datasets.permissions import DATASETS_VIEW

MOST_CELLS: Final = 5_000_000
"""Of a table that a tool reads: a larger one is for agents, which are workers' business."""
_ROWS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "array"}, "description": "Values in the order of `columns`."},
        "found": {"type": "integer", "description": "Rows that there are in all, however many are told."},
        "is_cut": {"type": "boolean", "description": "Whether there are more than were told."},
    },
    "required": ["columns", "rows", "found", "is_cut"],
}


class DatasetTools(ToolSource):
    key, title = "dataset", "Data"

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not who.can(DATASETS_VIEW):
            return []
        scopes = (DATASETS_VIEW,)
        return [
            Tool(
                key="dataset:aggregate",
                title="Figures of a dataset",
                description="Counts, sums, means, minima and maxima over the rows of a dataset, by group where "
                "`group_by` names columns. Ask `dataset_describe` for its columns first.",
                parameters=schema_of(Aggregate),
                use=_aggregate,
                answer_schema=_ROWS,
                scopes=scopes,
            ),
            Tool(
                key="dataset:describe",
                title="Columns of a dataset",
                description="The columns of a dataset with their types and examples, how many rows it has, and the "
                "first of them.",
                parameters=schema_of(DatasetArguments),
                use=_describe,
                scopes=scopes,
            ),
            Tool(
                key="dataset:list",
                title="List of datasets",
                description="The datasets that there are, newest first, with their ids.",
                parameters=schema_of(ListArguments),
                use=_list,
                scopes=scopes,
            ),
            Tool(
                key="dataset:rows",
                title="Rows of a dataset",
                description="Rows of a dataset, filtered and sorted. Ask `dataset_describe` for its columns first.",
                parameters=schema_of(RowsArguments),
                use=_rows,
                answer_schema=_ROWS,
                scopes=scopes,
            ),
        ]


def _list(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(ListArguments, arguments)
    query = selectors.datasets_query(who=ctx.who, search=wanted.search)
    found = list(query[: wanted.limit + 1])
    told = [
        {
            "id": str(each.pk),
            "name": each.name,
            "rows": each.rows,
            "columns": each.width,
            "created_at": each.created_at.isoformat(),
        }
        for each in found[: wanted.limit]
    ]
    data = {"datasets": told, "is_cut": len(found) > wanted.limit}
    links = {each.name: _link(each) for each in found[: wanted.limit]}
    return ToolAnswer(data, note=f"{len(told)} datasets", is_outside=True, links=links)


def _describe(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(DatasetArguments, arguments)
    dataset = selectors.dataset_get(who=ctx.who, id=wanted.dataset)
    data = {
        "id": str(dataset.pk),
        "name": dataset.name,
        "rows": dataset.rows,
        "columns": dataset.columns,
        "first_rows": dataset.preview[:5],
    }
    while len(json.dumps(data)) > LARGEST and data["columns"]:  # a table may have thousands of columns
        data["columns"] = data["columns"][: len(data["columns"]) // 2]
        data["first_rows"] = [row[: len(data["columns"])] for row in data["first_rows"]]
    return _answered(dataset, data, f"{dataset.name}: {dataset.rows:,} rows, {dataset.width} columns")


def _rows(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(RowsArguments, arguments)
    dataset = _small_enough(selectors.dataset_get(who=ctx.who, id=wanted.dataset))
    data = selected(selectors.dataset_frame(dataset), dataset.columns, wanted)
    return _answered(dataset, data, f"{len(data['rows'])} of {data['found']:,} rows of {dataset.name}")


def _aggregate(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(Aggregate, arguments)
    dataset = _small_enough(selectors.dataset_get(who=ctx.who, id=wanted.dataset))
    data = aggregated(selectors.dataset_frame(dataset), dataset.columns, wanted)
    return _answered(dataset, data, f"{len(data['rows'])} figures of {dataset.name}")


def _small_enough(dataset: Dataset) -> Dataset:
    if dataset.rows * dataset.width > MOST_CELLS:
        raise InvalidInput(
            f"{dataset.name} has {dataset.rows * dataset.width:,} cells, and a tool reads {MOST_CELLS:,} at most.",
            remedy="Have an agent work on it, or upload the part of it that is needed.",
        )
    return dataset


def _answered(dataset: Dataset, data: Any, note: str) -> ToolAnswer:
    return ToolAnswer(data, note=note, is_outside=True, links={dataset.name: _link(dataset)})


def _link(dataset: Dataset) -> str:
    return reverse("datasets:dataset", args=[dataset.pk])

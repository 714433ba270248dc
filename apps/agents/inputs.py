"""What a run is given: parsed, with the tables that it names, and looked at by the agent before it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone
from pydantic import BaseModel, ValidationError

from apps.agents.contract import Agent, RunContext
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.permissions import Principal
from apps.common.schemas import Inspection, Table
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset

T = TypeVar("T")
Find = Callable[[UUID], Dataset]
"""A dataset by its id, for one who may see it. Raises `NotFound`, `PermissionDenied`."""


def loader(find: Find, *, shared: bool = False) -> Callable[[Table], Any]:
    """Reads the tables of an input, or of many that may have one in common: then the last dataset is kept at hand."""
    last: tuple[UUID | None, Any] = (None, None)

    def load(table: Table) -> Any:
        nonlocal last
        if table.dataset is None:
            return datasets.rows_frame(table.rows or [])
        if table.dataset == last[0]:
            return last[1]
        frame = datasets.dataset_frame(find(table.dataset))
        if shared:
            last = table.dataset, frame
        return frame

    return load


def finder(who: Principal | None) -> Find:
    """Finds datasets as far as `who` may see them, or all of them for a run that was accepted."""
    return lambda id: datasets.dataset_by_id(id) if who is None else datasets.dataset_get(who=who, id=id)


def remembering(find: Find, found: dict[UUID, Dataset]) -> Find:
    """Finds as `find` does, and keeps in `found` what was there."""

    def look(id: UUID) -> Dataset:
        found[id] = find(id)
        return found[id]

    return look


def input_parse(*, agent: Agent[Any, Any, Any], data: dict[str, Any]) -> BaseModel:
    """Validate raw input against the agent's model. Raises `InvalidInput` with an issue per field."""
    try:
        return agent.input_type.model_validate(data)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def input_inspect(*, agent: Agent[Any, Any, Any], data: BaseModel, who: Principal | None) -> Inspection:
    """What the agent makes of an input. `who` asks; None: the platform itself, which may read every dataset.

    Raises `InvalidInput` when a run could not succeed, `NotFound` for a dataset that is not there, `PermissionDenied`
    for a caller who may not see datasets.
    """
    return agent.inspect(data, RunContext(now=timezone.now(), load=loader(finder(who))))


def table_of(agent: Agent[Any, Any, Any], parsed: BaseModel) -> Table | None:
    table: Table | None = getattr(parsed, agent.table_field) if agent.table_field else None
    return table


def source_name(agent: Agent[Any, Any, Any], parsed: BaseModel, find: Find) -> str:
    """What people call the table of an input; empty for an input without one."""
    table = table_of(agent, parsed)
    if table is None:
        return ""
    return find(table.dataset).name if table.dataset else f"{len(table.rows or [])} rows given inline"


def noting(issues: list[Issue], number: int, make: Callable[[], T]) -> T | None:
    """What `make` returns; None where the input of this number is at fault, which is added to the issues."""
    place = f"inputs.{number}"
    try:
        return make()
    except InvalidInput as problem:
        told = problem.issues or [Issue(message=problem.detail)]
        issues += [each.model_copy(update={"path": f"{place}.{each.path}".rstrip(".")}) for each in told]
    except NotFound as problem:
        issues.append(Issue(path=place, message=problem.detail))
    return None


def no_place_for_file(agent: Agent[Any, Any, Any]) -> InvalidInput:
    if not agent.table_field:
        told, remedy = f"{agent.title} takes no table, so no file.", "Send the input as JSON."
    else:
        told = f"`{agent.table_field}` may name columns only, as the file is the table."
        remedy = f"Leave `dataset` and `rows` out of `{agent.table_field}`, or send no file."
    issue = Issue(path=agent.table_field or "file", message=told)
    return InvalidInput("The file cannot be used with this input; nothing was stored.", remedy=remedy, issues=[issue])

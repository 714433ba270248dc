"""An agent's input from plain words: a model puts them into the agent's own schema, and a person confirms it.

It starts nothing. Of the tenant's data the model is told the names of some datasets, never a row.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from apps.accounts.models import User
from apps.agents.contract import Agent
from apps.agents.permissions import AGENTS_RUN
from apps.agents.talk.asking import ModelRefused, NoModel, purpose_of
from apps.agents.talk.prompts import FILL
from apps.ai import calling
from apps.ai.contract import Request
from apps.ai.permissions import MODELS_USE
from apps.ai.prompts import current
from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import Principal, demand
from apps.console.schemaforms.shapes import shape_of
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset

LONGEST: Final = 4_000
"""Characters of a request in words."""
MOST_DATASETS: Final = 20
SECONDS: Final = 40.0
"""A person waits for it."""
_MOST_UNTOLD: Final = 10


@dataclass
class Filled:
    """What a model made of a person's words."""

    data: dict[str, Any] = field(default_factory=dict)
    """For the agent's input. Each part was accepted by its model; what is required may be missing."""
    untold: list[str] = field(default_factory=list)
    """What the model could not tell, in its words."""
    issues: list[Issue] = field(default_factory=list)
    """What it gave and the agent does not take, which is left out; and what is missing."""
    model: str = ""


def datasets_offered(*, who: Principal, agent: Agent[Any, Any, Any]) -> dict[str, Dataset]:
    """The datasets that a person's words may name, the newest first, by the names under which the model is told of
    them; none for an agent without a table, or for those who may not see datasets."""
    found: dict[str, Dataset] = {}
    for dataset in datasets.datasets_recent(who=who)[:MOST_DATASETS] if agent.table_field else []:
        name, number = dataset.name, 2
        while name in found:
            name, number = f"{dataset.name} ({number})", number + 1
        found[name] = dataset
    return found


def fill(*, who: Principal, user: User, agent: Agent[Any, Any, Any], text: str) -> Filled:
    """What a model makes of `text` for the input of an agent. It takes `SECONDS` at most, and stores nothing.

    Raises `NoModel`, what asking a model raises, and `InvalidInput` for a text that is empty or too long.
    """
    demand(who, AGENTS_RUN)
    demand(who, MODELS_USE)
    text = text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST:
        issue = Issue(path="text", message=f"Write 1 to {LONGEST:,} characters.")
        raise InvalidInput("Nothing was filled in; nothing was asked.", issues=[issue])
    wording = current(FILL.key)
    purpose = purpose_of("fill", agent.key, user_id=user.pk, prompt=wording.pin)
    model = calling.model_for(purpose, seconds=SECONDS)
    if model is None:
        raise NoModel
    offered = datasets_offered(who=who, agent=agent)
    told = wording.render(agent=f"{agent.title}: {agent.summary}", request=text)
    request = Request(messages=tuple(told), answer_schema=answer_schema(agent, list(offered)))
    reply = model.ask(request)
    if reply.refusal or not isinstance(reply.data, dict):
        raise ModelRefused(reply.refusal)
    filled = Filled(untold=_words(reply.data.get("could_not_tell")), model=model.name)
    _take(filled, agent, _named(agent, dict(reply.data.get("input") or {}), offered))
    return filled


def answer_schema(agent: Agent[Any, Any, Any], offered: Sequence[str]) -> dict[str, Any]:
    """What the model answers with: the input as far as the words tell it, and what they do not tell.

    Nothing in it is required, so that a model need not make anything up; its table is one of those `offered`.
    """
    schema = copy.deepcopy(agent.input_type.model_json_schema())
    parts, definitions = schema.get("properties", {}), schema.pop("$defs", {})
    if agent.table_field:
        parts.pop(agent.table_field, None)
        if offered:
            parts[agent.table_field] = {
                "enum": [*offered, None],
                "description": "The dataset that the request means, by its name. Leave it out when that is not clear.",
            }
    given = {"type": "object", "properties": parts, "additionalProperties": False}
    untold = {"type": "array", "items": {"type": "string"}, "description": "What the request leaves open."}
    return {
        "type": "object",
        "properties": {"input": given, "could_not_tell": untold},
        "required": ["input", "could_not_tell"],
        "additionalProperties": False,
    } | ({"$defs": definitions} if definitions else {})


def _words(told: Any) -> list[str]:
    return [str(each)[:200] for each in told[:_MOST_UNTOLD]] if isinstance(told, list) else []


def _named(agent: Agent[Any, Any, Any], data: dict[str, Any], offered: dict[str, Dataset]) -> dict[str, Any]:
    """The data with the dataset that is named in place of its name, and without what is said to be nothing."""
    data = {name: value for name, value in data.items() if value is not None and value != ""}
    if agent.table_field and (name := data.pop(agent.table_field, None)) in offered:
        data[agent.table_field] = {"dataset": str(offered[name].pk)}
    return data


def _take(filled: Filled, agent: Agent[Any, Any, Any], data: dict[str, Any]) -> None:
    """Keep what the agent's model accepts; note what it does not, and what is missing."""
    labels = {part.name: part.label for part in shape_of(agent.input_type).parts}
    while True:
        try:
            agent.input_type.model_validate(data)
            break
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [each for each in found if each["loc"] and str(each["loc"][0]) in data]
        for each in wrong:
            path = ".".join(str(part) for part in each["loc"])
            label = labels.get(str(each["loc"][0]), path)
            filled.issues.append(Issue(path=path, message=f"{label}: {each['msg']}. It was left out."))
        for each in wrong:
            data.pop(str(each["loc"][0]), None)
        if not wrong:
            missing = [str(each["loc"][0]) for each in found if each["loc"]]
            filled.issues += [Issue(path=name, message=f"{labels.get(name, name)} is needed.") for name in missing]
            break
    filled.data = data


class Shown:
    """What was filled in, as the page of the agent tells it: by the labels of its fields."""

    def __init__(self, agent: Agent[Any, Any, Any], filled: Filled) -> None:
        labels = {part.name: part.label for part in shape_of(agent.input_type).parts}
        self.filled = filled
        self.names: dict[str, str] = {name: labels.get(name, name) for name in filled.data}
        """Labels of the fields that the model has filled in, by their names."""

"""The forms of what a workflow is as a whole: its settings, what it takes, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.http import QueryDict

from apps.common.errors import Issue
from apps.common.permissions import Principal
from apps.workflows.definition import Definition
from apps.workflows.editing.operations import SETTINGS, Raw
from apps.workflows.stepforms.forms import fields_form, fields_read, titles_of
from apps.workflows.stepforms.issues import issues_placed
from apps.workflows.stepforms.making import Maker
from apps.workflows.stepforms.nodes import Node
from apps.workflows.stepforms.posts import ABSENT, Posted
from apps.workflows.stepforms.reading import Reader
from apps.workflows.stepforms.scope import scope_of
from apps.workflows.stepforms.shapes import shape_of

SETTING: Final = "w"
"""What the names of the fields of settings begin with; those of inputs and of outputs begin with the two below."""
INPUTS: Final = "i"
OUTPUTS: Final = "o"


def settings_form(raw: Raw, *, who: Principal, is_new: bool, issues: Iterable[Issue] = ()) -> list[Node]:
    """A node for each setting; the name can be chosen until the workflow is there, and never changes after that."""
    maker = Maker(scope_of(raw, None, who=who, samples={}), who, titles_of(raw))
    shapes = shape_of(Definition).by_name
    keys = settings_of(is_new=is_new)
    made = [maker.node(shapes[key], raw.get(key, ABSENT), f"{SETTING}.{key}", key, raw) for key in keys]
    for issue in issues:
        for node in made:
            if issue.path == node.place:
                node.error = f"{node.error} {issue.message}".strip()
            else:
                issues_placed([issue], list(node.every()), node.place)
    return made


def settings_of(*, is_new: bool) -> list[str]:
    return ["title", *(["name"] if is_new else []), *SETTINGS[1:]]


def settings_read(data: QueryDict, raw: Raw, *, who: Principal, is_new: bool) -> dict[str, Any]:
    """The settings as they were posted, as the definition writes them. It never raises."""
    shapes = shape_of(Definition).by_name
    reader = Reader(Posted.of(data), scope_of(raw, None, who=who, samples={}))
    keys = settings_of(is_new=is_new)
    found = {key: reader.read(shapes[key], f"{SETTING}.{key}", raw.get(key, ABSENT), raw) for key in keys}
    return {key: None if value is ABSENT else value for key, value in found.items()}


def inputs_form(raw: Raw, *, who: Principal, issues: Iterable[Issue] = ()) -> Node:
    return fields_form(raw["inputs"], who=who, path=INPUTS, issues=issues)


def inputs_read(data: QueryDict, raw: Raw, *, who: Principal) -> dict[str, Any]:
    """What the workflow takes, as it was posted; what is no mapping stays as it was."""
    found = fields_read(data, raw["inputs"], who=who, path=INPUTS)
    return found if isinstance(found, dict) else raw["inputs"]


def outputs_form(raw: Raw, *, who: Principal, issues: Iterable[Issue] = ()) -> Node:
    """What the workflow gives: values by name, picked from what its steps give."""
    maker = Maker(scope_of(raw, None, who=who), who, titles_of(raw))
    made = maker.node(shape_of(Definition).by_name["outputs"], raw["outputs"], OUTPUTS, "outputs", raw)
    issues_placed(issues, list(made.every()), "outputs")
    return made


def outputs_read(data: QueryDict, raw: Raw, *, who: Principal) -> dict[str, Any]:
    """What the workflow gives, as it was posted; what is no mapping stays as it was."""
    reader = Reader(Posted.of(data), scope_of(raw, None, who=who, samples={}))
    found = reader.read(shape_of(Definition).by_name["outputs"], OUTPUTS, raw["outputs"], raw)
    return found if isinstance(found, dict) else {} if found is ABSENT else raw["outputs"]

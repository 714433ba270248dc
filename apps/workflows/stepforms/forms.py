"""The form of one step, and of a mapping of inputs: made for a page, and read from what a page posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.http import QueryDict

from apps.common.errors import Issue
from apps.common.permissions import Principal
from apps.workflows.checking import Catalogue
from apps.workflows.definition import InputField, Step
from apps.workflows.shapes import label_of
from apps.workflows.stepforms.issues import issues_placed
from apps.workflows.stepforms.loose import kind_of
from apps.workflows.stepforms.making import Maker
from apps.workflows.stepforms.modes import data_text
from apps.workflows.stepforms.nodes import Leaf, Node, Rows, parted
from apps.workflows.stepforms.posts import ABSENT, Posted
from apps.workflows.stepforms.reading import Reader
from apps.workflows.stepforms.scope import Scope, scope_of
from apps.workflows.stepforms.shapes import Shape, shape_of

ROOT: Final = "s"
"""What the names of the fields of a step begin with."""
FIELDS: Final = "i"
"""What those of a mapping of inputs begin with, unless told otherwise."""


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    icon: str
    nodes: list[Node]

    @property
    def shown(self) -> list[Node]:
        return parted(self.nodes)[0]

    @property
    def apart(self) -> list[Node]:
        """What is seldom needed."""
        return parted(self.nodes)[1]


@dataclass
class StepForm:
    """What `workflows/editor/step_form.html` shows."""

    name: str
    kind: type[Step] | None
    """None: there is no such kind, and the step is shown as YAML."""
    sections: list[Section]
    scope: Scope
    counts: str = ""
    """Where is told how often a condition held in past runs; empty: nowhere."""
    problems: list[tuple[Node, str]] = field(default_factory=list)
    """What is wrong, with the node at which it is."""
    others: list[Issue] = field(default_factory=list)
    """What is wrong with the step, and belongs to no field."""

    @property
    def label(self) -> str:
        return self.kind.label if self.kind is not None else "Step"

    @property
    def icon(self) -> str:
        return self.kind.icon if self.kind is not None else "help-circle"

    @property
    def says(self) -> str:
        """What the kind does, in a sentence."""
        return (self.kind.__doc__ or "").strip().partition("\n")[0] if self.kind is not None else ""

    @property
    def trouble(self) -> str:
        count = len(self.problems) + len(self.others)
        return "One thing is wrong with this step" if count == 1 else f"{count} things are wrong with this step"

    @cached_property
    def nodes(self) -> list[Node]:
        return [each for section in self.sections for node in section.nodes for each in node.every()]


_SECTIONS: Final = [
    ("after", "Runs after", "arrow-down", ["after"]),
    ("when", "When it runs", "filter", ["when"]),
    ("for_each", "For each", "repeat", ["for_each"]),
]
"""Sections for fields that every step has. What is left of those is told under "If it goes wrong"."""


def step_form(
    definition: Mapping[str, Any],
    name: str,
    *,
    who: Principal,
    issues: Iterable[Issue] = (),
    counts: str = "",
    catalogue: Catalogue | None = None,
) -> StepForm:
    """The form of one step of a definition as it is written, which need not be whole.

    `issues` are those of the checks of the whole definition: those of the step are shown at their fields. `counts` is
    the address at which is told how often a condition of it held. `catalogue` is what may be called, where it was
    looked up already.
    """
    scope = scope_of(definition, name, who=who, catalogue=catalogue)
    raw = _step(definition, name)
    maker = Maker(scope, who, titles_of(definition))
    kind = kind_of(raw)
    place = f"steps.{name}"
    if kind is None or not isinstance(raw, Mapping):
        whole = Leaf(ROOT, place, "The step", "It is of no kind that there is here.", control="yaml", suffix=".yaml")
        whole.value = data_text(raw)
        made = StepForm(name, None, [Section("what", "What it does", "help-circle", [whole])], scope)
    else:
        made = StepForm(name, kind, _sections(maker, kind, raw, place), scope)
    made.counts = counts
    made.problems, made.others = issues_placed(issues, made.nodes, place)
    return made


def _sections(maker: Maker, kind: type[Step], raw: Mapping[str, Any], place: str) -> list[Section]:
    parts = {part.name: part for part in shape_of(kind).parts if part.name != "kind"}
    general = [name for name in shape_of(Step).by_name if name in parts]
    own = [name for name in parts if name not in general]

    def nodes(names: list[str]) -> list[Node]:
        found = [parts[name] for name in names if name in parts]
        return [
            maker.node(part, raw.get(part.name, ABSENT), f"{ROOT}.{part.name}", f"{place}.{part.name}", raw)
            for part in found
            if part.matters(raw, shape_of(kind))
        ]

    def titled(title: str, found: list[Node]) -> list[Node]:
        for node in found:
            node.label = title
        return found

    told = {name for _, _, _, names in _SECTIONS for name in names} | {"title", "description"}
    rest = [name for name in general if name not in told]
    made = [Section("what", "What it does", kind.icon, nodes(["title", *own, "description"]))]
    made += [Section(key, title, icon, titled(title, nodes(names))) for key, title, icon, names in _SECTIONS]
    made.append(Section("wrong", "If it goes wrong", "alert-triangle", nodes(rest)))
    return [section for section in made if section.nodes]


def step_read(
    data: QueryDict, definition: Mapping[str, Any], name: str, *, who: Principal, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """The step as it was posted, as the definition writes it, with what the pressed button asks for carried out.

    It never raises for what is not finished: what was typed is kept, for the checks to tell of. What was not posted
    stays as it is in the definition.
    """
    raw = _step(definition, name)
    posted = Posted.of(data)
    kind = kind_of(raw)
    scope = scope_of(definition, name, who=who, catalogue=catalogue, samples={})
    reader = Reader(posted, scope)
    if kind is None or not isinstance(raw, Mapping):
        found = reader.read(Shape("", "plain"), ROOT, raw, {})
        return dict(found) if isinstance(found, Mapping) else dict(raw) if isinstance(raw, Mapping) else {}
    made = reader.group(shape_of(kind), ROOT, raw)
    return {"kind": raw["kind"], **{key: value for key, value in made.items() if key != "kind"}}


def fields_form(
    given: Any, *, who: Principal, path: str = FIELDS, place: str = "inputs", issues: Iterable[Issue] = ()
) -> Node:
    """The form of a mapping of `InputField`s: the inputs of a workflow. Show it by `workflows/editor/_node.html`."""
    shape = _fields_shape(place)
    maker = Maker(scope_of({}, None, who=who, samples={}), who, {})
    made = maker.node(shape, given if given is not None else ABSENT, path, place)
    if isinstance(made, Rows):
        made.is_cards = True
    issues_placed(issues, list(made.every()), place)
    return made


def fields_read(data: QueryDict, before: Any, *, who: Principal, path: str = FIELDS) -> Any:
    """The mapping as it was posted, with what the pressed button asks for carried out. It never raises."""
    reader = Reader(Posted.of(data), scope_of({}, None, who=who, samples={}))
    found = reader.read(_fields_shape(""), path, ABSENT if before is None else before, {})
    return {} if found is ABSENT else found


def _fields_shape(place: str) -> Shape:
    label = label_of(place.rpartition(".")[2]) if place else "Inputs"
    return Shape("inputs", "fields", label, required=False, default={}, item=shape_of(InputField))


def titles_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """What the steps of a definition are called, by name, in order."""
    steps = definition.get("steps")
    found = steps if isinstance(steps, Mapping) else {}
    return {
        str(name): str(each.get("title") or "") or label_of(str(name)) if isinstance(each, Mapping) else str(name)
        for name, each in found.items()
    }


def _step(definition: Mapping[str, Any], name: str) -> Any:
    steps = definition.get("steps")
    return steps.get(name, {}) if isinstance(steps, Mapping) else {}

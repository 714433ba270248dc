"""Make the nodes of a form from shapes and what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.workflows.shapes import label_of
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.agreed import YAML, control_of, is_of, leaf_text, noun_of, shape_default
from apps.workflows.stepforms.conditions import ConditionMaker
from apps.workflows.stepforms.nodes import Choice, Group, Leaf, Many, Node, Row, Rows, Steps, ValueNode
from apps.workflows.stepforms.picks import chosen_from
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.stepforms.shapes import UNSET, Kind, Shape

_HELP_OF_DURATIONS: Final = "As 30s, 5m, 1h30m or 2d."


@dataclass(frozen=True)
class At:
    """Where a node stands."""

    path: str
    place: str
    beside: Mapping[str, Any]

    def told(self, shape: Shape) -> tuple[str, str, str, str, bool]:
        """What every node begins with."""
        return self.path, self.place, shape.label, shape.help, shape.required


class Maker(ConditionMaker):
    """All nodes of a form."""

    def node(self, shape: Shape, raw: Any, path: str, place: str, beside: Mapping[str, Any] | None = None) -> Node:
        """The node of one value; `raw` is `ABSENT` where it is not there, `beside` the mapping in which it stands."""
        at = At(path, place, beside or {})
        if not is_of(shape, raw):
            return self.yaml(shape, raw, at)
        makers: dict[Kind, Callable[[Shape, Any, At], Node]] = {
            "value": self._value,
            "condition": lambda shape, raw, at: self.condition(shape, raw, at.path, at.place),
            "step": self._step,
            "steps": self._steps,
            "group": lambda shape, raw, at: self.group(shape, raw, at.path, at.place),
            "rows": self._rows,
            "pairs": self._pairs,
            "fields": self._pairs,
            "many": self._many,
        }
        made = makers.get(shape.kind, self._leaf)(shape, raw, at)
        made.says_optional = not shape.required and shape.is_asked
        made.is_more = bool(shape.hints.get("more")) and raw is ABSENT
        return made

    def _value(self, shape: Shape, raw: Any, at: At) -> ValueNode:
        made = self.value(raw, shape.wants, at.path, at.place, label=shape.label, optional=not shape.required)
        made.help = shape.help
        return made

    def _many(self, shape: Shape, raw: Any, at: At) -> Many:
        return Many(*at.told(shape), choices=self._ticked(shape, raw))

    def group(self, shape: Shape, raw: Any, path: str, place: str) -> Group:
        beside = raw if isinstance(raw, Mapping) else {}
        parts = [
            self.node(part, beside.get(part.name, ABSENT), f"{path}.{part.name}", f"{place}.{part.name}", beside)
            for part in shape.parts
            if part.matters(beside, shape) and part.name != "kind"
        ]
        made = Group(path, place, shape.label, shape.help, shape.required, parts=parts)
        made.may_drop, made.is_there = shape.nullable, not shape.nullable or raw not in (ABSENT, None)
        made.offer = shape.offer or shape.label
        if not made.is_there:
            made.parts = []
        return made

    # ------------------------------------------------------------------------------------------------------- leaves

    def yaml(self, shape: Shape, raw: Any, at: At) -> Leaf:
        """What has not the form that its fields would need, as data."""
        made = Leaf(*at.told(shape), control="yaml", suffix=YAML, is_wide=True)
        made.value = modes.data_text(raw)
        return made

    def _leaf(self, shape: Shape, raw: Any, at: At) -> Leaf:
        made = Leaf(*at.told(shape), value=leaf_text(shape, raw))
        made.control = control_of(shape, raw, at.beside)
        made.is_wide = made.control in {"longtext", "yaml"}
        made.suffix = YAML if made.control == "yaml" else ""
        default = shape.default
        if shape.kind == "duration":
            made.help = f"{made.help} {_HELP_OF_DURATIONS}".strip()
        if made.control == "flag":
            made.value = made.value or ("true" if default is True else "false")
        elif made.control == "choice":
            made.choices = self._options(shape, raw, made)
        elif default not in (UNSET, None, "", [], {}) and not isinstance(default, Mapping | list):
            made.hint = f"{modes.number_text(default) if isinstance(default, int | float) else default}"
        return made

    def _options(self, shape: Shape, raw: Any, made: Leaf) -> list[Choice]:
        if shape.kind == "plain":
            told = {"true": "Yes", "false": "No"}
            return [
                Choice("", "Not given"),
                *(Choice(key, words, "", key == made.value) for key, words in told.items()),
            ]
        if raw is ABSENT and shape.default not in (UNSET, None):
            raw = shape.default
        if shape.picks:
            listed = chosen_from(shape.picks, self.who, raw)
            return listed if any(each.chosen for each in listed) else [Choice("", "Choose…", chosen=True), *listed]
        return self._listed(shape, raw)

    def _ticked(self, shape: Shape, raw: Any) -> list[Choice]:
        """What several are chosen of."""
        chosen = raw if isinstance(raw, list) else shape_default(shape)
        return chosen_from(shape.picks, self.who, chosen) if shape.picks else self._listed(shape, chosen)

    def _listed(self, shape: Shape, raw: Any) -> list[Choice]:
        """The choices that a type has."""
        chosen = raw if isinstance(raw, list) else [raw]
        labels = dict(shape.hints.get("labels", {}))
        made = [Choice(each, labels.get(each) or label_of(each), "", each in chosen) for each in shape.choices]
        others = [each for each in chosen if isinstance(each, str) and each not in shape.choices]
        made += [Choice(each, each, "not known here", chosen=True) for each in others]
        if shape.kind == "many" or any(each.chosen for each in made):
            return made
        return [Choice("", "Choose…" if shape.required else "None", chosen=True), *made]

    # -------------------------------------------------------------------------------------------------------- steps

    def _step(self, shape: Shape, raw: Any, at: At) -> Leaf:
        made = Leaf(*at.told(shape), control="choice", value=raw if isinstance(raw, str) else "")
        listed = [Choice(name, title, "", name == raw) for name, title in self._others([])]
        if isinstance(raw, str) and raw and raw not in dict(self._others([])):
            listed.append(Choice(raw, raw, "there is no such step", chosen=True))
        if not raw or not shape.required:
            listed.insert(0, Choice("", "Choose a step…" if shape.required else "None", chosen=not raw))
        made.choices = listed
        return made

    def _steps(self, shape: Shape, raw: Any, at: At) -> Steps:
        made = Steps(*at.told(shape))
        names = [str(name) for name in raw] if isinstance(raw, list) else []
        made.may_imply = shape.nullable
        made.is_implied = shape.nullable and raw in (ABSENT, None)
        if made.is_implied:
            names = self.implied()
        made.chosen = [Choice(name, self.titles.get(name, name)) for name in names]
        made.others = [Choice(name, title) for name, title in self._others(names)]
        return made

    def implied(self) -> list[str]:
        """The steps that come before where a step says nothing of it."""
        name = self.scope.name
        if name is None or name not in self.scope.definition.steps:
            return []
        step = self.scope.definition.steps[name]
        before = self.scope.definition.model_copy(
            update={"steps": {**self.scope.definition.steps, name: step.model_copy(update={"after": None})}}
        )
        return [each for each in before.before(name) if each in self.titles]

    def _others(self, names: list[str]) -> list[tuple[str, str]]:
        return [(name, title) for name, title in self.titles.items() if name != self.scope.name and name not in names]

    # --------------------------------------------------------------------------------------------------------- rows

    def _rows(self, shape: Shape, raw: Any, at: At) -> Rows:
        assert shape.item is not None  # noqa: S101  # a list has one
        path, place = at.path, at.place
        made = Rows(*at.told(shape), is_cards=shape.item.kind == "group", noun=noun_of(shape))
        if shape.picks:
            made.suggested = chosen_from(shape.picks, self.who, None)
        for number, each in enumerate(raw if isinstance(raw, list) else shape_default(shape)):
            node = self.node(shape.item, each, f"{path}.{number}", f"{place}.{number}")
            node.label = node.label or f"{made.noun.capitalize()} {number + 1}"
            if isinstance(node, ValueNode) and shape.picks:
                node.suggests = f"{made.id}-s"
            made.rows.append(Row(node, number))
        return made

    def _pairs(self, shape: Shape, raw: Any, at: At) -> Rows:
        path, place = at.path, at.place
        given = raw if isinstance(raw, Mapping) else {}
        if shape.takes:
            takes = self.scope.takes(shape.takes, at.beside.get(shape.takes))
            made = self.object_rows(given, takes or {}, path, place, 0, strict=takes is not None)
            made.label, made.help, made.required = shape.label, shape.help, shape.required
            return made
        made = Rows(*at.told(shape), is_keyed=True, is_cards=shape.kind == "fields", noun=noun_of(shape))
        item = shape.item
        assert item is not None  # noqa: S101  # a mapping has one
        for number, (key, each) in enumerate(given.items()):
            node = self.node(item, each, f"{path}.{number}.v", f"{place}.{key}")
            node.label = node.label or f"Of {key}"
            if isinstance(node, ValueNode):
                node.is_bare, node.label = True, f"Value of {key}"
            made.rows.append(Row(node, number, self.key_leaf(f"{path}.{number}.k", f"{place}.{key}", key)))
        return made

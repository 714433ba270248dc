"""Make the nodes of a form from shapes and what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from apps.common.permissions import Principal
from apps.workflows.conditions import DEEPEST as DEEPEST_CONDITION
from apps.workflows.conditions import Condition, condition_sentence
from apps.workflows.json_schemas import Schema, told
from apps.workflows.shapes import label_of
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.modes import Mode
from apps.workflows.stepforms.nodes import (
    Choice,
    ConditionNode,
    Group,
    GroupNode,
    Leaf,
    Many,
    Node,
    Row,
    Rows,
    Steps,
    TestNode,
    ValueNode,
    offers_grouped,
)
from apps.workflows.stepforms.operators import operators_for, takes_of, wanted_for
from apps.workflows.stepforms.picks import chosen_from
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.stepforms.scope import Scope, references_shown
from apps.workflows.stepforms.shapes import UNSET, Shape

CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
YAML = ".yaml"
"""The end of the name of what is entered as YAML because it has not the form that its fields would need."""
_HELP_OF_DURATIONS = "As 30s, 5m, 1h30m or 2d."


@dataclass
class Maker:
    """`modes` are the ways in which values were given when the form was sent, by path, where the value tells none."""

    scope: Scope
    who: Principal
    titles: Mapping[str, str]
    """Of the steps, by name, in order."""
    modes: Mapping[str, str] = field(default_factory=dict)

    def node(self, shape: Shape, raw: Any, path: str, place: str, beside: Mapping[str, Any] | None = None) -> Node:
        """The node of one value; `raw` is `ABSENT` where it is not there."""
        if not is_of(shape, raw):
            return self._yaml(shape, raw, path, place)
        base = (path, place, shape.label, shape.help, shape.required)
        if shape.kind == "value":
            made = self.value(raw, {}, path, place, label=shape.label, optional=not shape.required)
            made.help = shape.help
            return made
        if shape.kind == "condition":
            return self.condition(shape, raw, path, place)
        if shape.kind in {"steps", "step"}:
            return self._step(shape, raw, base) if shape.kind == "step" else self._steps(shape, raw, base)
        if shape.kind == "group":
            return self.group(shape, raw, path, place)
        if shape.kind == "rows":
            return self._rows(shape, raw, base)
        if shape.kind in {"pairs", "fields"}:
            return self._pairs(shape, raw, base, beside or {})
        if shape.kind == "many":
            return Many(*base, choices=self._ticked(shape, raw))
        return self._leaf(shape, raw, base, beside or {})

    def group(self, shape: Shape, raw: Any, path: str, place: str) -> Group:
        beside = raw if isinstance(raw, Mapping) else {}
        parts = [
            self.node(part, beside.get(part.name, ABSENT), f"{path}.{part.name}", f"{place}.{part.name}", beside)
            for part in shape.parts
            if part.matters(beside, shape) and part.name != "kind"
        ]
        made = Group(path, place, shape.label, shape.help, shape.required, parts=parts)
        made.may_drop, made.is_there = shape.nullable, not shape.nullable or raw not in (ABSENT, None)
        if not made.is_there:
            made.parts = []
        return made

    # ------------------------------------------------------------------------------------------------------- leaves

    def _yaml(self, shape: Shape, raw: Any, path: str, place: str) -> Leaf:
        made = Leaf(path, place, shape.label, shape.help, shape.required, control="yaml", suffix=YAML, is_wide=True)
        made.value = modes.data_text(raw)
        return made

    def _leaf(self, shape: Shape, raw: Any, base: tuple[Any, ...], beside: Mapping[str, Any]) -> Leaf:
        made = Leaf(*base, value=leaf_text(shape, raw))
        made.control = control_of(shape, raw, beside)
        made.is_wide = made.control in {"longtext", "yaml"}
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

    def _step(self, shape: Shape, raw: Any, base: tuple[Any, ...]) -> Leaf:
        made = Leaf(*base, control="choice", value=raw if isinstance(raw, str) else "")
        listed = [Choice(name, title, "", name == raw) for name, title in self._others([])]
        if isinstance(raw, str) and raw and raw not in dict(self._others([])):
            listed.append(Choice(raw, raw, "there is no such step", chosen=True))
        if not raw or not shape.required:
            listed.insert(0, Choice("", "Choose a step…" if shape.required else "None", chosen=not raw))
        made.choices = listed
        return made

    def _steps(self, shape: Shape, raw: Any, base: tuple[Any, ...]) -> Steps:
        made = Steps(*base)
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

    def _rows(self, shape: Shape, raw: Any, base: tuple[Any, ...]) -> Rows:
        assert shape.item is not None  # noqa: S101  # a list has one
        path, place = base[:2]
        made = Rows(*base, is_cards=shape.item.kind == "group", noun=noun_of(shape))
        for number, each in enumerate(raw if isinstance(raw, list) else shape_default(shape)):
            node = self.node(shape.item, each, f"{path}.{number}", f"{place}.{number}")
            node.label = node.label or f"{made.noun.capitalize()} {number + 1}"
            made.rows.append(Row(node, number))
        return made

    def _pairs(self, shape: Shape, raw: Any, base: tuple[Any, ...], beside: Mapping[str, Any]) -> Rows:
        path, place = base[:2]
        given = raw if isinstance(raw, Mapping) else {}
        if shape.takes:
            takes = self.scope.takes(shape.takes, beside.get(shape.takes))
            made = self.object_rows(given, takes or {}, path, place, 0, strict=takes is not None)
            made.label, made.help, made.required = base[2:]
            return made
        made = Rows(*base, is_keyed=True, is_cards=shape.kind == "fields", noun=noun_of(shape))
        item = shape.item
        assert item is not None  # noqa: S101  # a mapping has one
        for number, (key, each) in enumerate(given.items()):
            node = self.node(item, each, f"{path}.{number}.v", f"{place}.{key}")
            node.label = node.label or f"Of {key}"
            if isinstance(node, ValueNode):
                node.is_bare, node.label = True, f"Value of {key}"
            made.rows.append(Row(node, number, self._key(f"{path}.{number}.k", f"{place}.{key}", key)))
        return made

    def _key(self, path: str, place: str, key: Any) -> Leaf:
        return Leaf(path, f"{place}.[key]", "Name", value=str(key))

    # ------------------------------------------------------------------------------------------------------- values

    def value(
        self, raw: Any, wanted: Schema, path: str, place: str, *, label: str, optional: bool, depth: int = 0
    ) -> ValueNode:
        """A value where one of the schema `wanted` is asked for."""
        made = ValueNode(path, place, label, required=not optional)
        made.mode = self.mode(raw, wanted, path, optional=optional, depth=depth)
        made.modes = modes.modes_of(wanted, optional=optional, depth=depth)
        made.wanted = told(modes.plain_schema(wanted))
        self._body(made, raw, wanted, depth)
        return made

    def mode(self, raw: Any, wanted: Schema, path: str, *, optional: bool, depth: int) -> Mode:
        """How it is given: as the value tells, or as it was just chosen where that can say the same."""
        found = modes.mode_of(raw, wanted, depth=depth)
        if found == "unset" and not optional:
            found = modes.typed_mode(wanted)
            if found in {"list", "object"} and depth >= modes.DEEPEST:
                found = "data"
        chosen = self.modes.get(path)
        if chosen == "data" and raw is not ABSENT:
            return "data"
        if chosen == "text" and isinstance(raw, str) and found in {"choice", "date", "number"}:
            return "text"
        if chosen == "number" and raw == "":
            return "number"
        return found

    def _body(self, made: ValueNode, raw: Any, wanted: Schema, depth: int) -> None:
        """What is entered in the way in which the value is given."""
        if made.mode == "from":
            self._picked(made, raw, wanted)
        elif made.mode == "computed":
            made.text = str(raw[modes.CEL])
        elif made.mode == "data":
            made.text = modes.data_text(raw)
            if isinstance(raw, Mapping) and modes.UNREAD in raw and made.text.strip():
                made.error = "This cannot be read as YAML: nothing was lost, mend it here."
        elif made.mode == "choice":
            listed = modes.choices_of(wanted)
            made.choices = [Choice(choice_text(each), label_of(str(each)), "", same(each, raw)) for each in listed]
            if not any(each.chosen for each in made.choices):
                made.choices.insert(0, Choice("", "Choose…", chosen=True))
        elif made.mode == "flag":
            made.text = "" if raw is ABSENT else choice_text(raw)
        elif made.mode in {"list", "object"}:
            made.body = self._inner(made, raw, wanted, depth)
        elif made.mode in {"text", "number", "date"}:
            made.text = "" if raw is ABSENT else modes.number_text(raw)
            made.is_long = "\n" in made.text or len(made.text) > 80 or is_long(wanted)
            made.inserted = [
                Choice(str(reference), title, self._told(reference.path))
                for reference, title in references_shown(made.text, self.scope)
            ]

    def _told(self, path: tuple[str | int, ...]) -> str:
        offer = self.scope.by_path.get(path)
        return offer.about if offer is not None else ""

    def _picked(self, made: ValueNode, raw: str, wanted: Schema) -> None:
        reference = modes.reference_of(raw)
        text = str(reference) if reference is not None else ""
        fitting, others = self.scope.fitting(modes.plain_schema(wanted))
        made.text, made.fitting = text, offers_grouped(fitting, text)
        made.others = [
            Choice(offer.reference, f"{offer.group} › {offer.title}", offer.type, offer.reference == text)
            for offer in others
        ]
        if reference is None:
            return
        if reference.path not in self.scope.by_path:
            made.others.append(Choice(text, self.scope.title(reference), "as written", chosen=True))
        made.told = self._told(reference.path)
        fault = self.scope.fault(reference)
        made.error = fault[:1].upper() + fault[1:]

    def _inner(self, made: ValueNode, raw: Any, wanted: Schema, depth: int) -> Rows | Many:
        if made.mode == "object":
            given = raw if isinstance(raw, Mapping) else {}
            return self.object_rows(given, wanted, made.path, made.place, depth, strict=False)
        items = modes.items_of(wanted)
        listed = raw if isinstance(raw, list) else []
        if are_choices(listed, items):
            choices = [
                Choice(choice_text(each), label_of(str(each)), "", any(same(each, other) for other in listed))
                for each in modes.choices_of(items)
            ]
            return Many(made.path, made.place, made.label, choices=choices)
        rows = Rows(made.path, made.place, made.label, noun="item")
        for number, each in enumerate(listed):
            label, at = f"Item {number + 1}", f"{made.path}.{number}"
            node = self.value(each, items, at, f"{made.place}.{number}", label=label, optional=False, depth=depth + 1)
            node.is_bare = True
            rows.rows.append(Row(node, number))
        return rows

    def object_rows(
        self, given: Mapping[str, Any], wanted: Schema, path: str, place: str, depth: int, *, strict: bool
    ) -> Rows:
        """The fields of an object: those that its schema names, and the others that are there."""
        schemas, required = modes.fields_of(wanted)
        made = Rows(path, place, is_keyed=True, noun="field", may_add=not strict)
        for name, schema in schemas.items():
            plain = modes.plain_schema(schema)
            label = titled(name, plain)
            node = self.value(
                given.get(name, ABSENT), schema, f"{path}.f.{name}", f"{place}.{name}", label=label,
                optional=name not in required, depth=depth + 1,
            )  # fmt: skip
            node.help = str(schema.get("description") or plain.get("description") or "")
            made.fixed.append(node)
        others = [(key, each) for key, each in given.items() if key not in schemas]
        for number, (key, each) in enumerate(others):
            node = self.value(
                each, {}, f"{path}.{number}.v", f"{place}.{key}", label=f"Value of {key}", optional=False,
                depth=depth + 1,
            )  # fmt: skip
            node.is_bare = True
            made.rows.append(Row(node, number, self._key(f"{path}.{number}.k", f"{place}.{key}", key)))
        return made

    # --------------------------------------------------------------------------------------------------- conditions

    def condition(self, shape: Shape, raw: Any, path: str, place: str) -> ConditionNode:
        made = ConditionNode(path, place, shape.label, shape.help, shape.required)
        made.may_drop = shape.nullable
        if raw in (ABSENT, None):
            return made
        made.root = self._part(raw, path, place, 0)
        if isinstance(made.root, TestNode):
            made.root.is_root = True
        try:
            made.sentence = condition_sentence(CONDITION.validate_python(raw), named=self.scope.title)
        except ValidationError:
            made.unfinished = "Some of it is not filled in yet: each row needs a field and what it is compared with."
        return made

    def _part(self, raw: Any, path: str, place: str, depth: int) -> TestNode | GroupNode:
        word = next((each for each in ("all", "any", "none") if isinstance(raw, Mapping) and each in raw), None)
        if word is None:
            return self._test(raw if isinstance(raw, Mapping) else {}, path, place)
        inner = raw[word] if isinstance(raw[word], list) else []
        parts = [
            self._part(each, f"{path}.{number}", f"{place}.{word}.{number}", depth + 1)
            for number, each in enumerate(inner)
        ]
        return GroupNode(path, place, word=word, parts=parts, may_nest=depth + 1 < DEEPEST_CONDITION)

    def _test(self, raw: Mapping[str, Any], path: str, place: str) -> TestNode:
        text, op = str(raw.get("field", "")), str(raw.get("op", "="))
        reference = modes.reference_of(text)
        text = str(reference) if reference is not None else text
        left = self.scope.schema(text)
        made = TestNode(path, place, picked=text, op=op, operators=operators_for(left, op))
        made.fields = offers_grouped(self.scope.offers, text)
        if text and not any(each.chosen for _, offers in made.fields for each in offers):
            title = self.scope.title(reference) if reference is not None else text
            made.fields.append(("As written", [Choice(text, title, chosen=True)]))
        if reference is not None:
            made.told = self._told(reference.path)
            made.error = self.scope.fault(reference)
        wanted, value = wanted_for(op, left), raw.get("value", ABSENT)
        takes = takes_of(op)
        if takes == "pair":
            pair = [*value, ABSENT, ABSENT][:2] if isinstance(value, list) else [ABSENT, ABSENT]
            made.pair = [
                self._compared(each, wanted, f"{path}.value.{n}", f"{place}.value.{n}", words)
                for n, (each, words) in enumerate(zip(pair, ("From", "to"), strict=True))
            ]
        elif takes != "nothing":
            made.value = self._compared(value, wanted, f"{path}.value", f"{place}.value", "Value")
        return made

    def _compared(self, raw: Any, wanted: Schema, path: str, place: str, label: str) -> ValueNode:
        made = self.value(raw, wanted, path, place, label=label, optional=False, depth=1)
        made.is_bare = True
        return made


# ------------------------------------------------------------------------------------- what making and reading agree on


def is_of(shape: Shape, raw: Any) -> bool:
    """Whether what is there has the form that the fields of a shape need; else it is entered as YAML."""
    if raw is ABSENT or (raw is None and shape.nullable):
        return True
    if shape.kind in {"group", "pairs", "fields"}:
        keys = isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw)
        return keys and (shape.kind != "pairs" or not any(str(key).startswith("$") for key in raw))
    if shape.kind in {"steps", "many"}:
        return isinstance(raw, list) and all(isinstance(each, str) for each in raw) and len(set(raw)) == len(raw)
    if shape.kind == "rows":
        return isinstance(raw, list)
    if shape.kind == "condition":
        return isinstance(raw, Mapping) and is_condition(raw)
    if shape.kind in {"value", "plain"}:
        return True
    return raw is not None and not isinstance(raw, Mapping | list)


def is_condition(raw: Any) -> bool:
    """Whether it can be drawn: a test or a group of such, with nothing else in it."""
    if not isinstance(raw, Mapping):
        return False
    words = [each for each in ("all", "any", "none") if each in raw]
    if words:
        return len(raw) == 1 and isinstance(raw[words[0]], list) and all(map(is_condition, raw[words[0]]))
    return set(raw) <= {"field", "op", "value"} and all(isinstance(raw.get(key, ""), str) for key in ("field", "op"))


def control_of(shape: Shape, raw: Any, beside: Mapping[str, Any]) -> str:
    """What a leaf is entered with."""
    if shape.kind in {"text", "longtext"} and isinstance(raw, str) and "\n" in raw:
        return "longtext"
    if shape.kind == "plain":
        return _literal_control(raw, str(beside.get("type", "")))
    if shape.kind == "flag":
        return "flag" if isinstance(raw, bool) or raw is ABSENT else "text"
    return {"integer": "number", "duration": "text"}.get(shape.kind, shape.kind)


def _literal_control(raw: Any, kind: str) -> str:
    """How a literal of an input of this type is entered: by what is there, or by what it is to be."""
    if kind in {"number", "integer"} and (raw is ABSENT or isinstance(raw, str | int | float)):
        return "yaml" if isinstance(raw, bool) else "number"
    if kind == "boolean" and (raw is ABSENT or isinstance(raw, bool)):
        return "choice"
    if kind in {"text", "choice", "date", "datetime", "dataset"} and (raw is ABSENT or isinstance(raw, str)):
        return "longtext" if isinstance(raw, str) and "\n" in raw else "text"
    return "yaml"


def leaf_text(shape: Shape, raw: Any) -> str:
    """What stands in the field of a leaf; reading it again gives `raw`."""
    if raw is ABSENT or raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    return modes.data_text(raw) if shape.kind == "plain" and not isinstance(raw, bool) else modes.number_text(raw)


def choice_text(value: Any) -> str:
    """A choice as it is posted."""
    return value if isinstance(value, str) else modes.number_text(value)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: true is not 1."""
    return type(one) is type(other) and bool(one == other)


def are_choices(listed: Sequence[Any], items: Schema) -> bool:
    """Whether a list is of different ones out of what its items can be: then it is ticked."""
    choices = modes.choices_of(items)
    unlike = all(not same(one, other) for n, one in enumerate(listed) for other in listed[:n])
    return bool(choices) and unlike and all(any(same(each, other) for other in choices) for each in listed)


def shape_default(shape: Shape) -> list[Any]:
    return list(shape.default) if isinstance(shape.default, list) else []


def noun_of(shape: Shape) -> str:
    words = shape.label.lower() or "rows"
    return words.removesuffix("s") if words.endswith("s") else words


def is_long(schema: Schema) -> bool:
    longest = modes.plain_schema(schema).get("maxLength")
    return isinstance(longest, int) and longest > 500


def titled(name: str, schema: Schema) -> str:
    """What a field of a schema is called: by its title, or by its name where that was made of it."""
    title = str(schema.get("title") or "")
    return label_of(name) if not title or title == name.replace("_", " ").title() else title

"""Make the nodes of values: each in the way in which it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.common.permissions import Principal
from apps.workflows.json_schemas import Schema, told
from apps.workflows.shapes import label_of
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.agreed import are_choices, choice_text, is_long, same, titled
from apps.workflows.stepforms.modes import Mode
from apps.workflows.stepforms.nodes import Choice, Leaf, Many, Row, Rows, ValueNode, offers_grouped
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.stepforms.scope import Scope, references_shown
from apps.workflows.values import CEL

EMPTIED: Final = frozenset({"text", "number", "date", "choice"})
"""Ways in which an empty field says that nothing is given."""


def way_of(raw: Any, wanted: Schema, *, optional: bool, depth: int) -> Mode:
    """How a value is given: as it tells; what is not there as it would be typed."""
    found = modes.mode_of(raw, wanted, depth=depth)
    if found == "unset" and (not optional or modes.typed_mode(wanted) in EMPTIED):
        found = modes.typed_mode(wanted)
        if found in {"list", "object"} and depth >= modes.DEEPEST:
            found = "data"
    return found


@dataclass
class ValueMaker:
    """The values of one form."""

    scope: Scope
    who: Principal
    titles: Mapping[str, str]
    """Of the steps, by name, in order."""

    def value(
        self, raw: Any, wanted: Schema, path: str, place: str, *, label: str, optional: bool, depth: int = 0
    ) -> ValueNode:
        """A value where one of the schema `wanted` is asked for."""
        made = ValueNode(path, place, label, required=not optional, says_optional=optional)
        made.mode = way_of(raw, wanted, optional=optional, depth=depth)
        made.modes = modes.modes_of(wanted, optional=optional, depth=depth)
        made.wanted = told(modes.plain_schema(wanted))
        self._body(made, raw, wanted, depth)
        return made

    def _body(self, made: ValueNode, raw: Any, wanted: Schema, depth: int) -> None:
        """What is entered in the way in which the value is given."""
        if made.mode == "from":
            self._picked(made, raw, wanted)
        elif made.mode == "computed":
            made.text = str(raw[CEL])
        elif made.mode == "data":
            made.text = modes.data_text(raw)
            if isinstance(raw, Mapping) and modes.UNREAD in raw:
                made.error = modes.data_fault(made.text)
        elif made.mode == "choice":
            listed = modes.choices_of(wanted)
            made.choices = [Choice(choice_text(each), label_of(str(each)), "", same(each, raw)) for each in listed]
            if not any(each.chosen for each in made.choices):
                made.choices.insert(0, Choice("", "Choose…" if made.required else "Not given", chosen=True))
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
            label = titled(name, schema)
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
            made.rows.append(Row(node, number, self.key_leaf(f"{path}.{number}.k", f"{place}.{key}", key)))
        return made

    def key_leaf(self, path: str, place: str, key: Any) -> Leaf:
        control = "longtext" if "\n" in str(key) else "text"
        return Leaf(path, f"{place}.[key]", "Name", control=control, value=str(key))

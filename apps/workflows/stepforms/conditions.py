"""Make the nodes of conditions: groups within groups, with what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from apps.workflows.conditions import DEEPEST, Condition, condition_sentence
from apps.workflows.json_schemas import Schema
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.nodes import Choice, ConditionNode, GroupNode, TestNode, ValueNode, offers_grouped
from apps.workflows.stepforms.operators import operators_for, takes_of, wanted_for
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.stepforms.shapes import Shape
from apps.workflows.stepforms.values import ValueMaker

CONDITION: Final[TypeAdapter[Any]] = TypeAdapter(Condition)


class ConditionMaker(ValueMaker):
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
        return GroupNode(path, place, word=word, parts=parts, may_nest=depth + 1 < DEEPEST)

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

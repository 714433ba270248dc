"""What an edit holds after a change: a definition that need not be whole, and triggers that are to be made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Self

from apps.common.errors import InvalidInput, Issue, TooLarge
from apps.workflows.definition import LARGEST, Definition, definition_dump, definition_parse
from apps.workflows.editing.operations import Raw, definition_raw

MOST_TRIGGERS = 20


@dataclass(frozen=True)
class Content:
    definition: Raw
    triggers: list[dict[str, Any]] = field(default_factory=list)
    """Each with its `kind` and its `settings`."""
    saved: int | None = None
    """That it says what the workflow said when this was its `seq`; None: it was changed since."""

    @classmethod
    def of(cls, definition: Definition, seq: int | None) -> Self:
        return cls(definition_raw(definition_dump(definition)), saved=seq)

    @classmethod
    def read(cls, text: str) -> Self:
        told = json.loads(text)
        return cls(definition_raw(told["definition"]), told["triggers"], told.get("saved"))

    def text(self) -> str:
        """As it is kept. Raises `TooLarge`."""
        told = {"definition": self.definition, "triggers": self.triggers, "saved": self.saved}
        text = json.dumps(told, ensure_ascii=False)
        if len(text.encode()) > 2 * LARGEST:
            raise TooLarge(f"What is being changed has {2 * LARGEST // 1024} KiB at most; nothing was kept.")
        return text

    def says(self, other: Content) -> bool:
        """Whether both say the same, in the same order."""
        return (json.dumps(self.definition), self.triggers) == (json.dumps(other.definition), other.triggers)

    def with_definition(self, raw: Raw) -> Content:
        return replace(self, definition=raw, saved=None)

    def with_trigger(self, kind: str, settings: dict[str, Any]) -> Content:
        """One more trigger to be made. Raises `InvalidInput`."""
        if len(self.triggers) >= MOST_TRIGGERS:
            issue = Issue(path="triggers", message=f"At most {MOST_TRIGGERS} are made at once.")
            raise InvalidInput("Save before you add another trigger; nothing was changed.", issues=[issue])
        return replace(self, triggers=[*self.triggers, {"kind": kind, "settings": settings}], saved=None)

    def without_trigger(self, number: int) -> Content:
        """Without the trigger of this number, from 0; one that is not there leaves all as it is."""
        kept = [each for n, each in enumerate(self.triggers) if n != number]
        return replace(self, triggers=kept, saved=None)

    def parsed(self) -> Definition:
        """The definition, where it is whole. Raises `InvalidInput`."""
        raw = {key: value for key, value in self.definition.items() if value not in ({}, None) or key == "steps"}
        return definition_parse(raw)

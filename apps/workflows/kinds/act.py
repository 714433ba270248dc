"""Steps that have done what an agent proposed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from apps.common.actions import ACTIONS
from apps.workflows.definition import Name, Step
from apps.workflows.values import Compiled


class Act(Step):
    """What an agent proposed is done, as far as it is of the kinds named here, with the rights of whose run it is."""

    kind: Literal["act"] = "act"
    of: Name = Field(title="Proposals of", description="The agent's step whose proposals are carried out.")
    kinds: list[str] = Field(
        min_length=1,
        max_length=20,
        description="Kinds of actions that may be done; no others.",
        json_schema_extra={"picks": "action"},
    )

    label, icon = "Act", "bolt"
    has_effect = True

    @field_validator("kinds")
    @classmethod
    def known_kinds(cls, kinds: list[str]) -> list[str]:
        if unknown := [kind for kind in kinds if kind not in ACTIONS]:
            raise ValueError(f"There is no action {unknown[0]!r}: use some of {', '.join(ACTIONS.keys())}.")
        return kinds

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "of", f"${{steps.{self.of}}}"  # so that it has to have ended before

    def gives(self) -> dict[str, Any]:
        done = {name: {"type": "string"} for name in ("title", "kind", "text", "link")}
        left = {name: {"type": "string"} for name in ("title", "kind", "why")}
        return {
            "type": "object",
            "properties": {
                name: {
                    "type": "array",
                    "items": {"type": "object", "properties": told, "required": list(told)},
                }
                for name, told in (("done", done), ("left", left))
            },
            "required": ["done", "left"],
        }

    def compile(self) -> Compiled:
        asked = {"of": self.of, "kinds": self.kinds}
        return lambda env: asked

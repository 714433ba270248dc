"""What the program declares of a prompt: its variables, and the words that hold until a tenant publishes others.

Apps declare theirs in their `kinds` package, or in any module that one of those imports.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from apps.ai.prompts.wording import Variable, Wording, wording_issues
from apps.common.registry import Registry


@dataclass(frozen=True)
class Case:
    """Sample values to try a wording out on."""

    title: str
    values: dict[str, Any]


@dataclass(frozen=True)
class PromptSpec:
    """A prompt that the program has a use for."""

    key: str
    title: str
    summary: str
    """What it is for, in a sentence."""
    system: str
    user: str = ""
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()
    answer_schema: dict[str, Any] | None = field(default=None, compare=False)
    """For trying it out, where its answer has to keep a schema. Whoever asks gives its own."""

    @cached_property
    def built_in(self) -> Wording:
        """The program's own words."""
        text = json.dumps([self.system, self.user]).encode()
        version = f"built-in:{hashlib.sha256(text).hexdigest()[:8]}"
        return Wording(self.key, version, self.system, self.user, self.variables, is_built_in=True)

    @property
    def samples(self) -> tuple[Case, ...]:
        """The cases, or else one of the variables' own samples."""
        return self.cases or (Case("Sample", {each.name: each.sample for each in self.variables}),)


PROMPTS: Final[Registry[PromptSpec]] = Registry("Prompt")


def prompt(spec: PromptSpec) -> PromptSpec:
    """Declare a prompt. Raises `ValueError` where its own words do not fit its variables."""
    if issues := wording_issues(system=spec.system, user=spec.user, variables=spec.variables):
        raise ValueError(f"The prompt {spec.key!r} cannot be used: {issues[0].path}: {issues[0].message}")
    return PROMPTS.register(spec.key, spec)

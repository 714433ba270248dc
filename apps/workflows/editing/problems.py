"""What stands against a definition that is being changed, and what to think of before it is published: in words, by
step and place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from apps.common.errors import InvalidInput, Issue
from apps.workflows.checking import Catalogue, Signature, definition_check, signature_of
from apps.workflows.definition import Definition, Step
from apps.workflows.editing.contents import Content
from apps.workflows.editing.operations import Raw
from apps.workflows.graphs import title_of
from apps.workflows.models import Workflow
from apps.workflows.selectors import TenantCatalogue

Level = Literal["wrong", "warning"]
_KEPT_FOR_ITSELF: Final = frozenset({"approval", "stop", "workflow", "wait"})
"""Kinds of steps that are of use though nobody reads what they give, beside those that act outside."""
_IN_WORDS: Final = (
    (re.compile(r"^Field required$"), "This is needed, and is not there yet."),
    (re.compile(r"^(String|List|Dictionary) should have at least 1 \w+.*$"), "This is needed, and is not there yet."),
    (re.compile(r"^Extra inputs are not permitted$"), "There is nothing of this name to be set."),
    (re.compile(r"^(?:Value|Assertion) error, "), ""),
    (re.compile(r"^Input should be "), "This has to be "),
    (re.compile(r"^String should match pattern .*$"), "Small letters, digits and, between them, _ or -."),
)
_TAGS: Final = frozenset({"test", "group", "all", "any", "none"})
"""Parts of the path of a condition that no field of the form is called by."""


@dataclass(frozen=True)
class Finding:
    """One thing to mend, or to think of."""

    level: Level
    text: str
    step: str = ""
    """The step that it is about; empty: the workflow as a whole."""
    place: str = ""
    """Where in the step, or in the workflow, in words."""
    path: str = ""
    """Below the step, or from the root of the definition; as issues have it."""
    title: str = ""
    """What the step is called."""


@dataclass(frozen=True)
class Verdict:
    """All that was found, and the definition where it is whole."""

    definition: Definition | None
    findings: list[Finding]
    issues: list[Issue] = field(default_factory=list)
    """What is wrong, by path, for the fields of forms."""

    @property
    def wrong(self) -> list[Finding]:
        return [each for each in self.findings if each.level == "wrong"]

    @property
    def warnings(self) -> list[Finding]:
        return [each for each in self.findings if each.level == "warning"]

    @property
    def steps(self) -> set[str]:
        """The steps of which something is wrong."""
        return {each.step for each in self.wrong if each.step}

    def of_step(self, name: str) -> list[Finding]:
        return [each for each in self.findings if each.step == name]


@dataclass
class EditingCatalogue:
    """What a definition may call, each workflow looked up once: those that `known` names, in one statement."""

    known: set[str]
    titles: dict[str, str] = field(default_factory=dict)
    """Of workflows that were looked up, by name."""
    _inner: TenantCatalogue = field(default_factory=TenantCatalogue)
    _workflows: dict[str, Signature | None] = field(default_factory=dict)
    _published: dict[str, Definition] | None = None

    @classmethod
    def of(cls, raw: Raw) -> EditingCatalogue:
        called = [step.get("workflow") for step in raw["steps"].values() if step.get("kind") == "workflow"]
        return cls({name for name in [*called, raw.get("on_failure")] if isinstance(name, str) and name})

    def agent(self, key: str) -> Signature | None:
        return self._inner.agent(key)

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        return self._inner.strangers(addresses)

    def workflow(self, name: str) -> Signature | None:
        if name not in self._workflows:
            self._workflows[name] = None  # also for one that calls itself
            found = self._look_up().get(name)
            self._workflows[name] = (
                signature_of(found, self) if found else None if name in self.known else self._inner.workflow(name)
            )
        return self._workflows[name]

    def _look_up(self) -> dict[str, Definition]:
        if self._published is None:
            self._published = {}
            if self.known:
                named = Workflow.objects.select_related("published").filter(name__in=self.known, archived_at=None)
                for workflow in named:
                    self.titles[workflow.name] = workflow.title
                    if workflow.published is not None:
                        self._published[workflow.name] = workflow.published.definition
        return self._published

    def titles_of(self) -> dict[str, str]:
        """Titles of the workflows that it calls, by name. One statement, where it calls any."""
        self._look_up()
        return self.titles


def verdict_of(content: Content, catalogue: Catalogue, *, starts: int = 0) -> Verdict:
    """Look at what is being changed. `starts`: triggers that there are already."""
    raw = content.definition
    try:
        definition = content.parsed()
    except InvalidInput as problem:
        issues = [each.model_copy(update={"message": _worded(each.message)}) for each in problem.issues]
        return Verdict(None, list(_told(raw, issues)), issues)
    issues = []
    try:
        definition_check(definition, catalogue)
    except InvalidInput as problem:
        issues = problem.issues
    warnings = _warnings(definition, starts + len(content.triggers))
    return Verdict(definition, [*_told(raw, issues), *warnings], issues)


def _told(raw: Raw, issues: list[Issue]) -> Iterator[Finding]:
    """Issues by step and place; each place once, as the first of several is what is to be mended first."""
    seen: set[tuple[str, str]] = set()
    for issue in issues:
        parts = issue.path.split(".")
        step = parts[1] if parts[0] == "steps" and len(parts) > 1 and parts[1] in raw["steps"] else ""
        below = parts[2:] if step else parts
        path = ".".join(below)
        if (step, path) in seen:
            continue
        seen.add((step, path))
        text = issue.message
        if issue.path == "steps" and not raw["steps"]:
            text = "There is no step yet: add one."
        title = _raw_title(step, raw["steps"][step]) if step else ""
        yield Finding("wrong", text, step, _place(below), path, title)


def _worded(message: str) -> str:
    for pattern, words in _IN_WORDS:
        message = pattern.sub(words, message)
    return message[:1].upper() + message[1:]


def _place(parts: list[str]) -> str:
    """``cases.0.when.test.value`` as people say it: cases, number 1, when, value."""
    said = [f"number {int(part) + 1}" if part.isdecimal() else part.replace("_", " ") for part in parts]
    return ", ".join(word for word in said if word and word not in _TAGS).strip().capitalize()


def _raw_title(name: str, step: Mapping[str, Any]) -> str:
    title = step.get("title")
    return title if isinstance(title, str) and title.strip() else name.replace("_", " ").capitalize()


def _warnings(definition: Definition, starts: int) -> Iterator[Finding]:
    undoes = definition.undoes()
    for name, step in definition.steps.items():
        title = title_of(name, step)
        if name not in undoes and _is_bare(step):
            text = "It acts outside, and nothing says what happens when it fails. Say it, or accept the risk."
            yield Finding("warning", text, name, title=title)
        if _is_unused(definition, name, step):
            text = "Nobody reads what it gives, and nothing follows it."
            yield Finding("warning", text, name, title=title)
    if not definition.owner:
        yield Finding("warning", "Nobody is named who answers for it.", place="Owner", path="owner")
    if not starts:
        yield Finding(
            "warning", "Nothing starts it by itself: people and programs do.", place="Trigger", path="trigger"
        )


def _is_bare(step: Step) -> bool:
    """Whether a step acts outside with no word on what comes of its failure."""
    return step.has_effect and step.on_error.do == "fail" and step.retry is None and step.compensate is None


def _is_unused(definition: Definition, name: str, step: Step) -> bool:
    if step.has_effect or step.kind in _KEPT_FOR_ITSELF or step.targets() or len(definition.steps) == 1:
        return False
    others = [each for other, each in definition.steps.items() if other != name]
    read = {reference.step for each in others for _, reference in each.references()}
    if name in read or name in definition.undoes() or f"steps.{name}" in json.dumps(definition.outputs):
        return False
    return not any(name in definition.before(other) for other in definition.steps if other != name)

"""What stands against publishing a version: told with its place in the form, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from apps.accounts.models import User
from apps.agents.custom.agent import CustomMade
from apps.agents.custom.contents import RESERVED, Content, code_of
from apps.ai.prompts.wording import wording_issues
from apps.ai.tools import tools_get
from apps.common.actions import ACTIONS
from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import Principal
from apps.common.shapes import ChoiceField, ListField, LongTextField, TextField, model_of

DETAIL = "The agent cannot be used as it is; nothing was published or started."


def content_check(content: Content, *, key: str, who: Principal, user: User | None) -> None:
    """Raise `InvalidInput` with an issue for each place that stands against using a version."""
    issues = list(_shapes(content))
    issues += wording_issues(
        system=content.instructions, user=content.request, variables=content.wording(key, "").variables
    )
    issues = [each.model_copy(update={"path": _PLACES.get(each.path, each.path)}) for each in issues]
    issues += [*_verdict(content), *_reach(content, who, user)]
    if not issues:
        issues += _values(content, CustomMade(key, "draft", content))
    if issues:
        raise InvalidInput(DETAIL, issues=issues)


_PLACES = {"system": "instructions", "user": "request"}


def _shapes(content: Content) -> Iterator[Issue]:
    for path, fields in (("inputs", content.inputs), ("outputs", content.outputs)):
        try:
            model_of("Checked", fields)
        except ValueError as error:
            yield Issue(path=path, message=str(error))
    for place, each in enumerate(content.outputs):
        if each.name in RESERVED:
            yield Issue(
                path=f"outputs.{place}.name", message=f"`{each.name}` is what the agent itself says: choose another."
            )
    if sum(each.kind == "dataset" for each in content.inputs) > 1:
        yield Issue(path="inputs", message="An agent takes one uploaded table at most.")


def _verdict(content: Content) -> Iterator[Issue]:
    if content.verdict is None:
        if content.actions:
            yield Issue(
                path="verdict", message="What it proposes belongs to a decision: say which output is its verdict."
            )
        return
    outputs = {each.name: each for each in content.outputs}
    judged = outputs.get(content.verdict.field)
    if not isinstance(judged, ChoiceField) or not judged.required:
        yield Issue(path="verdict.field", message="Name an output that is one of a few, and has to be there.")
        return
    codes = [code_of(each) for each in judged.choices]
    if len(set(codes)) < len(codes):
        yield Issue(path="verdict.field", message="Two of its choices differ by signs only: name them apart.")
    if content.verdict.reasons and not isinstance(
        outputs.get(content.verdict.reasons), TextField | LongTextField | ListField
    ):
        yield Issue(path="verdict.reasons", message="Name an output that is a text or a list of texts.")
    for place, tone in enumerate(content.verdict.tones):
        if tone.choice not in judged.choices:
            yield Issue(path=f"verdict.tones.{place}.choice", message=f"`{tone.choice}` is no choice of {judged.name}.")


def _reach(content: Content, who: Principal, user: User | None) -> Iterator[Issue]:
    """Tools and actions that there are for whoever publishes: nobody hands out what they do not hold."""
    there = {tool.key for tool in tools_get(who, user, content.tools) if tool.is_read}
    for place, key in enumerate(content.tools):
        if key not in there:
            yield Issue(path=f"tools.{place}", message=f"There is no tool `{key}` that you may use.")
    if content.guardrails.must_ask and not content.tools:
        yield Issue(path="guardrails.must_ask", message="It has no tools to ask.")
    for place, action in enumerate(content.actions):
        kind = ACTIONS.get(action.kind)
        if kind is None or not who.can(kind.permission):
            yield Issue(
                path=f"actions.{place}.kind", message=f"There is no action `{action.kind}` that you may have done."
            )
    if len({each.kind for each in content.actions}) < len(content.actions):
        yield Issue(path="actions", message="Each action is named once.")


def _values(content: Content, made: CustomMade) -> Iterator[Issue]:
    """Inputs to start from, and what stands without a model, by the models of what goes in and comes out."""
    for place, example in enumerate(content.examples):
        yield from _faults(f"examples.{place}.input", made.input_type.model_validate, example.input)
    if content.fall_back is not None:
        yield from _faults("fall_back", made.output_type.model_validate, content.fall_back)


def _faults(path: str, validate: Any, value: Any) -> Iterator[Issue]:
    try:
        validate(value)
    except ValidationError as error:
        told = InvalidInput.from_pydantic(error).issues
        yield Issue(path=path, message="; ".join(f"{each.path}: {each.message}" for each in told[:5]))

"""The guide for builders is true: what it shows is taken, and it names all there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from django.utils.text import slugify

from apps.accounts.models import User
from apps.agents.finding import agent_of
from apps.common.errors import InvalidInput
from apps.common.operators import OPERATORS
from apps.common.yamls import text_read
from apps.workflows import services, starting
from apps.workflows.api.triggers import LARGEST_MESSAGE
from apps.workflows.blueprints import BlueprintFile
from apps.workflows.checking import Signature, definition_check, signature_of
from apps.workflows.conditions import DEEPEST as DEEPEST_CONDITION
from apps.workflows.conditions import MOST_TESTS
from apps.workflows.definition import (
    LARGEST,
    MOST_STEPS,
    STEP_KINDS,
    Definition,
    ForEach,
    InputField,
    OnError,
    Retry,
    Step,
    definition_parse,
)
from apps.workflows.durations import LONGEST
from apps.workflows.engine.advance import LARGEST as LARGEST_OUTPUT
from apps.workflows.engine.ledger import MOST_ITEMS
from apps.workflows.functions import FUNCTIONS
from apps.workflows.models import WorkflowRun
from apps.workflows.selectors import _agent_signature
from apps.workflows.triggers import TRIGGER_KINDS
from apps.workflows.values import CEL, DEEPEST
from orchestrall.settings.env import BASE_DIR
from tests.workflows.conftest import MakeWorkflow

GUIDE = (BASE_DIR / "docs" / "guides" / "builders.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def definition_of(block: str, number: int) -> Definition:
    """What a block says; one without a name is a part of some workflow."""
    return definition_parse({"name": f"block-{number}", "title": "A part", **text_read(block)})


DEFINITIONS = [definition_of(block, number) for number, block in enumerate(blocks("yaml"))]


class Catalogue:
    """The agents there are, and the workflows of the guide."""

    def agent(self, key: str) -> Signature | None:
        agent = agent_of(key)
        return _agent_signature(agent) if agent else None

    def workflow(self, name: str) -> Signature | None:
        found = next((each for each in DEFINITIONS if each.name == name), None)
        return signature_of(found, self) if found else None

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        return set()


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_every_workflow_of_the_guide_has_nothing_wrong_with_it(definition: Definition) -> None:
    definition_check(definition, Catalogue())


def test_a_mistake_in_the_guide_would_be_found() -> None:
    broken = blocks("yaml")[0].replace("${steps.order.quantity}", "${steps.order.quantities}", 1)
    with pytest.raises(InvalidInput):
        definition_check(definition_of(broken, 0), Catalogue())


def test_every_kind_of_step_is_shown_by_example() -> None:
    shown = {step.kind for definition in DEFINITIONS for step in definition.steps.values()}
    ours = [kind for kind in sorted(STEP_KINDS.keys()) if not kind.startswith("dummy.")]
    assert sorted(shown) == ours


def test_all_that_can_be_written_is_named() -> None:
    fields = {
        *(f"${name}" for name in FUNCTIONS),
        *(name for name in Step.model_fields if name != "kind"),
        *Retry.model_fields,
        *ForEach.model_fields,
        *OnError.model_fields,
        *(name for name in Definition.model_fields if name != "format"),
        *InputField.model_fields.keys() - {"example", "description", "title"},
        *BlueprintFile.model_fields,
    }
    missing = {name for name in fields if not re.search(rf"(?<![\w$]){re.escape(name)}\b", GUIDE)}
    assert missing == set()
    assert [op for op in OPERATORS if f"`{op}`" not in GUIDE] == []


def test_no_function_is_named_that_is_not_there() -> None:
    named = set(re.findall(r"(?<![$\w])\$([a-z]+)\b", GUIDE))
    assert named - {CEL.removeprefix("$")} == set(FUNCTIONS)


def test_limits_are_those_of_the_program() -> None:
    table = GUIDE[GUIDE.index("## Limits") : GUIDE.index("## To bring a blueprint")]
    for told in (
        f"{LARGEST // 1024} KiB as YAML, {MOST_STEPS} steps, 50 inputs, 50 outputs",
        f"{DEEPEST} levels of lists",
        f"{DEEPEST_CONDITION} levels, {MOST_TESTS} tests",
        f"{MOST_ITEMS:,} items, 100 at a time",
        f"{services.LARGEST_INPUTS // 1024:,} KiB as JSON",
        f"gives | {LARGEST_OUTPUT // 1024**2} MiB",
        f"{services.MOST_STARTED:,} |",
        f"{services.DEEPEST} deep",
        f"{LONGEST.days}d",
        f"webhook | {LARGEST_MESSAGE // 1024:,} KiB",
    ):
        assert told in table, told


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: json.loads(block)["kind"])
def test_every_trigger_of_the_guide_is_taken(block: str, workflow: MakeWorkflow, builder: User) -> None:
    body = json.loads(block)
    given = body["settings"].get("inputs", {})
    wanted = {name: {"type": "integer" if isinstance(value, int) else "text"} for name, value in given.items()}
    made = workflow({"a": {"kind": "transform", "set": {"x": 1}}}, inputs=wanted)
    trigger, _ = starting.trigger_create(
        who=builder, user=builder, workflow=made, kind=body["kind"], settings=body["settings"]
    )
    assert trigger.kind in TRIGGER_KINDS


def test_a_message_that_is_signed_as_the_guide_says_starts_a_run(workflow: MakeWorkflow, builder: User) -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[0], scope)  # noqa: S102  # the guide's own lines
    made = workflow({"a": {"kind": "transform", "set": {"x": 1}}}, inputs={"item": {"type": "text"}})
    settings = {"inputs": {"item": "${message.item}"}}
    trigger, secret = starting.trigger_create(
        who=builder, user=builder, workflow=made, kind="webhook", settings=settings
    )
    body = b'{"item": "Tea"}'
    answer = Client(headers={"host": "acme.localhost"}).post(
        f"/hooks/{trigger.id}", body, content_type="application/json", headers=scope["headers"](secret, body)
    )
    assert answer.status_code == 202
    assert WorkflowRun.objects.get().inputs == {"item": "Tea"}


def test_every_verb_of_the_guide_is_one_of_the_command() -> None:
    from django.core.management import load_command_class

    parser = load_command_class("apps.workflows", "workflow").create_parser("manage.py", "workflow")
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("manage.py workflow")]
    assert len(lines) >= 10
    for line in lines:
        import shlex

        words = shlex.split(line.partition("#")[0].partition(">")[0])[2:]
        parser.parse_args(words)  # ends the test where a verb or an option is not there


def test_links_within_the_guide_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]*))?\)", GUIDE):
        file, anchor = target
        found = (BASE_DIR / "docs" / "guides" / file).resolve()
        assert found.is_file(), file
        if anchor:  # of a page: a picture has none
            headings = re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)
            assert anchor in {slugify(each) for each in headings}

"""The tests' industry uses every way in which an industry extends the product, and each works.

A way that is added has nothing here, so a test fails until the dummy uses it too: what the core offers is shown to need
no line of the core.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from typing import Any, get_args
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import module_has_submodule

from apps.accounts.models import User
from apps.agents.contract import AGENTS, Agent, RunContext
from apps.agents.evaluations.cases import cases_shipped
from apps.agents.models import AgentRun
from apps.common.demo import demo_tenants
from apps.common.industries import IndustryConfig, industries
from apps.common.registry import DISCOVERED, Registry
from apps.common.widgets import Widget
from apps.console.landing import landing_of
from apps.console.navigation import NAVIGATION
from apps.console.schemaforms.shapes import Kind, Shape, shape_of
from apps.datasets.models import Dataset
from apps.datasets.selectors import rows_frame
from apps.datasets.services import dataset_upload
from apps.dispatch.letters import LETTER_KINDS
from apps.dispatch.models import WorkRow
from apps.workflows.blueprints import blueprints
from apps.workflows.definition import STEP_KINDS
from apps.workflows.models import Trigger, WorkflowRun
from apps.workflows.performers import SCHEDULE
from apps.workflows.store import CLOCK
from apps.workflows.triggers import TRIGGER_KINDS, Schedule, settings_of
from tests.agents.test_pages import text_of
from tests.running import ROOT
from tests.workflows.conftest import MakeWorkflow, Work, board, builder, start, worked, workflow
from tests.workflows.test_engine import give

__all__ = ["board", "builder", "start", "worked", "workflow"]

Make = Callable[..., User]
Browse = Callable[..., Client]
DUMMIES = [agent for agent in AGENTS if agent.industry == "dummy"]
CONTEXT = RunContext(now=datetime(2026, 1, 1, tzinfo=UTC), load=lambda table: rows_frame(table.rows or []))
_REGISTRY = re.compile(r"^([A-Z_]+)(?:: [^=]+)? = Registry\(", re.MULTILINE)
_FOLDERS = re.compile(r"module_has_submodule\(config|config\.path|config\.module")


def registries() -> dict[str, Registry[Any]]:
    """Every registry that the source of the core declares, by module and name."""
    found = {}
    for path in sorted((ROOT / "apps").rglob("*.py")):
        for name in _REGISTRY.findall(path.read_text()):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[f"{module}.{name}"] = getattr(import_module(module), name)
    return found


REGISTRIES = registries()


# That it uses all of them


def test_no_registry_is_overlooked() -> None:
    assert {"apps.agents.contract.AGENTS", "apps.console.cards.CARDS", "apps.workflows.definition.STEP_KINDS"} <= set(
        REGISTRIES
    )
    declared = [each for each in Registry._all if each._closed]  # a test's own is open
    assert {id(each) for each in declared} == {id(each) for each in REGISTRIES.values()}


@pytest.mark.parametrize("name", REGISTRIES)
def test_the_industry_has_something_in_every_registry(name: str) -> None:
    assert [key for key in REGISTRIES[name].keys() if key.startswith("dummy.")]  # noqa: SIM118  # a registry gives items


@pytest.mark.parametrize("name", DISCOVERED)
def test_the_industry_has_a_module_of_every_name_that_is_discovered(name: str) -> None:
    assert module_has_submodule(import_module("tests.dummy"), name)


def test_no_other_place_of_the_core_looks_into_industries() -> None:
    found = {str(path.relative_to(ROOT)) for path in (ROOT / "apps").rglob("*.py") if _FOLDERS.search(path.read_text())}
    known = {
        "apps/common/registry.py": "the modules above",
        "apps/common/demo.py": "demonstrations: test_its_demonstration_is_offered",
        "apps/workflows/blueprints.py": "blueprints: test_its_blueprint_is_offered",
        "apps/tenants/schemas.py": "migrations, of every app alike: an industry needs no tables of its own",
    }
    assert found == set(known)


def test_every_field_of_a_manifest_is_given() -> None:
    config = apps.get_app_config("dummy")
    assert isinstance(config, IndustryConfig)
    assert list(industries()).count("dummy") == 1
    assert all(getattr(config, name) for name in IndustryConfig.__annotations__ if name != "default")


def test_every_part_of_the_contract_of_agents_is_used() -> None:
    declared = {name for name in (*vars(Agent), *Agent.__annotations__) if not name.startswith("_")}
    told = {
        "input_type",
        "output_type",
        "settings_type",
        "table_field",
        "table_required",
        "industry",
        "card",
    }  # read off
    unused = {name for name in declared - told if not any(name in vars(type(agent)) for agent in DUMMIES)}
    assert unused - {"summary"} == set()
    assert all(agent.summary for agent in DUMMIES)  # of the docstring
    assert {(bool(agent.table_field), agent.table_required) for agent in DUMMIES} == {
        (False, False), (True, False), (True, True)
    }  # fmt: skip


def test_some_agent_has_a_model_card_and_names_its_figure() -> None:
    cards = {agent.key: agent.card() for agent in DUMMIES if agent.card()}
    assert cards
    assert [key for key in cards if AGENTS[key].figure]


def kinds_of(shape: Shape) -> set[str]:
    return {shape.kind}.union(*(kinds_of(part) for part in shape.parts))


def test_every_kind_of_field_is_entered() -> None:
    models = [model for agent in DUMMIES for model in (agent.input_type, agent.settings_type)]
    used = set[str]().union(*(kinds_of(shape_of(model)) for model in models))
    assert set(get_args(Kind)) - used == set()
    secret = [agent.key for agent in DUMMIES if "secret" in kinds_of(shape_of(agent.settings_type))]
    assert secret


def test_every_kind_of_widget_is_shown() -> None:
    shown = set()
    for agent in DUMMIES:
        for example in agent.examples:
            report = agent.run(agent.input_type.model_validate(example.input), agent.settings_type(), CONTEXT)
            shown |= {widget.kind for widget in agent.present(report)}
    declared = {kind.model_fields["kind"].default for kind in get_args(get_args(Widget)[0])}
    assert declared - shown == set()


def test_some_agent_decides_with_every_part_of_a_decision() -> None:
    agent = AGENTS["dummy.decider"]
    data = agent.input_type.model_validate({**agent.examples[0].input, "known": ["Bo"]})
    decisions = agent.decide(agent.run(data, agent.settings_type(), CONTEXT), agent.settings_type())
    for name in type(decisions[0]).model_fields:
        assert any(getattr(each, name) not in ("", None, []) for each in decisions) or name == "scale", name
    assert agent.scale
    places = {
        place
        for each in decisions
        for reason in each.reasons
        for found in reason.evidence
        for place in found.model_fields_set
    }
    assert {"row", "path", "key", "source"} <= places
    assert {action.kind.partition(".")[0] for each in decisions for action in each.actions} == {"agents", "dummy"}


def test_its_agents_ship_cases() -> None:
    assert [agent.key for agent in DUMMIES if cases_shipped(agent)]


def test_its_blueprint_is_offered() -> None:
    found = [each for each in blueprints().values() if each.industry == "dummy"]
    kinds = {step.kind for each in found for step in each.definition.steps.values()}
    assert {
        "dummy.number",
        "dummy.fibonacci",
        "agent",
    } <= kinds  # its samples run in tests/workflows/test_blueprints.py


def test_its_demonstration_is_offered() -> None:
    (demo,) = [each for each in demo_tenants() if each.industry == "dummy"]
    assert demo.datasets[0].frame().equals(demo.datasets[0].frame())  # it is made in tests/workflows/test_blueprints.py


# That each of them works


@pytest.fixture
def administrator(member: Make) -> User:
    return member("administrator")


def test_its_entry_and_its_card_show_what_is_counted_to_who_may_look(
    client_for: Browse, administrator: User, member: Make, board: object, worked: Work
) -> None:
    page = client_for(administrator)
    assert "Counted so far" not in text_of(page.get("/"))  # a card with nothing to say is left out
    for _ in range(2):
        page.post("/agents/dummy.counter/", {"steps": "2"})
    words = text_of(page.get("/"))
    assert "Counting 2 counted" in words
    assert "Counted so far 2 runs of the counter" in words
    assert "Count" not in text_of(client_for(member("viewer")).get("/")).replace("Counter", "")


def test_the_palette_finds_what_it_searches(client_for: Browse, administrator: User, member: Make) -> None:
    def found(user: User) -> list[str]:
        answer = client_for(user).get(reverse("console:palette"), {"q": "12"}).json()
        return [item["title"] for group in answer["groups"] for item in group["items"]]

    assert "Count to 12" in found(administrator)
    assert "Count to 12" not in found(member("analyst"))


def test_the_menu_of_an_account_offers_what_it_adds_to_who_may(
    client_for: Browse, administrator: User, member: Make
) -> None:
    address = reverse("console:help")
    assert "My counts" in client_for(administrator).get(address).content.decode()
    assert "My counts" not in client_for(member("analyst")).get(address).content.decode()


def test_people_land_where_it_sends_them(member: Make) -> None:
    assert landing_of(member("viewer", name="Count von Dummy")) == "/agents/dummy.counter/"
    assert landing_of(member("viewer", name="Somebody")) is None


@pytest.fixture
def numbers(administrator: User) -> Dataset:
    return dataset_upload(file=BytesIO(b"name,number\na,1\nb,2\n"), name="Dummy numbers.csv", user=administrator)


def test_its_use_of_a_dataset_is_offered_beside_it(client_for: Browse, administrator: User, numbers: Dataset) -> None:
    words = client_for(administrator).get(reverse("datasets:dataset", args=[numbers.pk])).content.decode()
    assert "Say it again" in words
    assert f"/agents/dummy.echo/?table.dataset={numbers.pk}" in words


def test_its_use_of_an_agent_is_offered_beside_it(client_for: Browse, administrator: User, member: Make) -> None:
    assert "Count how often" in text_of(client_for(administrator).get("/agents/dummy.echo/"))
    assert "Count how often" not in text_of(client_for(member("analyst")).get("/agents/dummy.echo/"))


def test_work_of_it_that_was_given_up_is_told_in_its_words() -> None:
    letters = LETTER_KINDS["dummy.platform"]
    id = uuid4()
    assert letters.subjects([id])[id].title == "Something for the platform"


def test_a_step_of_its_kind_is_carried_out_by_one_of_its_agents(
    workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work
) -> None:
    made = workflow({"look": {"kind": "dummy.number", "of": 4.5}}, outputs={"seen": "${steps.look.value}"})
    run = start(made)
    worked("flow", "cpu")
    run.refresh_from_db()
    assert (run.status, run.outputs) == ("succeeded", {"seen": 4.5})
    assert AgentRun.objects.get().agent_key == "dummy.idle"


def test_a_trigger_of_its_kind_is_made_changed_and_fires(
    workflow: MakeWorkflow, builder: User, client_for: Browse, worked: Work
) -> None:
    made = workflow({"a": give(1)}, inputs={"amount": {"type": "integer"}})
    page, new = client_for(builder), reverse("workflows:trigger-new", args=[made.name])
    assert "On the last day of each month" in text_of(page.get(new))
    asked = {"kind": "dummy.month_end", "settings": "hour: 27", "inputs": "amount: 1"}
    assert "hour" in page.post(new, asked).context["form"].errors["settings"]
    assert (
        "a line for each setting"
        in page.post(new, {**asked, "settings": "[1]"}).context["form"].errors["settings"].lower()
    )
    assert page.post(new, {**asked, "settings": "hour: 7"}).status_code == 302
    trigger = Trigger.objects.get()
    told = settings_of(trigger.kind, trigger.told)
    assert isinstance(told, Schedule)
    assert trigger.due_at == told.following(CLOCK.now())
    at = reverse("workflows:trigger", args=[made.name, trigger.pk])
    assert "hour: 7" in page.get(at).content.decode()
    assert page.post(at, {**asked, "settings": "hour: 8\nzone: Europe/Berlin"}).status_code == 302
    trigger.refresh_from_db()
    assert trigger.told == {"hour": 8, "zone": "Europe/Berlin", "inputs": {"amount": 1}}
    assert "On the last day of each month at 08:00" in text_of(
        page.get(reverse("workflows:workflow", args=[made.name]))
    )
    Trigger.objects.update(due_at=CLOCK.now())
    WorkRow.objects.filter(kind=SCHEDULE).update(due_at=CLOCK.now())
    worked("io", "cpu", "flow")
    assert WorkflowRun.objects.get().status == "succeeded"
    trigger.refresh_from_db()
    assert trigger.due_at == settings_of(trigger.kind, trigger.told).following(CLOCK.now())  # type: ignore[attr-defined]


def test_its_icons_are_among_those_that_pages_have() -> None:
    """The sprite holds what the sources of the core and of packs in `apps/` name; the dummy borrows from them."""
    there = set(re.findall(r'id="([a-z0-9-]+)"', (ROOT / "build" / "vendor" / "icons.svg").read_text()))
    kinds = [kind for registry in (STEP_KINDS, TRIGGER_KINDS) for kind in registry]
    named = {each.icon for each in [*DUMMIES, *kinds, *NAVIGATION]} | {industries()["dummy"].icon}
    assert named - there == set()

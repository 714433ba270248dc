"""What the gallery tells of a blueprint: its picture, its steps in words, and whether what it needs is there."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from django.template.loader import render_to_string

from apps.accounts.models import User
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from apps.workflows.blueprints import blueprints
from apps.workflows.definition import definition_parse
from apps.workflows.gallery import Here, Narrow, gallery_list, needs_here, needs_of, steps_told
from apps.workflows.graphs import graph_of
from apps.workflows.pictures import HEIGHT, WIDTH, picture_of

EVERY = list(blueprints().values())
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("key", blueprints())
def test_a_picture_has_every_step_and_every_edge_of_the_graph_and_no_two_steps_on_one_place(key: str) -> None:
    definition = blueprints()[key].definition
    picture, graph = picture_of(definition), graph_of(definition)
    assert {spot.node.name for spot in picture.spots} == set(definition.steps)
    assert len(picture.lines) == len(graph.edges)
    at = {spot.node.name: spot for spot in picture.spots}
    assert all(at[edge.before].x + WIDTH < at[edge.after].x for edge in graph.edges), (
        "steps stand after what leads there"
    )
    assert len({(spot.x, spot.y) for spot in picture.spots}) == len(picture.spots)
    assert all(0 <= spot.y <= picture.height - HEIGHT and spot.x <= picture.width - WIDTH for spot in picture.spots)


def test_a_picture_is_one_image_with_a_name_for_those_who_do_not_see_it() -> None:
    picture = blueprints()["finance.cash_outlay"].picture
    html = render_to_string("workflows/_picture.html", {"picture": picture})
    drawn = fromstring(html.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == picture.said
    assert picture.said.startswith("11 steps, from Forecast withdrawals on: 1 × Agent, ")
    assert all(group.get("aria-hidden") == "true" for group in drawn.findall(f"{SVG}g"))


def test_steps_are_told_in_words_and_without_signs_of_references() -> None:
    for blueprint in EVERY:
        told = steps_told(blueprint.definition)
        assert [step.name for step in told] == list(blueprint.definition.steps)
        assert not [step.text for step in told if "${" in step.text or not step.text.endswith((".", "”", "]", "?"))]
    said = {step.name: step.text for step in steps_told(blueprints()["finance.cash_outlay"].definition)}
    assert said["forecast"] == "Demand Forecaster looks at the data and reports."
    assert said["sign"].startswith("Asks approver or owner, for 1 day at most: “May £[in full] be ordered")
    assert "otherwise: Order in full" in said["rule"]
    assert said["opening"].startswith("Only if ")


@pytest.mark.parametrize(
    ("narrow", "found"),
    [
        (Narrow(), len(EVERY)),
        (Narrow(industry="tech"), 2),
        (Narrow(need="healthcare.drug_checker"), 2),
        (Narrow(need="outside", industry="logistics"), 1),
        (Narrow(search="drug CHECKER safety"), 1),
        (Narrow(search="forecaster vans"), 1),
        (Narrow(search="nothing of the kind"), 0),
        (Narrow(industry="nowhere"), 0),
    ],
)
def test_the_gallery_is_narrowed_by_words_industry_and_need(
    acme: Tenant, builder: User, narrow: Narrow, found: int
) -> None:
    assert len(gallery_list(who=builder, narrow=narrow)) == found


def test_what_a_blueprint_needs_is_known_by_its_steps() -> None:
    assert needs_of(blueprints()["logistics.diesel_budget"]) == ["retail.demand_forecaster", "person", "outside"]
    assert needs_of(blueprints()["healthcare.medication_round"]) == ["healthcare.drug_checker", "person"]


def test_each_need_is_there_or_missing_with_what_to_do(
    acme: Tenant, builder: User, member: Callable[..., User]
) -> None:
    blueprint = blueprints()["logistics.diesel_budget"]
    before = {need.title: need for need in needs_here(here=Here(builder), blueprint=blueprint)}
    assert (before["Diesel"].state, before["Diesel"].url) == ("missing", "/data/")
    assert before["Somebody who decides"].state == "missing"
    assert before["Demand Forecaster"].state == "there"
    member("approver")
    dataset_upload(file=BytesIO(b"depot,week,litres\nBath,2026-01-05,3\n"), name="diesel.csv", user=builder)
    after = {need.title: need.state for need in needs_here(here=Here(builder), blueprint=blueprint)}
    assert after == {
        "Demand Forecaster": "there",
        "Diesel": "asked",
        "Somebody who decides": "asked",
        "Tell the supplier": "asked",
    }
    acme.industries = ["logistics"]
    first = needs_here(here=Here(builder), blueprint=blueprint)[0]
    assert (first.title, first.state) == ("Demand Forecaster", "missing")
    assert "Retail and e-commerce: have the operator enable it" in first.text
    viewed = {need.title: need for need in needs_here(here=Here(member("viewer")), blueprint=blueprint)}
    assert (viewed["Diesel"].state, viewed["Diesel"].url) == ("missing", ""), "what they may not see is not told"


def test_other_kinds_of_steps_are_told_too() -> None:
    steps = {
        "rest": {"kind": "wait", "duration": "2h"},
        "other": {"kind": "workflow", "workflow": "audit-trail"},
        "many": {"kind": "transform", "set": {f"field_{n}": n for n in range(6)}, "description": "Says it itself."},
        "more": {"kind": "transform", "set": {f"field_{n}": n for n in range(6)}},
    }
    definition = definition_parse({"name": "kinds", "title": "Kinds", "steps": steps})
    assert [step.text for step in steps_told(definition)] == [
        "Waits for 2 hours, and holds no worker.",
        "Runs the workflow audit-trail, and goes on with what it gives.",
        "Says it itself.",
        "Works out field 0, field 1, field 2, field 3 and 2 more.",
    ]

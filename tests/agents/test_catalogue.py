"""The catalogue: what it says of each agent, how it is narrowed, and that it costs the same however much there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.catalogue import STATES, catalogue
from apps.agents.configurations import configuration_save
from apps.agents.contract import AGENTS, Measure, ModelCard
from apps.agents.models import AgentRun, AgentWatch
from apps.common.errors import PermissionDenied
from apps.common.industries import industries
from apps.tenants import context
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, ECHO, Start, WorkOff
from tests.agents.test_pages import statements, text_of

Make = Callable[..., User]
Browse = Callable[..., Client]
PAGE = "/agents/"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def page(client_for: Browse, analyst: User, work_off: WorkOff) -> Client:
    return client_for(analyst)


def only(tenant: Tenant, *keys: str) -> None:
    """Let a tenant have these industries alone."""
    tenant.industries = list(keys)
    tenant.save()
    context.forget()


def shown(page: Client, **narrow: str) -> list[str]:
    """The keys of the agents that are listed."""
    found = page.get(PAGE, narrow).context["catalogue"]
    return [entry.agent.key for section in found.sections for entry in section.entries]


def card_of(page: Client, key: str) -> str:
    """What the card of an agent says."""
    answer = page.get(PAGE, {"q": key})
    return text_of(answer).split("Clear filters")[1]


def test_agents_stand_under_their_industries_in_the_order_of_the_tenant(page: Client, acme: Tenant) -> None:
    only(acme, "retail", "dummy")
    answer = page.get(PAGE)
    sections = answer.context["catalogue"].sections
    assert [section.industry.label for section in sections] == ["retail", "dummy"]
    assert COUNTER in [entry.agent.key for entry in sections[1].entries]
    words = text_of(answer)
    assert words.index("Retail and e-commerce") < words.index(AGENTS[COUNTER].summary)
    assert "healthcare.drug_checker" not in words


def test_a_card_says_what_an_agent_needs_and_what_it_decides(page: Client) -> None:
    assert "A form, or a table · 1 example" in card_of(page, COUNTER)
    assert "Needs A table" in card_of(page, ECHO)
    assert "Needs A form" in card_of(page, "dummy.stepper")
    assert "Decides Pass, Hold for review, Refuse" in card_of(page, "dummy.decider")


def test_a_card_says_the_first_figure_that_had_something_to_reach(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Measured Not yet" in card_of(page, COUNTER)
    measures = [
        Measure(name="Speed", value=3, unit="s"),
        Measure(name="Right numbers", value=99.5, unit="%", bar="at least 99"),
        Measure(name="Wrong numbers", value=0.5, unit="%", bar="at most 1"),
    ]
    card = ModelCard(
        intended_use="To count.",
        limits=[],
        data="Numbers",
        command="count",
        measured_on="2026-11-20",
        measures=measures,
    )
    monkeypatch.setattr(type(AGENTS[COUNTER]), "card", lambda self: card)
    words = card_of(page, COUNTER).replace("\xa0", " ")
    assert "Measured Right numbers 99.5 % (at least 99)" in words
    assert "Speed" not in words
    assert "Wrong numbers" not in words
    monkeypatch.setattr(type(AGENTS[COUNTER]), "figure", "Wrong numbers")
    assert "Measured Wrong numbers 0.500 %" in card_of(page, COUNTER).replace("\xa0", " ")


def test_the_figure_that_an_agent_names_is_on_its_card() -> None:
    for agent in AGENTS:
        card = agent.card()
        assert not agent.figure or (card and agent.figure in [each.name for each in card.judged]), agent.key


def test_a_card_says_how_an_agent_did_in_24_hours(page: Client, finished: Start) -> None:
    finished()
    finished(mood="cross")
    words = card_of(page, COUNTER)
    assert "2 runs, 1 failed" in words
    assert "24 hours Not run" in card_of(page, ECHO)
    AgentRun.objects.update(created_at=timezone.now() - timedelta(hours=30))
    assert "24 hours Not run" in card_of(page, COUNTER)


def test_a_card_leads_to_settings_with_their_version(page: Client, member: Make) -> None:
    answer = page.get(PAGE, {"q": COUNTER}).content.decode()
    assert f'href="/agents/{COUNTER}/settings/"' in answer
    assert f'href="/runs/?agent={COUNTER}"' in answer
    builder = member("builder")
    configuration_save(who=builder, user=builder, agent=AGENTS[COUNTER], settings={"start": 5}, roles=None)
    configuration_save(who=builder, user=builder, agent=AGENTS[COUNTER], settings={"start": 7}, roles=None)
    assert "version 2" in card_of(page, COUNTER)
    assert "version" not in card_of(page, ECHO)


def test_an_agent_that_is_not_for_ones_role_says_so(page: Client, member: Make, client_for: Browse) -> None:
    builder = member("builder")
    configuration_save(who=builder, user=builder, agent=AGENTS[COUNTER], settings={}, roles=["builder"])
    assert "Not for your role" in card_of(page, COUNTER)
    assert "Not for your role" not in card_of(page, ECHO)
    for role in ("builder", "owner", "viewer"):  # a viewer runs no agents at all: it would be said of every one
        assert "Not for your role" not in card_of(client_for(member(role)), COUNTER)


def test_an_agent_whose_decisions_drift_is_marked(page: Client) -> None:
    AgentWatch.objects.create(agent_key=COUNTER, drifting_since=timezone.now())
    AgentWatch.objects.create(agent_key=ECHO)
    assert "Drifting" in card_of(page, COUNTER)
    assert "Drifting" not in card_of(page, ECHO)


# Narrowing


@pytest.mark.parametrize("words", ["say every", "COUNTER", COUNTER, "  Counter "])
def test_it_is_searched_by_title_key_and_summary(page: Client, words: str) -> None:
    asked = {"q": words, "industry": "dummy"}  # an agent of an industry may count as well
    assert shown(page, **asked) == [COUNTER]
    assert f"1 of {len(AGENTS)} agents" in text_of(page.get(PAGE, asked))


def test_it_is_narrowed_to_an_industry(page: Client, acme: Tenant) -> None:
    assert {key.partition(".")[0] for key in shown(page, industry="dummy")} == {"dummy"}
    assert shown(page, industry="nowhere") == shown(page)
    only(acme, "retail")
    answer = page.get(PAGE, {"industry": "dummy"})
    assert COUNTER not in answer.content.decode()
    assert 'name="industry"' not in answer.content.decode()  # there is nothing to choose among


def test_it_is_narrowed_to_how_agents_did(page: Client, finished: Start) -> None:
    assert COUNTER in shown(page, health="idle")
    finished()
    assert shown(page, health="well") == [COUNTER]
    finished(mood="cross")
    assert shown(page, health="failed") == [COUNTER]
    AgentRun.objects.filter(status="succeeded").delete()
    assert shown(page, health="broken") == [COUNTER]
    assert COUNTER not in shown(page, health="idle")
    assert shown(page, health="nonsense") == shown(page)
    each = [set(shown(page, health=state)) for state in STATES]
    assert sum(map(len, each)) == len(set().union(*each)) == len(shown(page))


def test_filters_hold_together_and_stay_in_the_form(page: Client, finished: Start) -> None:
    finished()
    assert shown(page, q="counter", industry="dummy", health="well") == [COUNTER]
    assert shown(page, q="counter", industry="retail", health="well") == []
    answer = page.get(PAGE, {"q": "counter", "industry": "dummy", "health": "well"}).content.decode()
    assert 'value="counter"' in answer
    assert '<option value="dummy" selected>' in answer
    assert '<option value="well" selected>' in answer
    assert "data-filter" in answer


def test_where_nothing_matches_the_way_back_is_shown(page: Client) -> None:
    answer = page.get(PAGE, {"q": "nothing like that"})
    assert "No agent matches" in text_of(answer)
    assert "Clear filters" in text_of(answer)


def test_where_no_industry_is_enabled_there_is_nothing_to_filter(page: Client, acme: Tenant) -> None:
    only(acme)
    answer = page.get(PAGE)
    assert "No agents are enabled here" in text_of(answer)
    assert 'name="q"' not in answer.content.decode()


# Who sees it


def test_only_who_may_see_agents_sees_the_catalogue(acme: Tenant) -> None:
    class Nobody:
        def can(self, code: str) -> bool:
            return False

    with pytest.raises(PermissionDenied):
        catalogue(who=Nobody(), user=None)


def test_who_may_not_see_runs_is_told_nothing_of_them(finished: Start) -> None:
    class Looks:
        def can(self, code: str) -> bool:
            return code == "agents.view"

    finished()
    AgentWatch.objects.create(agent_key=COUNTER, drifting_since=timezone.now())
    found = catalogue(who=Looks(), user=None, search=COUNTER)
    (entry,) = found.sections[0].entries
    assert (entry.state, entry.health, entry.drifting) == ("", None, False)


def test_what_another_tenant_runs_and_sets_up_does_not_show(
    page: Client, finished: Start, member: Make, globex: Tenant, client_for: Browse
) -> None:
    builder = member("builder")
    configuration_save(who=builder, user=builder, agent=AGENTS[COUNTER], settings={"start": 5}, roles=["builder"])
    finished()
    AgentWatch.objects.create(agent_key=COUNTER, drifting_since=timezone.now())
    other = client_for(member("analyst", tenant=globex), tenant=globex)
    words = card_of(other, COUNTER)
    assert "24 hours Not run" in words
    for told in ("version", "Not for your role", "Drifting"):
        assert told not in words
    with tenant_context(globex):
        assert not AgentRun.objects.exists()


def test_it_costs_the_same_statements_however_much_there_is(page: Client, finished: Start, member: Make) -> None:
    page.get(PAGE)  # the first visit looks up who it is
    before = statements(page, PAGE)
    builder = member("builder")
    for key in (COUNTER, ECHO):
        configuration_save(who=builder, user=builder, agent=AGENTS[key], settings={}, roles=["builder"])
        AgentWatch.objects.create(agent_key=key, drifting_since=timezone.now())
    for _ in range(5):
        finished()
    assert statements(page, PAGE) == before
    assert statements(page, f"{PAGE}?q=counter&industry=dummy&health=well") == before


def test_its_own_part_is_five_statements(analyst: User, finished: Start) -> None:
    finished()
    with CaptureQueriesContext(connection) as caught:
        catalogue(who=analyst, user=analyst)
    assert len(caught) == 5


def test_the_health_of_every_agent_has_a_word(monkeypatch: pytest.MonkeyPatch, analyst: User) -> None:
    found: Any = catalogue(who=analyst, user=analyst)
    assert found.of == found.found == sum(1 for agent in AGENTS if agent.industry in industries())
    assert {entry.state for section in found.sections for entry in section.entries} <= set(STATES)
